/** Measures rows on targets in rounds: within a round every target of a row takes its turn, every other round the other way round. */
import { adminToken, clientKey } from '../../infra/rig/connect.ts';
import { type OverheadRow, overheadRows, targetNames } from './overhead-rows.ts';
import { type Builder, startBench, type Target } from './targets.ts';

export interface Cell {
  readonly row: OverheadRow;
  /** The target's. */
  readonly name: string;
}

export interface RunOptions {
  readonly rounds: number;
  /** A round that is not counted comes first. */
  readonly isWarmedUp: boolean;
  readonly seconds: number;
  onStep(): void;
}

/** By `valueKey`: one value a round. */
export type Values = ReadonlyMap<string, readonly number[]>;

export const valueKey = (rowId: string, figure: number, target: string): string => `${rowId} ${figure} ${target}`;

export async function measureCells(
  builders: Readonly<Record<string, Builder>>,
  cells: readonly Cell[],
  { rounds, isWarmedUp, seconds, onStep }: RunOptions,
): Promise<Values> {
  const values = new Map<string, number[]>();
  const names = new Set(cells.map(({ name }) => name));
  const bench = await startBench(Object.fromEntries(Object.entries(builders).filter(([name]) => names.has(name))));
  try {
    const budgetKeys = new Map<string, string>();
    for (const { row, name } of cells) if (row.id === 'budget') budgetKeys.set(name, await makeBudgetKey(bench.target(name)));
    for (let round = isWarmedUp ? -1 : 0; round < rounds; round += 1) {
      for (const { row, name } of round % 2 === 0 ? cells : cells.toReversed()) {
        const keys = { plain: clientKey, budget: budgetKeys.get(name) ?? clientKey };
        const measured = await row.measure({ target: bench.target(name), mock: bench.mock, keys, seconds });
        onStep();
        if (round < 0) continue;
        for (const [figure, value] of measured.entries()) {
          const key = valueKey(row.id, figure, name);
          values.set(key, [...(values.get(key) ?? []), value]);
        }
      }
    }
    return values;
  } finally {
    await bench.stop();
  }
}

/** Every row on its targets, as far as they are wanted; bare Hono also where a row is compared with another's. */
export function cellsOf(rows: readonly OverheadRow[], wanted: readonly string[]): Cell[] {
  const compared = new Set(rows.flatMap(({ honoOf }) => honoOf ?? []));
  return overheadRows.flatMap((row) => {
    const chosen: readonly string[] = rows.includes(row) ? row.targets : [];
    const names = targetNames.filter((name) => chosen.includes(name) && wanted.includes(name));
    const isBase = compared.has(row.id) && !names.includes('hono');
    return (isBase ? ['hono', ...names] : names).map((name) => ({ row, name }));
  });
}

/** A key whose budget no run uses up. */
async function makeBudgetKey(target: Target): Promise<string> {
  const response = await fetch(`${target.url}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', budgets: [{ period: 'month', limit_usd: 1_000_000 }] }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${target.name}: no key: ${text}`);
  const { key }: { key: string } = JSON.parse(text);
  return key;
}
