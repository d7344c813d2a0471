/** What a deployment has learned from its own traffic, as the gateway asks for it. */
import type { Background } from '../ports.ts';
import type { ActiveHead } from '../classify/adaptive/adapted.ts';
import type { LearnFeatures } from '../classify/adaptive/features.ts';
import type { Evaluation } from './head.ts';
import type { Quality } from './quality.ts';

export type Side = 'small' | 'large';

export interface Grades {
  readonly small: number;
  readonly large: number;
}

/** What came of a comparison: grades; a call that was made, and no grades; or no call, for want of room or money. */
export type Compared = Grades | 'ungraded' | 'not_asked';

/** An answer that a client may rate. */
export interface ShownAnswer {
  /** Of key and request: see `outcomeId`. */
  readonly id: string;
  readonly shown: Side;
  readonly modelId: string;
  readonly features: LearnFeatures;
}

export interface RatedAnswer {
  readonly modelId: string;
  readonly before: number | null;
}

export interface LearningStatus {
  /** 0 before the first training. */
  readonly version: number;
  readonly isOn: boolean;
  readonly trainedAtMs: number | null;
  readonly evaluation: Evaluation | null;
  readonly outcomes: { readonly pairs: number; readonly rated: number };
  readonly quality: Quality | null;
  /** Shadow calls, how many of them led to no grades, and what they cost, with their judge. */
  readonly today: { readonly shadows: number; readonly ungraded: number; readonly costNanoUsd: number };
}

export interface LearnPort {
  /** The head that decides now; null when the shipped router does. Never waits: what is old is asked for again in the background. */
  active(background: Background): ActiveHead | null;
  /** Keeps what a rating of this answer would need. */
  keep(answer: ShownAnswer, background: Background): void;
  /** Takes the most that a shadow call can cost from the day's budget; false when there is not so much left. */
  mayShadow(mostNanoUsd: number): Promise<boolean>;
  /** Gives back what the call did not cost, and keeps the outcome where there is one. */
  shadowed(
    answer: ShownAnswer,
    compared: Compared,
    cost: { readonly mostNanoUsd: number; readonly nanoUsd: number },
  ): Promise<void>;
  /** Null: no such answer within the last day. A later rating replaces an earlier one. */
  rate(id: string, score: number): Promise<RatedAnswer | null>;
  status(): Promise<LearningStatus>;
}

/** Clients choose request ids, so one key's must not stand for another's. */
export function outcomeId(keyId: string, requestId: string): string {
  return `${keyId}:${requestId}`;
}
