/** What a metric is: a row of the catalog, read from totals that objects hold for all isolates together. */
import type { Config } from '../../../shared/config-prepare.ts';
import type { RowsStatus } from '../../../shared/rows-status.ts';
import type { Occupancy } from '../admission/admission.ts';
import type { HealthSnapshot } from '../health/snapshot.ts';
import type { LedgerDelta } from '../ledger/delta.ts';
import type { Histogram } from '../ledger/histogram.ts';
import type { BudgetNumbers } from '../limits/budget-state.ts';
import type { PodStates } from '../pods/pod-view.ts';
import type { LabelId } from './labels.ts';

/** Everything that is read for one scrape. */
export interface MetricsSource {
  readonly config: Config;
  readonly total: LedgerDelta;
  readonly snapshot: HealthSnapshot;
  /** By model id. */
  readonly occupied: Readonly<Record<string, Occupancy>>;
  /** The deployment's and the agents', from the configuration. */
  readonly budgets: readonly BudgetNumbers[];
  /** The age of the oldest ended request that the ledger's root had not counted when it was asked. */
  readonly lagMs: number;
  /** Null where there is no request log in a database. */
  readonly rows: RowsStatus | null;
  /** By pod id. */
  readonly pods: PodStates;
  readonly classifierVersion: string;
  readonly nowMs: number;
}

/** Label values in the order of the metric's labels, and what was read. A name that is not configured becomes `other`. */
export type Sample<Value> = readonly [labels: readonly string[], value: Value];

interface Row<Value> {
  /** Without `_total`, which a counter's samples get. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly LabelId[];
  read(source: MetricsSource): readonly Sample<Value>[];
}

export type Metric =
  | (Row<number> & { readonly type: 'counter' | 'gauge' })
  | (Row<Histogram> & {
      readonly type: 'histogram';
      /** Upper bounds as numbers of the ledger's buckets. */
      readonly buckets: readonly number[];
    });
