/** Sends a prompt and reads the answer as it streams, with the times that its reader felt. */
import { createEventDecoder } from '../../core/sse/decode-events.ts';
import { type Api, ApiProblem, problemOf } from '../data/api.ts';
import { type AnswerSoFar, emptyAnswer, hasBegun, withEvent } from './answer-so-far.ts';
import type { Body } from './form-state.ts';

export interface RunState {
  readonly model: string;
  /** `stopped`: by the reader. */
  readonly phase: 'waiting' | 'answering' | 'done' | 'failed' | 'stopped';
  readonly answer: AnswerSoFar;
  readonly firstTokenMs: number | null;
  readonly totalMs: number | null;
  readonly requestId: string | null;
  readonly problem: string | null;
}

const maxEventBytes = 8_000_000;
/** The page is painted at most so often, however fast tokens come. */
const paintEveryMs = 50;

/** @returns when it is over; never rejects */
export async function runAnswer(api: Api, body: Body, signal: AbortSignal, onChange: (state: RunState) => void): Promise<void> {
  const startedAt = performance.now();
  let state: RunState = {
    model: body.model,
    phase: 'waiting',
    answer: emptyAnswer,
    firstTokenMs: null,
    totalMs: null,
    requestId: null,
    problem: null,
  };
  let paintedAt = 0;
  const change = (part: Partial<RunState>, isUrgent = true): void => {
    state = { ...state, ...part };
    const now = performance.now();
    if (!isUrgent && now - paintedAt < paintEveryMs) return;
    paintedAt = now;
    onChange(state);
  };
  const since = (): number => performance.now() - startedAt;
  change({});
  try {
    const response = await api.send('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
      signal,
    });
    change({ requestId: response.headers.get('x-request-id') });
    if (!response.ok || response.body === null) throw await problemOf(response);
    for await (const data of eventsOf(response.body)) {
      const answer = withEvent(state.answer, data);
      const isFirst = state.firstTokenMs === null && hasBegun(answer);
      change({ answer, phase: 'answering', ...(isFirst ? { firstTokenMs: since() } : {}) }, isFirst);
    }
    const { error, finishReason } = state.answer;
    if (error !== null) throw new ApiProblem('failed', error);
    if (finishReason === null) throw new ApiProblem('failed', 'The answer broke off: the connection ended before it did.');
    change({ phase: 'done', totalMs: since() });
  } catch (error) {
    if (signal.aborted) change({ phase: 'stopped', totalMs: since() });
    else change({ phase: 'failed', totalMs: since(), problem: error instanceof Error ? error.message : String(error) });
  }
}

/** The data of each event. */
async function* eventsOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const decoder = createEventDecoder({ maxEventBytes });
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    yield* decoder.feed(value).payloads;
  }
  yield* decoder.end().payloads;
}
