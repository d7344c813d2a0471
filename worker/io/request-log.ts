/** A ledger that also writes a log line for every request: what `npm start` shows, and what an operator may switch on (`REQUEST_LOG`). */
import { errors } from '../../shared/errors.ts';
import type { LedgerPort, LogPort } from '../core/ports.ts';

/** HTTP's word for a client that left; nobody reads it but the log. */
const clientGoneStatus = 499;

export function withRequestLog(ledger: LedgerPort, log: LogPort): LedgerPort {
  return {
    ...ledger,
    record(entry, background) {
      const status =
        entry.ending === 'client_abort' ? clientGoneStatus : entry.errorCode === null ? 200 : errors[entry.errorCode].status;
      log.write('info', 'request', {
        requestId: entry.requestId,
        status,
        model: entry.servedModel,
        error: entry.ending === 'client_abort' ? 'client_closed_request' : entry.errorCode,
        time_ms: Math.round(entry.latencyMs),
        reason: entry.reason,
      });
      ledger.record(entry, background);
    },
    refuse(code, background) {
      log.write('info', 'request', { status: errors[code].status, model: null, error: code });
      ledger.refuse(code, background);
    },
  };
}
