/** What a run leaves behind: the result as JSON, and its charts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from './charts.ts';
import type { ArmFigures, KindFigures } from './figures.ts';
import type { TimedArm } from './timed.ts';

export interface Charted {
  readonly arms: readonly ArmFigures[];
  /** In simulated time; none against a deployment. */
  readonly timed: readonly TimedArm[];
  readonly kinds: readonly KindFigures[];
}

export function writeFiles(folder: string, result: Charted): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  for (const [name, svg] of Object.entries(chartsOf(result))) writeFileSync(join(folder, `${name}.svg`), svg);
}

export function chartsOf({ arms, timed, kinds }: Charted): Record<'cost' | 'latency' | 'routing', string> {
  const waits = timed.length > 0 ? timed : arms;
  const wait = (name: 'P50' | 'P95', percent: 'p50' | 'p95') => ({
    name,
    bars: waits.flatMap(({ name: arm, latencyMs }) => {
      const ms = latencyMs[percent];
      return ms === null ? [] : [{ name: arm, value: ms, text: `${(ms / 1000).toFixed(1)} s` }];
    }),
  });
  const costs = arms.map(({ name, costNanoUsd }) => ({ name, value: costNanoUsd, text: (costNanoUsd / 1e9).toFixed(3) }));
  return {
    cost: barChart('Cost by price table, USD', [{ name: '', bars: costs }]),
    latency: barChart(timed.length > 0 ? 'Latency, seconds of the modelled card' : 'Latency, seconds', [
      wait('P50', 'p50'),
      wait('P95', 'p95'),
    ]),
    routing: barChart(
      'Requests that went where their label says',
      (['large', 'small'] as const).map((wanted) => ({
        name: `labelled ${wanted}`,
        bars: kinds
          .filter(({ label }) => label === wanted)
          .map(({ kind, right, requests }) => ({
            name: kind.slice(0, 22),
            value: right / requests,
            text: `${right} of ${requests}`,
          })),
      })),
    ),
  };
}
