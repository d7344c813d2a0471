/** A chart with its key, and the same numbers as a table for who would rather read them. */
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { stretchFrom } from '../data/format.ts';
import { Chart } from './chart.tsx';
import type { ChartLook } from './chart-options.ts';
import { ChartKey } from './chart-key.tsx';
import type { ChartSeries } from './chart-series.ts';
import { ChartTable } from './chart-table.tsx';
import { Panel } from './panel.tsx';
import { TableButton } from './table-button.tsx';

interface ChartPanelProps {
  readonly title: string;
  readonly when: string;
  readonly class?: string;
  readonly tools?: ComponentChildren;
  /** The beginnings of the stretches, ISO 8601. */
  readonly times: readonly string[];
  readonly bucketSeconds: number;
  readonly series: readonly ChartSeries[];
  /** Bars upon each other. */
  readonly isStacked?: boolean;
  readonly isCount?: boolean;
  readonly band?: readonly [upper: number, lower: number];
  format(value: number | null): string;
  /** Shown in place of the chart where there is nothing to paint. */
  readonly empty: ComponentChildren | null;
}

export function ChartPanel(props: ChartPanelProps) {
  const {
    title,
    when,
    class: name,
    tools,
    times,
    bucketSeconds,
    series,
    isStacked = false,
    isCount = false,
    band,
    format,
    empty,
  } = props;
  const [isTable, setIsTable] = useState(false);
  const [point, setPoint] = useState<number | null>(null);
  const seconds = useMemo(() => times.map((at) => Date.parse(at) / 1000), [times]);
  const beginnings = useMemo(() => times.map((at) => stretchFrom(at, bucketSeconds)), [times, bucketSeconds]);
  // What the chart is painted with changes seldom; the numbers come every few seconds.
  const kinds = series.map(({ label, colour, kind, isDashed }) => [label, colour, kind, isDashed].join()).join(';');
  const look = useMemo((): ChartLook => {
    // The whole height first, so that what is lower is painted over it.
    const painted = isStacked ? series.toReversed() : series;
    return { series: painted, bucketSeconds, isCount, format, ...(band === undefined ? {} : { band }) };
  }, [kinds, isStacked, isCount, bucketSeconds, format]);
  const values = useMemo(() => {
    const lists = series.map((one) => one.values);
    return isStacked ? stacked(lists).toReversed() : lists;
  }, [series, isStacked]);
  const shown = point !== null && point < times.length ? point : null;
  return (
    <Panel
      title={title}
      when={when}
      {...(name === undefined ? {} : { class: name })}
      tools={
        <>
          {tools}
          {empty === null && <TableButton title={title} isTable={isTable} onChange={setIsTable} />}
        </>
      }
    >
      {empty ?? (
        <>
          <ChartKey series={series} at={shown} time={shown === null ? null : (beginnings[shown] ?? null)} format={format} />
          {isTable ? (
            <ChartTable title={title} times={beginnings} series={series} format={format} />
          ) : (
            <Chart
              look={look}
              times={seconds}
              values={values}
              label={`${title}, ${when}: ${series.map(({ label, sum }) => `${label} ${sum}`).join(', ')}. The button Table shows every number.`}
              onPoint={setPoint}
            />
          )}
        </>
      )}
    </Panel>
  );
}

/** Each list with all before it. */
function stacked(lists: readonly (readonly (number | null)[])[]): number[][] {
  const sums: number[][] = [];
  for (const list of lists) {
    const below = sums.at(-1);
    sums.push(list.map((value, index) => (value ?? 0) + (below?.[index] ?? 0)));
  }
  return sums;
}
