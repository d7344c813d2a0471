/** The frames of the client's stream: pieces passed on, the answer's events in its wire format, its end, and the end of a broken one. */
import type { Failure } from '../../../shared/errors.ts';
import type { AnswerState, Feed } from '../../core/answer/answer.ts';
import type { AnswerEvent } from '../../core/answer/answer-events.ts';
import { type AnswerHead, eventsOf, headOf, type WholeAnswer, wholeAnswer } from '../../core/answer/whole-answer.ts';
import { encodeComment } from '../../core/sse/encode-events.ts';
import { clientUsage } from '../calls/book.ts';
import { finalMetadata } from '../run/metadata.ts';
import type { DataPiece } from '../run/opened.ts';
import type { Parts, Run } from '../run/run.ts';

const encoder = new TextEncoder();

/** A ping that tells a waiting client its place in the queue. */
export function queuedFrame(position: number): Uint8Array {
  return encoder.encode(encodeComment(`queued, position ${position}`));
}

/** The original bytes if nothing in them needs a change, otherwise new frames; null when there is nothing to show. */
export function contentOf(run: Run, state: AnswerState, piece: DataPiece, feeds: readonly Feed[] | null): Uint8Array | null {
  if (feeds === null && piece.isVerbatim) return piece.bytes;
  let text = '';
  const fed = feeds === null ? piece.payloads : piece.payloads.slice(0, feeds.length);
  for (const [i, payload] of fed.entries()) {
    const feed = feeds?.[i];
    if (feed === undefined || feed.kind === 'verbatim') text += run.client.writer.pass?.(payload) ?? '';
    else if (feed.events.length > 0) text += framesOf(run, state, feed.events);
  }
  return text === '' ? null : encoder.encode(text);
}

/** For one write instead of several, each of which costs more than copying it; null when there is nothing to show. */
export function joined(parts: readonly (Uint8Array | null)[]): Uint8Array | null {
  const shown = parts.filter((part) => part !== null);
  const [first, second] = shown;
  if (first === undefined || second === undefined) return first ?? null;
  const all = new Uint8Array(shown.reduce((length, part) => length + part.byteLength, 0));
  let at = 0;
  for (const part of shown) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

function framesOf(run: Run, state: AnswerState, events: readonly AnswerEvent[]): string {
  const head = shownHead(run, state);
  // All of an answer says the same, also when the server thinks of a name for it later.
  state.head = head;
  return run.client.writer.write(head, events, () => finalMetadata(run));
}

/** A whole answer as a stream, for a server that answered with JSON although a stream was asked for. */
export function wholeAsFrames(run: Run, state: AnswerState): Uint8Array {
  return encoder.encode(framesOf(run, state, eventsOf(wholeOf(run, state))));
}

/** What follows a complete answer: its usage, and its end. */
export function tailOf(run: Run, state: AnswerState): Uint8Array {
  const usage = framesOf(run, state, [{ kind: 'usage', usage: clientUsage(run) }]);
  return encoder.encode(usage + run.client.writer.end());
}

/** The end of a broken answer. */
export function errorFrame({ client }: Parts<'client'>, failure: Failure): Uint8Array {
  return encoder.encode(client.writer.fail(failure));
}

/** The answer at its end. */
export function wholeOf(run: Parts<'asked' | 'client'>, state: AnswerState): WholeAnswer {
  return wholeAnswer(state, shownHead(run, state));
}

/** Servers that send no identity get ours. */
function shownHead({ asked, client }: Parts<'asked' | 'client'>, state: AnswerState): AnswerHead {
  const { caller, request, startedAtMs } = asked;
  return headOf(state, {
    id: caller.surface.answerId(caller.requestId),
    created: Math.floor(startedAtMs / 1000),
    model: client.servedModelId ?? request.model,
  });
}
