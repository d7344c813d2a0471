/** The name of a resumable stream, as its client knows it, and the number of the last event that a client has. */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';

/** Where a stream is kept, and which run has written it: a place that an idempotency key names may be another run's later. */
export interface StreamName {
  readonly id: string;
  readonly writerId: string;
}

export function writeStreamId({ id, writerId }: StreamName): string {
  return id === writerId ? id : `${id}.${writerId}`;
}

const idPattern = /^([A-Za-z0-9_-]{1,64})(?:\.([A-Za-z0-9_-]{1,64}))?$/;

export function readStreamId(text: string): Result<StreamName, Failure> {
  const match = idPattern.exec(text);
  const [, id, writerId] = match ?? [];
  if (id !== undefined) return ok({ id, writerId: writerId ?? id });
  return fail({ code: 'invalid_value', param: 'id', detail: 'The x-stream-id of an answer.' });
}

/** Where a reader goes on: the header that browsers send by themselves counts before the query. */
export function readAfter(lastEventId: string | null, query: string | null): Result<number, Failure> {
  const [text, param] = lastEventId !== null && lastEventId !== '' ? [lastEventId, 'last-event-id'] : [query, 'after'];
  if (text === null || text === '') return ok(0);
  return /^\d{1,9}$/.test(text) ? ok(Number(text)) : fail(notANumber(param));
}

/** @param count events of the whole stream */
export function beyondEnd(count: number, isHeader: boolean): Failure {
  const param = isHeader ? 'last-event-id' : 'after';
  return { code: 'invalid_value', param, detail: `The stream has ended with event ${count}.` };
}

function notANumber(param: string): Failure {
  return { code: 'invalid_value', param, detail: 'The id of the last event that arrived, a whole number; 0 for none.' };
}
