/** What the client has of its answer, and what it is told beside it. */
import type { IdempotencyRecord } from '../../core/kept/idempotency.ts';
import type { RateNumbers } from '../../core/limits/rate.ts';
import type { StreamWriter } from '../../core/surfaces/surface.ts';
import type { Asked } from './asked.ts';

export interface Client {
  /** Of its stream, from the first event to the end. */
  readonly writer: StreamWriter;
  /** The model whose answer it gets; null before one answers. */
  servedModelId: string | null;
  firstByteAtMs: number | null;
  /** While the request waits for a place. */
  queuePosition: number | null;
  /** For `x-ratelimit-*`; null for keys without exact limits. */
  rate: RateNumbers | null;
  /** The answer as it is sent, for a request with an idempotency key. */
  recording: Recording | null;
  isGone: boolean;
  /** The run is closed: see `calls/settle.ts`. */
  isSettled: boolean;
}

export interface Recording {
  readonly record: IdempotencyRecord;
  text: string;
}

export function nothingSent({ caller, request }: Pick<Asked, 'caller' | 'request'>): Client {
  return {
    writer: caller.surface.openStream(request, caller.requestId),
    servedModelId: null,
    firstByteAtMs: null,
    queuePosition: null,
    rate: null,
    recording: null,
    isGone: false,
    isSettled: false,
  };
}
