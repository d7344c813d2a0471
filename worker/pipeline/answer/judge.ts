/**
 * Whether the small tier's answer may be shown. A streamed answer is held back until its beginning says enough, a whole one is judged
 * whole; both before the commit point. Off unless the configuration says otherwise, and always off for the latency strategy.
 */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { type Answer, isComplete } from '../../core/answer/answer.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { contentOf } from '../../core/answer/choice.ts';
import { judgeAnswer } from '../../core/route/escalate.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import type { PipelineDeps } from '../run/deps.ts';
import type { Opened } from '../run/opened.ts';
import type { Parts, Run } from '../run/run.ts';
import { isEscalated } from '../run/tried.ts';
import { keepDoubted } from './spare.ts';

/** Whether this call's answer must be judged. */
export function isJudged({ deps, tried }: Parts<'deps' | 'tried'>, { modelId }: Candidate): boolean {
  return tried.judges && !isEscalated(tried) && modelOf(deps.config, modelId).tier === 'small';
}

/** Enough has come in to judge by: the first `hold_back_chars` of text, a call, or everything. */
export function canJudge({ config }: PipelineDeps, { state }: Answer): boolean {
  if (isComplete(state)) return true;
  const choice = state.choices.get(0);
  if (choice === undefined) return false;
  const { surfacedCalls, refusal } = choice;
  return surfacedCalls > 0 || refusal !== '' || contentOf(choice).length >= config.routing.escalation.hold_back_chars;
}

/** An answer of the small tier that is not good enough is kept in case no better one comes. */
export function judged(run: Run, candidate: Candidate, opened: Opened): Result<Opened, UpstreamFailure> {
  if (!isJudged(run, candidate)) return ok(opened);
  run.asked.caller.trace?.enter('judge');
  const doubt = doubtIn(run, opened);
  if (doubt === null) return ok(opened);
  keepDoubted(run, opened);
  return fail({ failure: doubt, cause: 'low_confidence' });
}

/** The reason why the answer must not be shown, or null. */
function doubtIn({ deps, asked }: Parts<'deps' | 'asked'>, opened: Opened): Failure | null {
  const { state } = opened.kind === 'stream' ? opened.stream.answer : opened.answer;
  const choice = state.choices.get(0);
  // A refusal is an answer; it is never routed around.
  if (choice === undefined || choice.refusal !== '') return null;
  const { confidence, reasons } = judgeAnswer(
    {
      text: contentOf(choice),
      hasCalls: choice.surfacedCalls > 0 || choice.calls.length > 0,
      finishReason: choice.finishReason,
      meanLogprob: choice.logprobCount > 0 ? choice.logprobSum / choice.logprobCount : null,
      hasOwnLimit: asked.view.requestedMaxTokens !== null,
    },
    asked.classification,
    asked.view.asked.stats.words,
    asked.view.text,
  );
  if (confidence >= deps.config.routing.escalation.min_confidence) return null;
  return { code: 'upstream_invalid_answer', detail: `confidence ${confidence.toFixed(2)}: ${reasons.slice(0, 2).join(', ')}` };
}
