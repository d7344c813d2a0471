/** The request log's table in PostgreSQL. */
import { fail, ok, type Result } from '../../shared/result.ts';
import type { LogPort } from '../core/ports.ts';
import type { PostgresPort, RowsStored, RowStorePort, SqlFailure } from '../core/rows/ports.ts';
import { daysOf, dropPartitions, insertRows, jsonArray, makePartitions, retention } from '../core/rows/insert-rows.ts';

/** Making a table takes milliseconds; dropping one gives up by itself after two seconds. */
const maintainMs = 10_000;

export function createRowStore(postgres: PostgresPort, retentionDays: number, log: LogPort): RowStorePort {
  const insertOnce = (rows: readonly string[], timeoutMs: number) => postgres.query(insertRows, [jsonArray(rows)], { timeoutMs });

  const insert = async (rows: readonly string[], timeoutMs: number): Promise<Result<RowsStored, SqlFailure>> => {
    let result = await insertOnce(rows, timeoutMs);
    if (!result.ok && result.failure.kind === 'no_partition') {
      const made = await postgres.query(makePartitions, [daysOf(rows)], { timeoutMs });
      result = made.ok ? await insertOnce(rows, timeoutMs) : made;
    }
    if (result.ok) return ok({ refused: [] });
    if (result.failure.kind !== 'refused') return result;
    if (rows.length > 1) return inHalves(rows, timeoutMs);
    // Without the row: it may hold what its client said.
    log.write('error', 'request_log_row_refused', { sqlState: result.failure.sqlState });
    return ok({ refused: rows });
  };

  /** One row can make a whole statement fail. */
  const inHalves = async (rows: readonly string[], timeoutMs: number): Promise<Result<RowsStored, SqlFailure>> => {
    const middle = rows.length >> 1;
    const first = await insert(rows.slice(0, middle), timeoutMs);
    if (!first.ok) return first;
    const second = await insert(rows.slice(middle), timeoutMs);
    return second.ok ? ok({ refused: [...first.value.refused, ...second.value.refused] }) : second;
  };

  return {
    insert: (rows, { timeoutMs }) => (rows.length === 0 ? Promise.resolve(ok({ refused: [] })) : insert(rows, timeoutMs)),
    async maintain(nowMs) {
      const { make, keepFrom } = retention(nowMs, retentionDays);
      const made = await postgres.query(makePartitions, [make], { timeoutMs: maintainMs });
      if (!made.ok) return made;
      const dropped = await postgres.query(dropPartitions, [keepFrom], { timeoutMs: maintainMs });
      return dropped.ok ? ok(null) : fail(dropped.failure);
    },
  };
}
