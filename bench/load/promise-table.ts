/** Promises beside what was measured: how load benches print their figures and how the survival tests judge them. */
import { percentile } from '../../shared/units.ts';

export interface PromiseRow {
  readonly what: string;
  readonly figure: string;
  /** What must hold; null where the figure is only for information. */
  readonly goal: string | null;
  readonly isKept: boolean;
}

/** A figure that is judged. */
export function promise(what: string, figure: string | number, goal: string, isKept: boolean): PromiseRow {
  return { what, figure: String(figure), goal, isKept };
}

/** A figure for the reader. */
export function figure(what: string, value: string | number): PromiseRow {
  return { what, figure: String(value), goal: null, isKept: true };
}

export function brokenPromises(rows: readonly PromiseRow[]): readonly PromiseRow[] {
  return rows.filter((row) => !row.isKept);
}

/** Aligned columns. */
export function tableOf(title: string, rows: readonly PromiseRow[]): string {
  const widthOf = (cells: readonly string[]): number => Math.max(...cells.map((cell) => cell.length));
  const [first, second] = [widthOf(rows.map(({ what }) => what)), widthOf(rows.map((row) => row.figure))];
  const lines = rows.map(({ what, figure, goal, isKept }) => {
    const verdict = goal === null ? '' : `${isKept ? 'kept' : 'BROKEN'}: ${goal}`;
    return `  ${what.padEnd(first)}  ${figure.padStart(second)}  ${verdict}`.trimEnd();
  });
  return [title, ...lines].join('\n');
}

export function percentileOf(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return percentile(sorted, percent) ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentileOf(values, 50);
}

export function ms(value: number): string {
  if (Number.isNaN(value)) return '–';
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}
