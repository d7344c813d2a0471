/** A stream of chat completions: chunks with deltas, the routing in the chunk that ends a choice, `[DONE]` behind a whole answer. */
import { errorEnvelope } from '../../../../shared/errors.ts';
import type { AnswerEvent } from '../../answer/answer-events.ts';
import type { StreamRequest } from '../../request/inner-request.ts';
import { doneFrame, encodeData } from '../../sse/encode-events.ts';
import type { StreamWriter } from '../surface.ts';
import { type ChunkPiece, renderChunk, renderUsageChunk } from './render.ts';

/** What another surface adds to a chunk; null for nothing. */
export type ChunkAdditions = (piece: ChunkPiece) => Readonly<Record<string, unknown>> | null;

export function createChatStream({ showsUsage }: StreamRequest, additions: ChunkAdditions | null = null): StreamWriter {
  return {
    write(head, events, routing) {
      let text = '';
      for (const piece of piecesOf(events)) {
        const more = additions === null ? null : additions(piece);
        text += encodeData(renderChunk(head, piece, piece.finishReason === null ? null : routing(), more));
      }
      const last = events.at(-1);
      if (showsUsage && last?.kind === 'usage') text += encodeData(renderUsageChunk(head, last.usage));
      return text;
    },
    // A line break inside the payload is JSON white space; some clients read line by line.
    pass: additions === null ? (payload) => encodeData(payload.replaceAll('\n', ' ')) : null,
    end: () => doneFrame,
    // One event that official clients throw on, and no [DONE].
    fail: (failure) => encodeData(JSON.stringify(errorEnvelope(failure))),
  };
}

/** One chunk per event that this wire can express. */
function piecesOf(events: readonly AnswerEvent[]): ChunkPiece[] {
  const pieces: ChunkPiece[] = [];
  for (const event of events) {
    if (event.kind === 'usage' || event.kind === 'call_end') continue;
    const { choice } = event;
    const last = pieces.at(-1);
    if (event.kind === 'finish') pieces.push({ choice, delta: {}, finishReason: event.reason, logprobs: null });
    else if (event.kind !== 'logprobs') pieces.push({ choice, delta: deltaOf(event), finishReason: null, logprobs: null });
    else if (last?.choice === choice && last.delta !== beginning) last.logprobs = event.logprobs;
    else pieces.push({ choice, delta: {}, finishReason: null, logprobs: event.logprobs });
  }
  return pieces;
}

const beginning = { role: 'assistant', content: '' };

function deltaOf(event: Exclude<AnswerEvent, { kind: 'usage' | 'call_end' | 'finish' | 'logprobs' }>): ChunkPiece['delta'] {
  switch (event.kind) {
    case 'begin':
      return beginning;
    case 'text':
      return { content: event.text };
    case 'reasoning':
      // Clients differ in which of the two names they read.
      return { reasoning: event.text, reasoning_content: event.text };
    case 'refusal':
      return { refusal: event.text };
    case 'call': {
      const called = { name: event.name, arguments: event.arguments };
      return { tool_calls: [{ index: event.index, id: event.id, type: 'function', function: called }] };
    }
    case 'call_arguments':
      return { tool_calls: [{ index: event.index, function: { arguments: event.arguments } }] };
  }
}
