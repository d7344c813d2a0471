/** A whole answer that is kept to be given again: what a reader of any wire needs of it, as plain data. */
import type { CacheLevel } from '../../../shared/records.ts';
import type { Usage } from '../../../shared/usage.ts';
import type { AnswerHead, WholeAnswer } from '../answer/whole-answer.ts';

export interface CachedAnswer {
  readonly answer: WholeAnswer;
  readonly usage: Usage;
  /** Configured id of the model that gave it. */
  readonly modelId: string;
  /** When it was whole, in milliseconds since 1970. */
  readonly keptAtMs: number;
}

/** One that was looked up. */
export interface FoundAnswer extends CachedAnswer {
  readonly level: CacheLevel;
}

/** How old it is; never negative, since clocks differ. */
export function ageOf({ keptAtMs }: Pick<CachedAnswer, 'keptAtMs'>, nowMs: number): number {
  return Math.max(0, nowMs - keptAtMs);
}

/** The same answer for another request: it has an id and a time of its own. */
export function givenAs({ answer }: Pick<CachedAnswer, 'answer'>, head: Omit<AnswerHead, 'model'>): WholeAnswer {
  return { ...answer, head: { ...head, model: answer.head.model } };
}
