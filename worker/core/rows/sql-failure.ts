/** What a database's refusal means for whoever asked. */

/**
 * `refused`: the values themselves, which will be refused again. `no_partition`: a row of a day that has no table yet. `unavailable`: anything
 * that may be over later: a server that is down, full, read-only or starting, too many connections, a role or a table that is missing.
 */
export type SqlFailureKind = 'timeout' | 'unavailable' | 'no_partition' | 'refused';

/** Data exceptions and violated constraints. */
const valueClasses: ReadonlySet<string> = new Set(['22', '23']);
/** check_violation: the table itself has no checks, so it is the row that fits no partition. */
const noPartition = '23514';

/** @param sqlState five characters; null where the server said none */
export function sqlFailureKind(sqlState: string | null): SqlFailureKind {
  if (sqlState === null) return 'unavailable';
  if (sqlState === noPartition) return 'no_partition';
  return valueClasses.has(sqlState.slice(0, 2)) ? 'refused' : 'unavailable';
}
