/** The figures of `bench:overhead` as a table: bare Hono's own, and everyone else's as a ratio to it, round by round. */
import { goalRows } from './overhead-goals.ts';
import type { OverheadRow } from './overhead-rows.ts';
import { valueKey, type Values } from './overhead-run.ts';
import {
  createResult,
  formatRange,
  formatValue,
  headOf,
  printColumns,
  printResult,
  type Result,
  saveTable,
  tableOf,
} from './result-file.ts';
import { ratioOf, type Spread, spreadOf } from './statistics.ts';

interface OverheadLine {
  readonly what: string;
  readonly unit: string;
  /** Bare Hono's median; null where it has none. */
  readonly hono: number | null;
  /** Of the others, by target: ratios to bare Hono, or values where `isAbsolute`. */
  readonly others: Readonly<Record<string, Spread>>;
  readonly isAbsolute: boolean;
  /** This checkout against the other. */
  readonly change: Spread | null;
}

export interface OverheadResult extends Result {
  readonly targets: readonly string[];
  readonly lines: readonly OverheadLine[];
}

export function toOverheadResult(
  command: string,
  values: Values,
  rows: readonly OverheadRow[],
  targets: readonly string[],
  rounds: number,
): OverheadResult {
  return {
    ...createResult(command, rounds, goalRows(values)),
    targets,
    lines: rows.flatMap((row) => linesOf(row, values, targets)),
  };
}

function linesOf(row: OverheadRow, values: Values, targets: readonly string[]): OverheadLine[] {
  return row.figures.map(({ title, unit, isAbsolute = false }, figure) => {
    const of = (name: string, rowId = row.id): readonly number[] => values.get(valueKey(rowId, figure, name)) ?? [];
    const hono = of('hono', row.honoOf ?? row.id);
    // Where bare Hono was not measured, a ratio to it is none.
    const isComparable = isAbsolute || hono.length > 0;
    const measured = targets.filter((name) => name !== 'hono' && isComparable && of(name).length > 0);
    const shown = (name: string): Spread => (isAbsolute ? spreadOf(of(name)) : ratioOf(of(name), hono));
    return {
      what: title,
      unit,
      hono: hono.length === 0 ? null : spreadOf(hono).median,
      others: Object.fromEntries(measured.map((name) => [name, shown(name)])),
      isAbsolute,
      change: of('before').length > 0 && of('gateway').length > 0 ? ratioOf(of('gateway'), of('before')) : null,
    };
  });
}

export function printOverhead(result: OverheadResult): void {
  console.log(`${headOf(result)}\n`);
  printColumns(matrixOf(result));
  if (result.rows.length === 0) return;
  console.log('\nGoals:\n');
  printResult(result, { hasHead: false });
}

/** Both tables in bench/README.md. */
export function saveOverhead(result: OverheadResult): void {
  const [head = [], ...lines] = matrixOf(result);
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  saveTable('overhead', [row(head), row(head.map(() => '---')), ...lines.map(row), '', tableOf(result)].join('\n'));
}

function matrixOf({ targets, lines }: OverheadResult): string[][] {
  const others = targets.filter((name) => name !== 'hono');
  const hasBefore = targets.includes('before');
  const change = (text: string): string[] => (hasBefore ? [text] : []);
  const cells = ({ what, unit, hono, others: spreads, isAbsolute, change: changed }: OverheadLine): string[] => [
    what,
    hono === null ? '' : `${formatValue(hono)} ${unit}`.trim(),
    ...others.map((name) => {
      const spread = spreads[name];
      return spread === undefined ? '' : `${formatRange(spread, isAbsolute)}${isAbsolute ? ` ${unit}` : ''}`.trim();
    }),
    ...change(changed === null ? '' : formatRange(changed)),
  ];
  return [['ratio to bare Hono: median (range)', 'hono', ...others, ...change('gateway / before')], ...lines.map(cells)];
}
