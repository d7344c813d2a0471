/** What a scrape reads, made from ended requests, for tests of the catalog. */
import type { LedgerEntry } from '../../../shared/records.ts';
import { healthConfig } from '../../../worker/core/health/health-config.ts';
import { unknownHealth } from '../../../worker/core/health/health-state.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { aggregate } from '../../../worker/core/ledger/aggregate.ts';
import type { MetricsSource } from '../../../worker/core/metrics/metric.ts';
import { configWith } from '../../support/fakes/config.ts';

export const config = configWith({ routing: { agents: { planner: {} } } });

export function sourceOf(entries: readonly LedgerEntry[], change: Partial<MetricsSource> = {}): MetricsSource {
  return {
    config,
    total: aggregate(entries),
    snapshot: snapshot(unknownHealth, 0, healthConfig(config)),
    occupied: { 'qwen2.5-7b': { inUse: 3, queued: 1 } },
    budgets: [],
    lagMs: 0,
    rows: null,
    pods: {},
    classifierVersion: 'hybrid-1',
    nowMs: 1_000_000,
    ...change,
  };
}

/** `name{labels}` → value, as the page has them. */
export function samplesIn(page: string): ReadonlyMap<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
