/**
 * A kept answer as the stream that its client got, from any event on: written again from the first piece, since a surface's writer may
 * remember what it has written, and numbered in the same way each time.
 */
import type { Failure } from '../../../shared/errors.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { AnswerEvent } from '../answer/answer-events.ts';
import type { AnswerHead } from '../answer/whole-answer.ts';
import type { KeptEnding } from './kept-answer.ts';
import { createPieceReader } from './pieces.ts';

/** What a surface writes a stream with. */
export interface FrameWriter {
  write(head: AnswerHead, events: readonly AnswerEvent[], routing: () => RoutingMetadata): string;
  end(): string;
  fail(failure: Failure): string;
}

/** Puts the number of each event before it; the first is 1. */
export interface Numbering {
  /** @param frames whole events, as a surface has written them; events up to `after` are left out */
  number(frames: string): string;
  /** Events so far, those that were left out included; 0 without numbers. */
  count(): number;
}

/** @param after the number of the last event that a reader has; 0 for none */
export function createNumbering(after: number): Numbering {
  let count = 0;
  return {
    count: () => count,
    number(frames) {
      let numbered = '';
      // No event holds an empty line: it would end there.
      for (let from = 0; from < frames.length;) {
        const end = frames.indexOf('\n\n', from);
        const to = end < 0 ? frames.length : end + 2;
        count += 1;
        if (count > after) numbered += `id: ${count}\n${frames.slice(from, to)}`;
        from = to;
      }
      return numbered;
    },
  };
}

/** Writes a kept answer as events. */
export interface Replay {
  /** The pieces in their order, from the first one on. */
  write(pieces: readonly string[]): string;
  /** What follows the last piece. */
  end(ending: KeptEnding): string;
  /** Events so far, those that were left out included. */
  count(): number;
}

/**
 * @param writer a new one, of the surface and the request that the answer was opened with
 * @param after the number of the last event that a reader has, 0 for none; null for a stream without numbers
 */
export function createReplay(writer: FrameWriter, after: number | null): Replay {
  const numbering = createNumbering(after ?? 0);
  const read = createPieceReader();
  const shown = (frames: string): string => (after === null ? frames : numbering.number(frames));
  return {
    count: numbering.count,
    write(pieces) {
      let text = '';
      for (const piece of pieces) {
        const { head, events, routing } = read(piece);
        text += shown(writer.write(head, events, () => routing ?? unknownRouting()));
      }
      return text;
    },
    end(ending) {
      if (ending.kind === 'complete') return shown(writer.end());
      return shown(writer.fail(ending.kind === 'failed' ? ending.failure : { code: 'stream_cancelled' }));
    },
  };
}

function unknownRouting(): never {
  throw new Error('a piece that ends a choice has its routing');
}
