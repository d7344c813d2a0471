/** What was spent, between the two ends that routing moves in: everything on the large model, everything on the small one. */
import { useMemo, useState } from 'preact/hooks';
import type { Series } from '../../../shared/observed.ts';
import { usdFromNanoUsd } from '../../../shared/units.ts';
import { nanoUsd, usd } from '../data/format.ts';
import { runningTotal, sumBuckets } from '../data/series-sums.ts';
import { ChartPanel } from '../parts/chart-panel.tsx';
import type { ChartSeries } from '../parts/chart-series.ts';
import { Choice } from '../parts/choice.tsx';
import { NoRequests } from './no-requests.tsx';
import { rangeWords } from './range-words.ts';

const views = [
  ['total', 'Running total'],
  ['each', 'Each stretch'],
] as const;

export function CostPanel({ series }: { readonly series: Series }) {
  const [view, setView] = useState<'total' | 'each'>('total');
  const { buckets, range, bucket_seconds: bucketSeconds } = series;
  const times = useMemo(() => buckets.map(({ at }) => at), [buckets]);
  const sums = sumBuckets(buckets);
  const curves = useMemo((): ChartSeries[] => {
    const list = (values: readonly number[]): number[] => (view === 'total' ? runningTotal(values) : values).map(usdFromNanoUsd);
    return [
      {
        label: 'All-large',
        colour: 'grey-1',
        kind: 'line',
        isDashed: true,
        values: list(buckets.map((bucket) => bucket.all_large_cost_nano_usd)),
        sum: nanoUsd(sums.allLargeNanoUsd),
      },
      {
        label: 'Actual',
        colour: 'accent',
        kind: 'line',
        values: list(buckets.map((bucket) => bucket.cost_nano_usd)),
        sum: nanoUsd(sums.costNanoUsd),
      },
      {
        label: 'All-small',
        colour: 'grey-2',
        kind: 'line',
        isDashed: true,
        values: list(buckets.map((bucket) => bucket.all_small_cost_nano_usd)),
        sum: nanoUsd(sums.allSmallNanoUsd),
      },
    ];
  }, [buckets, view]);
  return (
    <ChartPanel
      title="Cost and savings"
      when={rangeWords[range]}
      class="w-8"
      times={times}
      bucketSeconds={bucketSeconds}
      series={curves}
      band={band}
      format={usd}
      tools={<Choice label="How cost is added up" options={views} value={view} isSmall onChange={setView} />}
      empty={sums.requests === 0 ? <NoRequests range={range} /> : null}
    />
  );
}

/** What is between all-large and the actual cost was saved. */
const band = [0, 1] as const;
