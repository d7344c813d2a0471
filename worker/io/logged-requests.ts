/** Single requests out of the log's database, within a deadline. Where it does not answer, the caller is told so at once for a while. */
import { afterAsking, freshPatience, mayAsk } from '../core/rows/patience.ts';
import {
  detailOf,
  listOf,
  selectOldest,
  selectRequest,
  selectRequests,
  type SqlStatement,
} from '../core/rows/select-requests.ts';
import type { SqlRow } from '../core/rows/sql-row.ts';
import type { Clock, LogPort, RequestsPort } from '../core/ports.ts';
import type { PostgresPort } from '../core/rows/ports.ts';

/** A page of an index takes milliseconds; a rare filter may have to read days. */
const timeoutMs = 3000;

export function createLoggedRequests(postgres: PostgresPort, clock: Clock, log: LogPort): RequestsPort {
  let patience = freshPatience;
  const ask = async ({ text, values }: SqlStatement): Promise<readonly SqlRow[]> => {
    if (!mayAsk(patience, clock.now())) throw new Error('the log has not answered lately');
    const result = await postgres.query(text, values, { timeoutMs });
    patience = afterAsking(patience, result.ok, clock.now());
    if (result.ok) return result.value;
    const { kind, sqlState, detail } = result.failure;
    log.write('warn', 'request_log_unavailable', { kind, sqlState, detail });
    throw new Error('the log does not answer');
  };
  return {
    async list(wanted) {
      const [rows, oldest] = await Promise.all([ask(selectRequests(wanted)), ask(selectOldest)]);
      return listOf(rows, oldest, wanted);
    },
    find: async (id) => detailOf(await ask(selectRequest(id))),
  };
}
