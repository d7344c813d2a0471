/**
 * The answer machine as a standard TransformStream, for whoever has a stream of deltas. Holds nothing the machine does not hold.
 */
import type { FinishReason } from '../upstreams/finish-reasons.ts';
import {
  type AnswerEnd,
  type SpokenEvent,
  type AnswerMachineOptions,
  createAnswerMachine,
  type UpstreamDelta,
} from './answer-machine.ts';

/** A delta together with the finish reason of its choice. */
export interface UpstreamPiece extends UpstreamDelta {
  readonly finishReason?: FinishReason | null;
}

/** The last chunk of the stream: the machine's end without its events, which come before it. */
export type AnswerPiece = SpokenEvent | ({ readonly kind: 'end' } & Omit<AnswerEnd, 'events'>);

/**
 * Chunks in are deltas, chunks out are answer events and one `end`. The end carries the finish reason that came last; null when
 * none did. Aborting either side drops what is held.
 */
export function createAnswerTransform(options: AnswerMachineOptions): TransformStream<UpstreamPiece, AnswerPiece> {
  const machine = createAnswerMachine(options);
  let finishReason: FinishReason | null = null;
  return new TransformStream<UpstreamPiece, AnswerPiece>({
    transform(piece, controller) {
      for (const event of machine.feed(piece)) controller.enqueue(event);
      finishReason = piece.finishReason ?? finishReason;
    },
    flush(controller) {
      const { events, ...end } = machine.end(finishReason);
      for (const event of events) controller.enqueue(event);
      controller.enqueue({ kind: 'end', ...end });
    },
  });
}
