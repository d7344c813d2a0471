/**
 * Whether the small tier's answer may be shown. A streamed answer is held back until its beginning says enough, a whole one is judged
 * whole; both before the commit point. Off unless the configuration says otherwise, and always off for the latency strategy.
 */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { Failure } from '../../../shared/errors.ts';
import type { Answer } from '../../core/relay/answer.ts';
import { isComplete } from '../../core/relay/answer.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { judgeAnswer } from '../../core/route/escalate.ts';
import { requestedMaxTokens } from '../../core/validate/chat-request.ts';
import type { Run } from '../run/run.ts';

/**
 * The request may be escalated: routed by its content, to the small tier, with somebody larger behind it in the plan.
 *
 * @param isUsable whether a route may be used now; all may when nothing is said
 */
export function mayEscalate(run: Omit<Run, 'judges'>, isUsable: (route: Candidate) => boolean = () => true): boolean {
  const { config } = run.deps;
  const { decision, plan } = run.route;
  if (!config.routing.escalation.enabled || run.strategy === 'latency' || decision.isForced || decision.tier !== 'small')
    return false;
  if ((run.request.n ?? 1) > 1) return false;
  return plan.candidates.some((route) => modelOf(config, route.modelId).tier === 'large' && isUsable(route));
}

/** Whether this attempt's answer is one to judge. */
export function isJudged(run: Run, candidate: Candidate): boolean {
  return run.judges && !run.isEscalated && modelOf(run.deps.config, candidate.modelId).tier === 'small';
}

/** Enough has come in to judge by: the first `hold_back_chars` of text, a call, or everything. */
export function canJudge(run: Run, answer: Answer): boolean {
  if (isComplete(answer.state)) return true;
  const choice = answer.state.choices.get(0);
  if (choice === undefined) return false;
  return (
    choice.surfacedCalls > 0 ||
    choice.refusal !== '' ||
    choice.content.length >= run.deps.config.routing.escalation.hold_back_chars
  );
}

/** The reason why the answer must not be shown, or null. */
export function judge(run: Run, answer: Answer): Failure | null {
  const choice = answer.state.choices.get(0);
  // A refusal is an answer; it is never routed around.
  if (choice === undefined || choice.refusal !== '') return null;
  const { confidence, reasons } = judgeAnswer(
    {
      text: choice.content,
      hasCalls: choice.surfacedCalls > 0 || choice.calls.length > 0,
      finishReason: choice.finishReason,
      meanLogprob: choice.logprobCount > 0 ? choice.logprobSum / choice.logprobCount : null,
      hasOwnLimit: requestedMaxTokens(run.request) !== null,
    },
    run.classification,
    run.view.askStats.words,
    run.view.text,
  );
  if (confidence >= run.deps.config.routing.escalation.min_confidence) return null;
  return { code: 'upstream_invalid_answer', detail: `confidence ${confidence.toFixed(2)}: ${reasons.slice(0, 2).join(', ')}` };
}
