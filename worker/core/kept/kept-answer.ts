/**
 * A kept answer: one that is under way or has ended, as the log of its events, which any number of readers follow from any place
 * (docs/decisions/0016-kept-answers.md). Idempotency keys, resumable streams, shared runs and the cache are readers and writers of it. Plain
 * data that can be stored.
 */
import type { Failure } from '../../../shared/errors.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { StreamRequest } from '../request/inner-request.ts';

/** What is known of an answer before it begins. */
export interface KeptOpening {
  /** The run that writes it. One that was given up is refused from then on. */
  readonly writerId: string;
  /** Hash of what was asked: an id may only be used again with the same. */
  readonly fingerprint: string;
  /** The surface that it was asked of, by its path, and what that needs to write the answer again. */
  readonly surface: string;
  readonly request: StreamRequest;
  readonly requestId: string;
  /** Its client reads a stream. */
  readonly isStream: boolean;
  /** Every event of its stream is numbered. */
  readonly hasIds: boolean;
  /** How long it is kept after its end, in milliseconds. */
  readonly lifetimeMs: number;
  /** The same for one that broke off: long enough for those who follow it to hear of it, or to read what there is. */
  readonly brokenLifetimeMs: number;
  /** What has ended under this id does not count: write it anew. */
  readonly replaces?: boolean;
  /** What was asked, in its surface's own form, for requests that go on from it. Only with the first page of a log. */
  readonly stored?: string;
}

/** How an answer ended; the log before it is all that there is of it. */
export type KeptEnding =
  /** @property metadata as its client was told in the headers of a whole answer */
  | {
      readonly kind: 'complete';
      readonly metadata: RoutingMetadata;
      /** For those who follow it now and nobody else: it is forgotten as soon as a broken one. */
      readonly isPassing?: boolean;
    }
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      readonly metadata: RoutingMetadata | null;
      /** It would fail in the same way again, so it is an answer like any other. */
      readonly isFinal: boolean;
    }
  /** By whoever asked for it: somebody wanted it to stop. */
  | { readonly kind: 'cancelled'; readonly metadata: RoutingMetadata | null };

export const keptStates = ['running', 'complete', 'failed', 'cancelled'] as const;
export type KeptState = (typeof keptStates)[number];

/** All that is known of an answer but its log. */
export interface KeptRecord {
  readonly opening: KeptOpening;
  /** Null while it is under way. */
  readonly ending: KeptEnding | null;
  /** The pieces in its log. */
  readonly pieces: number;
  /** Their length in UTF-8. */
  readonly bytes: number;
  /** It became longer than may be kept: there is no log any more, and the run goes on without. */
  readonly isTooLong: boolean;
  readonly isCancelAsked: boolean;
  /** Of an ended one: when it is forgotten. */
  readonly untilMs: number | null;
}

/** What a writer adds. Sent again until it is acknowledged; what the log has already changes nothing. */
export interface KeptBatch {
  readonly writerId: string;
  /** The number of the first piece: so many are before it. */
  readonly from: number;
  /** Each written by `encodePiece`. None: the writer still runs. */
  readonly pieces: readonly string[];
  readonly ending: KeptEnding | null;
}

/** What a writer is told. */
export type KeptReply =
  /** @property readers who follow it now */
  | { readonly kind: 'taken'; readonly readers: number; readonly isCancelAsked: boolean; readonly isTooLong: boolean }
  /** Another run writes by now, or this one was given up: whoever reads has been told so. */
  | { readonly kind: 'refused' };

/** What a reader gets. */
export interface KeptPage {
  readonly opening: KeptOpening;
  readonly pieces: readonly string[];
  /** The number of the piece after these. */
  readonly next: number;
  readonly isTooLong: boolean;
  /** Given with the last piece, or after it. */
  readonly ending: KeptEnding | null;
  /** Of one under way: its writer was heard of lately, so it is not dead. */
  readonly isHeard: boolean;
  /** Since then, or since its object was restarted, in milliseconds; of an ended one since its end. */
  readonly quietMs: number;
}

/** What comes of opening an answer. */
export type KeptOpened =
  /** Write it. */
  | { readonly kind: 'lead' }
  /** It is there: under way, or ended. Read it. */
  | { readonly kind: 'follow'; readonly page: KeptPage }
  /** The id was used for something else. */
  | { readonly kind: 'mismatch' }
  /** Too many are under way. */
  | { readonly kind: 'full' };

export function stateOf({ ending }: Pick<KeptRecord, 'ending'>): KeptState {
  return ending?.kind ?? 'running';
}
