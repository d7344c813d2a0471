/** The effects of kept answers, as interfaces; see `core/ports.ts`. */
import type { Failure } from '../../../shared/errors.ts';
import type { Result } from '../../../shared/result.ts';
import type { Background } from '../ports.ts';
import type { CachedAnswer, FoundAnswer } from './cached-answer.ts';
import type { KeptBatch, KeptOpened, KeptOpening, KeptPage, KeptReply, KeptState } from './kept-answer.ts';

/** The place of an answer: nobody reaches those of another tenant. */
export interface KeptPlace {
  readonly tenantId: string;
  /** Chosen by whoever opens it: random, or a hash that finds it again. At most 64 letters, digits, `_` and `-`. */
  readonly id: string;
}

/** Answers under way and ended, to be followed by any number of readers; see the kept object. */
export interface KeptPort {
  /** Leads or follows. A call that is repeated by the same writer leads again. Fails with `state_unavailable`. */
  open(place: KeptPlace, opening: KeptOpening): Promise<Result<KeptOpened, Failure>>;
  /**
   * Adds to the log, ends it, or says that the writer still runs: at least every `beatMs` of `core/kept/log.ts`. May be repeated. Rejects when
   * the state cannot be reached; what was not acknowledged must be sent again.
   */
  append(place: KeptPlace, batch: KeptBatch): Promise<KeptReply>;
  /**
   * The log from piece `after` on. Where there is none yet it waits, at most `waitMs`, and may come back with nothing. Null when there is
   * no such answer (any more). Rejects when the state cannot be reached: then the same may be asked again.
   *
   * @param writerId only what this run has written; null for whatever run
   */
  read(place: KeptPlace, writerId: string | null, after: number, waitMs: number): Promise<KeptPage | null>;
  /** Forgets an answer that has ended. False when there is none, or it is under way. Rejects when the state cannot be reached. */
  remove(place: KeptPlace, writerId: string): Promise<boolean>;
  /** Asks for a running answer to be stopped, and waits a little for its end. The state it has then; null when there is none. */
  cancel(place: KeptPlace, writerId: string | null): Promise<KeptState | null>;
}

/** Answers that are given again, by the text that says what was asked. Never rejects: what cannot be read in time is not there. */
export interface AnswersPort {
  get(place: AnswerPlace): Promise<FoundAnswer | null>;
  /** @param forMs its lifetime */
  put(place: AnswerPlace, answer: CachedAnswer, forMs: number, background: Background): void;
}

export interface AnswerPlace {
  /** Says all that the answer depends on, the tenant too. */
  readonly key: string;
  readonly tenantId: string;
  /** Of the request. */
  readonly url: string;
}
