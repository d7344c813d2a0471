/** What the gateway's parts cost, one by one: the shipped gateway beside gateways with one part switched off, where there is a switch. */
import { overheadRows } from './overhead-rows.ts';
import { type Cell, measureCells, type RunOptions, valueKey } from './overhead-run.ts';
import type { Row } from './result-file.ts';
import { ratioOf, spreadOf } from './statistics.ts';
import { type Builder, gateway } from './targets.ts';

const shipped = 'as shipped';
const without = (routing: object): Readonly<Record<string, string>> => ({ CONFIG_OVERRIDES: JSON.stringify({ routing }) });

/**
 * There is no switch for classification as a whole, the ledger, the metadata of answers, timers and the watch over streams, so they are not
 * here: clients rely on what they provide.
 */
const variants: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [shipped]: {},
  'without sessions': without({ sessions: { enabled: false } }),
  'without admission': without({ admission: { enabled: false } }),
  'without the learned part of classification': without({ classifier: { mode: 'heuristic' } }),
  'without breakers': without({ health: { breaker: { enabled: false } } }),
  'without rescue': without({ rescue: { enabled: false } }),
  'with a log line a request': { REQUEST_LOG: 'on' },
};

const rowIds = ['requests-32', 'new-conversations'];

const cells: readonly Cell[] = rowIds.flatMap((id) =>
  Object.keys(variants).flatMap((name) => overheadRows.filter((row) => row.id === id).map((row) => ({ row, name }))),
);

export const ablationCells = cells.length;

/** CPU a request of every variant, against the gateway as shipped. */
export async function measureAblation(options: RunOptions): Promise<Row[]> {
  const builders: Record<string, Builder> = Object.fromEntries(
    Object.entries(variants).map(([name, vars]) => [name, gateway({ vars })]),
  );
  const values = await measureCells(builders, cells, options);
  return cells.map(({ row, name }) => {
    const of = (variant: string): readonly number[] => values.get(valueKey(row.id, 0, variant)) ?? [];
    return {
      what: `${row.figures[0]?.title}: ${name}`,
      value: spreadOf(of(name)).median,
      unit: 'µs',
      ratio: name === shipped ? null : ratioOf(of(name), of(shipped)),
      base: name === shipped ? null : shipped,
      goal: null,
    };
  });
}
