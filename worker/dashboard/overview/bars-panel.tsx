/** Stretches of time as stacked bars, one colour for each kind of what is counted. */
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Series, SeriesBucket } from '../../../shared/observed.ts';
import { count, nothing, percent, short } from '../data/format.ts';
import { ChartPanel } from '../parts/chart-panel.tsx';
import type { ChartSeries } from '../parts/chart-series.ts';
import { rangeWords } from './range-words.ts';

export interface Counted {
  readonly label: string;
  readonly colour: string;
  /** Left out of the chart while it never happened. */
  readonly isRare?: boolean;
  read(bucket: SeriesBucket): number;
}

interface BarsPanelProps {
  readonly title: string;
  readonly class: string;
  readonly series: Series;
  /** Does not change between paintings. */
  readonly counted: readonly Counted[];
  /** Each with its share of all. */
  readonly hasShares?: boolean;
  readonly empty: ComponentChildren;
}

export function BarsPanel({ title, class: name, series, counted, hasShares = false, empty }: BarsPanelProps) {
  const { buckets, range, bucket_seconds: bucketSeconds } = series;
  const times = useMemo(() => buckets.map(({ at }) => at), [buckets]);
  const { bars, all } = useMemo(() => {
    const lists = counted.map((one) => buckets.map((bucket) => one.read(bucket)));
    const sums = lists.map((list) => list.reduce((sum, value) => sum + value, 0));
    const all = sums.reduce((sum, value) => sum + value, 0);
    const bars = counted.map(({ label, colour }, index): ChartSeries => {
      const sum = sums[index] ?? 0;
      const text = sum >= 100_000 ? short(sum) : count(sum);
      return { label, colour, kind: 'bar', values: lists[index] ?? [], sum: hasShares ? `${text} · ${percent(sum, all)}` : text };
    });
    return { bars: bars.filter((_, index) => counted[index]?.isRare !== true || sums[index] !== 0), all };
  }, [buckets, counted, hasShares]);
  return (
    <ChartPanel
      title={title}
      when={rangeWords[range]}
      class={name}
      times={times}
      bucketSeconds={bucketSeconds}
      series={bars}
      isStacked
      isCount
      format={format}
      empty={all === 0 ? empty : null}
    />
  );
}

function format(value: number | null): string {
  return value === null ? nothing : value >= 100_000 ? short(value) : count(value);
}
