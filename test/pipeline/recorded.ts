/** A ledger entry as the record that the gateway keeps of the request. */
import type { RequestDetail } from '../../shared/observed.ts';
import type { LedgerEntry } from '../../shared/records.ts';
import { linesOf } from '../../worker/core/ledger/request-records.ts';

export function recordOf(entry: LedgerEntry): RequestDetail {
  const [line] = linesOf([entry]).lines;
  if (line === undefined) throw new Error('no record was made');
  return { ...JSON.parse(line.record), ...JSON.parse(line.detail) };
}
