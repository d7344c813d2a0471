/** When the outbox tries again, and how much it takes at once. */

const firstPauseMs = 1000;
const longestPauseMs = 60_000;

/** Rows of one statement: some hundred kilobytes. */
export const rowsAtOnce = 250;
/** Characters of one statement, beyond which rows are left for the next. */
export const charsAtOnce = 2_000_000;

/** @param failures attempts in a row that have failed, at least 1 */
export function pauseAfter(failures: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(20, failures - 1));
}

/** As many of these rows as one statement takes, at least one. */
export function oneStatement<Row extends { readonly row: string }>(rows: readonly Row[]): readonly Row[] {
  let chars = 0;
  const end = rows.findIndex(({ row }, at) => {
    chars += row.length;
    return at > 0 && chars > charsAtOnce;
  });
  return end === -1 ? rows : rows.slice(0, end);
}
