/** What the rows of the catalog are written with. */
import { sumCounters, type Counters, type Named } from '../ledger/counters.ts';
import { type Detail, emptyDetail, type ModelDetail, wordsInName } from '../ledger/detail.ts';
import type { Histogram } from '../ledger/histogram.ts';
import type { InstanceSnapshot } from '../health/snapshot.ts';
import type { LabelId } from './labels.ts';
import type { Metric, MetricsSource, Sample } from './metric.ts';

export function counter(
  name: string,
  help: string,
  labels: readonly LabelId[],
  read: (source: MetricsSource) => readonly Sample<number>[],
): Metric {
  return { type: 'counter', name, help, labels, read };
}

export function gauge(
  name: string,
  help: string,
  labels: readonly LabelId[],
  read: (source: MetricsSource) => readonly Sample<number>[],
): Metric {
  return { type: 'gauge', name, help, labels, read };
}

export function histogram(
  name: string,
  help: string,
  labels: readonly LabelId[],
  buckets: readonly number[],
  read: (source: MetricsSource) => readonly Sample<Histogram>[],
): Metric {
  return { type: 'histogram', name, help, labels, buckets, read };
}

export function detailOf({ total }: MetricsSource): Detail {
  return total.detail ?? emptyDetail;
}

/** What each model's part is read as, with the model in front of its labels. */
export function perModel<Value>(source: MetricsSource, read: (detail: ModelDetail) => readonly Sample<Value>[]): Sample<Value>[] {
  return detailOf(source).models.flatMap(([model, detail]) =>
    read(detail).map(([labels, value]): Sample<Value> => [[model, ...labels], value]),
  );
}

export function words<Value>(named: Named<Value>): Sample<Value>[] {
  return named.map(([name, value]) => [wordsInName(name), value]);
}

/** What was stored before a counter existed has none of it. */
export function totalsOf(id: keyof Counters, convert = (value: number) => value) {
  return ({ total }: MetricsSource): Sample<number>[] => [[[], convert(sumCounters([total.totals])[id])]];
}

/** Of servers that have said. */
export function ofServer(read: (instance: InstanceSnapshot) => number | null) {
  return ({ snapshot }: MetricsSource): Sample<number>[] =>
    Object.values(snapshot.instances).flatMap((instance) => {
      const value = read(instance);
      return value === null ? [] : [[[instance.modelId, instance.upstreamId], value] as const];
    });
}
