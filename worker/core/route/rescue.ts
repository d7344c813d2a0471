/** Whether an answer that broke off can be finished by another call, by whom, and how. */
import type { ModelConfig } from '../../../shared/config.ts';
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
  /** By the limit for its rest, which began again from the start. */
  readonly isCutShort: boolean;
}

/** One plain answer, not ended, no call begun, neither thinking nor a refusal shown: only then can two calls make one answer. */
export function canBeFinished(
  choice: ShownChoice,
  cause: FailureCause,
  wanted: { readonly choices: number; readonly hasLogprobs: boolean },
): boolean {
  const isOne = wanted.choices === 1 && !wanted.hasLogprobs;
  const isHealable = ruleOf(cause).elsewhere === 'yes' && (cause !== 'unfit_answer' || choice.isCutShort);
  const isPlain = choice.reasoning === '' && choice.refusal === '' && choice.surfacedCalls === 0;
  return isOne && isHealable && isPlain && choice.finishReason === null && !choice.hasDiverged;
}

/** Other routes in the plan's order; the one that broke comes last, and not at all when it fell silent: it may still be working. */
export function routesForRest({ candidates }: Plan, broken: Candidate, isSilent: boolean): readonly Candidate[] {
  const others = candidates.filter((candidate) => routeKey(candidate) !== routeKey(broken));
  return isSilent ? others : [...others, broken];
}

/** `continue`: the model goes on with the text that the client has; `repeat`: it says everything again, and what the client has is dropped. */
export type RestMode = 'continue' | 'repeat';

export interface Rest {
  readonly model: Pick<ModelConfig, 'capabilities' | 'reasoning'>;
  /** Constrained decoding starts its grammar anew, so a structured answer cannot be continued. */
  readonly isConstrained: boolean;
  readonly isCutShort: boolean;
  /** The client has text already. */
  readonly hasText: boolean;
  readonly leftTokens: number;
}

/** The ways to ask for the rest, the better one first. */
export function modesForRest({ model, isConstrained, isCutShort, hasText, leftTokens }: Rest): readonly RestMode[] {
  // What is read as thinking from the first character on cannot be read as the rest of an answer.
  const canContinue = model.capabilities.includes('continue') && model.reasoning !== 'think_open';
  const mayContinue = canContinue && !isConstrained && !isCutShort && hasText && leftTokens > 0;
  return mayContinue ? ['continue', 'repeat'] : ['repeat'];
}
