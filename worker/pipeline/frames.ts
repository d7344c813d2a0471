/** What the client's stream is made of: pieces passed on, chunks written anew, the tail of a complete answer, the error event of a broken one. */
import { errorEnvelope, type Failure } from '../../shared/errors.ts';
import type { AnswerState, Emission, Feed } from '../core/answer/answer.ts';
import { type Head, headOf, renderChunk, renderUsageChunk } from '../core/surfaces/chat/render.ts';
import { doneFrame, encodeComment, encodeData } from '../core/sse/encode-events.ts';
import { clientUsage } from './calls/book.ts';
import { finalMetadata } from './run/metadata.ts';
import type { DataPiece } from './run/opened.ts';
import type { Parts, Run } from './run/run.ts';

const encoder = new TextEncoder();

export const pingFrame = encoder.encode(encodeComment('ping'));

/** A ping that tells a waiting client its place in the queue. */
export function queuedFrame(position: number): Uint8Array {
  return encoder.encode(encodeComment(`queued, position ${position}`));
}

/** The very bytes when nothing in them needs a change, else frames written anew; null when there is nothing to show. */
export function contentOf(run: Run, state: AnswerState, piece: DataPiece, feeds: readonly Feed[] | null): Uint8Array | null {
  if (feeds === null && piece.isVerbatim) return piece.bytes;
  let text = '';
  const fed = feeds === null ? piece.payloads : piece.payloads.slice(0, feeds.length);
  for (const [i, payload] of fed.entries()) {
    const feed = feeds?.[i];
    // A line break between data lines is white space of their JSON; there are clients that read line by line.
    if (feed === undefined || feed.kind === 'verbatim') text += encodeData(payload.replaceAll('\n', ' '));
    else text += framesOf(run, state, feed.emissions);
  }
  return text === '' ? null : encoder.encode(text);
}

function framesOf(run: Run, state: AnswerState, emissions: readonly Emission[]): string {
  if (emissions.length === 0) return '';
  const head = headOf(state, fallbackHead(run));
  // All chunks of an answer say the same, also when the server thinks of a name for it later.
  state.head = head;
  let text = '';
  for (const emission of emissions) {
    const metadata = emission.finishReason === null ? null : finalMetadata(run);
    text += encodeData(renderChunk(head, emission, metadata));
  }
  return text;
}

/** A whole answer as the chunks of a stream, for a server that answered with JSON although a stream was asked for. */
export function wholeAsFrames(run: Run, state: AnswerState): Uint8Array {
  let text = '';
  for (const choice of state.choices.values()) {
    const emit = (delta: Record<string, unknown>, finishReason: string | null = null): Emission => ({
      choiceIndex: choice.index,
      delta,
      finishReason,
      logprobs: null,
    });
    const { reasoning, content, refusal, calls } = choice;
    text += framesOf(run, state, [
      emit({ role: 'assistant', content: '' }),
      ...(reasoning === '' ? [] : [emit({ reasoning, reasoning_content: reasoning })]),
      ...(content === '' ? [] : [emit({ content })]),
      ...(refusal === '' ? [] : [emit({ refusal })]),
      ...calls.map(({ id, name, arguments: args }, index) =>
        emit({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] }),
      ),
      emit({}, choice.finishReason),
    ]);
  }
  return encoder.encode(text);
}

/** What follows a complete answer: the usage chunk if the client asked for one, and [DONE]. */
export function tailOf(run: Run, state: AnswerState): Uint8Array {
  const wantsUsage = run.asked.request.stream_options?.include_usage === true;
  const usage = wantsUsage ? encodeData(renderUsageChunk(headOf(state, fallbackHead(run)), clientUsage(run))) : '';
  return encoder.encode(usage + doneFrame);
}

/** The end of a broken answer: one event that official clients throw on, and no [DONE]. */
export function errorFrame(failure: Failure): Uint8Array {
  return encoder.encode(encodeData(JSON.stringify(errorEnvelope(failure))));
}

/** Identity for servers that send none. */
export function fallbackHead({ asked, client }: Parts<'asked' | 'client'>): Head {
  const model = client.servedModelId ?? asked.request.model;
  return { id: `chatcmpl-${asked.caller.requestId}`, created: Math.floor(asked.startedAtMs / 1000), model };
}
