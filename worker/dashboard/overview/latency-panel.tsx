/** How long answers took, and how long until their first token, model by model. */
import { useMemo, useState } from 'preact/hooks';
import type { Series } from '../../../shared/observed.ts';
import type { LatencyStats } from '../../../shared/records.ts';
import { duration } from '../data/format.ts';
import { ChartPanel } from '../parts/chart-panel.tsx';
import type { ChartSeries } from '../parts/chart-series.ts';
import { Choice } from '../parts/choice.tsx';
import { NoRequests } from './no-requests.tsx';
import { rangeWords } from './range-words.ts';

type Measure = 'latency_ms' | 'first_byte_ms';

const measures = [
  ['latency_ms', 'Whole answer'],
  ['first_byte_ms', 'First token'],
] as const;

const lines = [
  ['p99', 'P99', 'grey-1', true],
  ['p95', 'P95', 'accent', false],
  ['p50', 'P50', 'accent-mid', false],
] as const satisfies readonly (readonly [keyof LatencyStats, string, string, boolean])[];

export function LatencyPanel({ series }: { readonly series: Series }) {
  const { buckets, range, bucket_seconds: bucketSeconds } = series;
  const [measure, setMeasure] = useState<Measure>('latency_ms');
  const [wanted, setWanted] = useState<string | null>(null);
  const times = useMemo(() => buckets.map(({ at }) => at), [buckets]);
  const models = useMemo(() => [...new Set(buckets.flatMap((bucket) => Object.keys(bucket.models)))].toSorted(), [buckets]);
  const model = wanted !== null && models.includes(wanted) ? wanted : (models[0] ?? '');
  const curves = useMemo(
    () =>
      lines.map(([field, label, colour, isDashed]): ChartSeries => {
        const values = buckets.map((bucket) => bucket.models[model]?.[measure][field] ?? null);
        return {
          label,
          colour,
          kind: 'line',
          isDashed,
          values,
          sum: duration(values.findLast((value) => value !== null) ?? null),
        };
      }),
    [buckets, model, measure],
  );
  return (
    <ChartPanel
      title="Latency"
      when={`${rangeWords[range]}, newest beside the names`}
      class="w-8"
      times={times}
      bucketSeconds={bucketSeconds}
      series={curves}
      format={duration}
      tools={
        models.length > 0 && (
          <>
            <Choice label="Model" options={models.map((id) => [id, id] as const)} value={model} isSmall onChange={setWanted} />
            <Choice label="Measure" options={measures} value={measure} isSmall onChange={(next) => setMeasure(next)} />
          </>
        )
      }
      empty={models.length === 0 ? <NoRequests range={range} /> : null}
    />
  );
}
