/** Whether an answer that broke off can be finished by another call, by whom, and how. */
import type { ModelConfig } from '../../../shared/config.ts';
import { continuesAnswers } from '../answer/reasoning-styles.ts';
import type { Candidate, Plan } from './attempt.ts';
import { type FailureCause, ruleOf } from '../upstreams/causes.ts';
import { routeKey } from '../upstreams/route-key.ts';

/** What has been shown of a choice. */
export interface ShownChoice {
  readonly reasoning: string;
  readonly refusal: string;
  readonly surfacedCalls: number;
  readonly finishReason: string | null;
  readonly hasDiverged: boolean;
  /** Cut by its token limit, in a call that began again from the start. */
  readonly isCutShort: boolean;
}

/**
 * Two calls can make one answer only if it is a single plain text, not ended, without a call, thinking or a refusal shown. One that repeats
 * itself stays a bad answer however it goes on, and a model that is asked to continue it repeats it.
 */
export function canBeFinished(
  choice: ShownChoice,
  cause: FailureCause,
  wanted: { readonly choices: number; readonly hasLogprobs: boolean },
): boolean {
  const isOne = wanted.choices === 1 && !wanted.hasLogprobs;
  const isHealable =
    ruleOf(cause).elsewhere === 'yes' && cause !== 'degenerate' && (cause !== 'unfit_answer' || choice.isCutShort);
  const isPlain = choice.reasoning === '' && choice.refusal === '' && choice.surfacedCalls === 0;
  return isOne && isHealable && isPlain && choice.finishReason === null && !choice.hasDiverged;
}

/** Other routes in the plan's order; the broken one comes last, or not at all if it fell silent, since it may still be working. */
export function routesForRest({ candidates }: Plan, broken: Candidate, isSilent: boolean): readonly Candidate[] {
  const others = candidates.filter((candidate) => routeKey(candidate) !== routeKey(broken));
  return isSilent ? others : [...others, broken];
}

/** `continue`: the model continues the client's text; `repeat`: it answers again from the start, and the part the client has is dropped. */
export type RestMode = 'continue' | 'repeat';

export interface Rest {
  readonly model: Pick<ModelConfig, 'capabilities' | 'reasoning'>;
  /** Constrained decoding restarts its grammar, so a structured answer cannot be continued. */
  readonly isConstrained: boolean;
  readonly isCutShort: boolean;
  /** The client has text already. */
  readonly hasText: boolean;
  readonly leftTokens: number;
}

/** The modes to ask for the rest, better one first. */
export function modesForRest({ model, isConstrained, isCutShort, hasText, leftTokens }: Rest): readonly RestMode[] {
  const canContinue = model.capabilities.includes('continue') && continuesAnswers(model.reasoning);
  const mayContinue = canContinue && !isConstrained && !isCutShort && hasText && leftTokens > 0;
  return mayContinue ? ['continue', 'repeat'] : ['repeat'];
}
