/** What a run leaves behind: the result as JSON, and its charts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from './charts.ts';
import type { ArmFigures, KindFigures } from './figures.ts';

export function writeFiles(folder: string, result: unknown, arms: readonly ArmFigures[], kinds: readonly KindFigures[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  for (const [name, svg] of Object.entries(chartsOf(arms, kinds))) writeFileSync(join(folder, `${name}.svg`), svg);
}

export function chartsOf(
  arms: readonly ArmFigures[],
  kinds: readonly KindFigures[],
): Record<'cost' | 'latency' | 'routing', string> {
  const group = (name: string, value: (arm: ArmFigures) => number | null, text: (value: number) => string) => ({
    name,
    bars: arms.flatMap((arm) => {
      const of = value(arm);
      return of === null ? [] : [{ name: arm.name, value: of, text: text(of) }];
    }),
  });
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return {
    cost: barChart('Cost by price table, USD', [
      group(
        '',
        ({ costNanoUsd }) => costNanoUsd,
        (value) => (value / 1e9).toFixed(3),
      ),
    ]),
    latency: barChart('Latency, seconds of the modelled card', [
      group('P50', ({ latencyMs }) => latencyMs.p50, seconds),
      group('P95', ({ latencyMs }) => latencyMs.p95, seconds),
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
