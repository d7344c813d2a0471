/** A log line for every request: what `npm start` shows, and what an operator may switch on (`REQUEST_LOG`). No word of a prompt is in it. */
import { errors } from '../../shared/errors.ts';
import { goneEndings, statusOf } from '../core/ledger/ending.ts';
import type { LogPort, RequestLogPort } from '../core/ports.ts';

export function createRequestLog(log: LogPort): RequestLogPort {
  return {
    ended(entry, traceId) {
      const isGone = goneEndings.includes(entry.ending);
      log.write('info', 'request', {
        requestId: entry.requestId,
        traceId,
        status: statusOf(entry.ending, entry.errorCode),
        model: entry.servedModel,
        error: isGone ? 'client_closed_request' : entry.errorCode,
        time_ms: Math.round(entry.latencyMs),
        reason: entry.reason,
      });
    },
    refused: (code, requestId, traceId) =>
      log.write('info', 'request', { requestId, traceId, status: errors[code].status, model: null, error: code }),
  };
}
