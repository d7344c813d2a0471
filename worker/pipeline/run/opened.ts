/** What a call has opened: a stream that has begun, or a whole answer. Names alone; `answer/intake.ts` reads them. */
import type { Answer, Feed } from '../../core/answer/answer.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';

/** What a call came to; `answer` is there as soon as the server said anything, since tokens were spent. */
export type Opened =
  | { readonly kind: 'stream'; readonly stream: OpenStream }
  | { readonly kind: 'whole'; readonly answer: Answer };

/** A stream whose first event has arrived and was good. */
export interface OpenStream {
  readonly candidate: Candidate;
  readonly startedAtMs: number;
  readonly answer: Answer;
  readonly intake: Intake;
  /** What has been read so far and not shown, with what each payload meant; it ends with the first token or later. Emptied when it is shown. */
  readonly held: FedPiece[];
  abort(): void;
}

/** One read of an event stream. */
export interface DataPiece {
  readonly kind: 'data';
  readonly bytes: Uint8Array;
  readonly payloads: readonly string[];
  readonly isVerbatim: boolean;
}

export type StreamEnd = { readonly kind: 'eof' } | { readonly kind: 'reset' } | { readonly kind: 'overflow' };

export type Piece = DataPiece | StreamEnd;

export interface FedPiece {
  readonly kind: 'fed';
  readonly piece: DataPiece;
  /** Null: all verbatim. */
  readonly feeds: readonly Feed[] | null;
}

/** Why reading stopped. */
export type Stop =
  | { readonly kind: 'enough' }
  /** The end mark came before there was enough. */
  | { readonly kind: 'done' }
  | { readonly kind: 'broken'; readonly problem: UpstreamFailure }
  | StreamEnd;

/** Told of what is read, piece by piece. */
export interface Taker {
  /** Asked before every read. */
  isEnough(): boolean;
  /** The next piece is not read before this has settled; null when there is nothing to wait for. */
  take(fed: FedPiece): Promise<void> | null;
  /** Told (+1, -1) while `take` is waited for. */
  hold(by: 1 | -1): void;
}

/** A call's stream on its way into the answer that is made of it. */
export interface Intake {
  /** Reads on from where it stopped. Rejects when `take` does. */
  read(taker: Taker): Promise<Stop>;
  /** The bytes of a piece are gone from here on when the next one is read: see `Source`. */
  reuseBuffer(): void;
  /** Frees the server; never rejects. */
  cancel(): void;
}
