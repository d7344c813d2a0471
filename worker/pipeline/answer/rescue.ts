/**
 * After the commit point: finishes an answer that broke off, on the same or another model. Where the model's configuration allows it the
 * answer is continued from the text the client has; otherwise, or when the server rejects that, it is asked for again and the part the
 * client has is dropped, provided it comes back identical. Neither possible: the caller ends the stream with the first failure.
 */
import { modelOf } from '../../../shared/config-prepare.ts';
import { isUsable } from '../../core/health/usable.ts';
import type { AlreadySent, Choice } from '../../core/answer/choice.ts';
import { type Candidate, type FailureCause, routeKey, ruleOf } from '../../core/route/attempt.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import { clientUsage } from '../calls/book.ts';
import { releasePlace, takePlace } from '../calls/places.ts';
import { reportAttempt } from '../calls/report.ts';
import { refuseCall } from '../calls/reserve.ts';
import { type Asked, choicesOf } from '../run/asked.ts';
import type { OpenStream } from '../run/opened.ts';
import type { Parts, Run } from '../run/run.ts';
import type { Rescue, Tried } from '../run/tried.ts';
import type { Resumed } from './call.ts';
import { openCall } from './open.ts';

/** The stream that goes on, or null. Every call made for it is an attempt like any other: reported, counted, billed. */
export async function rescue(run: Run, broken: OpenStream, { failure, cause }: UpstreamFailure): Promise<OpenStream | null> {
  const { deps, asked, tried, client } = run;
  const { rescue: rules } = deps.config.routing;
  const choice = broken.answer.state.choices.get(0);
  if (!rules.enabled || choice === undefined || !isSafe(asked, choice, cause)) return null;
  // What was cut short by the limit for its rest is asked for whole: the same rescue, and the last of it.
  if (!choice.isCutShort && tried.rescues.length >= rules.max_rescues) return null;
  const begun: Rescue = { from: broken.candidate.modelId, code: failure.code, to: null };
  if (!choice.isCutShort) tried.rescues.push(begun);
  const snapshot = await deps.health.snapshot(asked.caller.background);
  const nowMs = deps.clock.now();
  const routes = choice.isCutShort ? [broken.candidate] : others(tried, broken.candidate, failure.code === 'upstream_timeout');
  const route = routes.find((candidate) => isUsable(snapshot, candidate, nowMs)) ?? routes[0];
  if (route === undefined) return null;
  if ((await refuseCall(run, route)) !== null) return null;
  releasePlace(run);
  const place = await takePlace(run, route.modelId, snapshot);
  if (!place.ok) return null;
  const leftTokens = asked.maxTokens - clientUsage(run).completionTokens;
  for (const mode of modesFor(run, route, choice, leftTokens)) {
    if (client.isGone) return null;
    const maxTokens = mode === 'continue' ? leftTokens : asked.maxTokens;
    const { head } = broken.answer.state;
    const opened = await resume(run, route, { sent: { text: shownText(choice), mode }, head, maxTokens });
    if (opened === 'rejected') continue;
    if (opened !== null) begun.to = route.modelId;
    return opened;
  }
  return null;
}

/** What the client has: more than this call's text as long as that repeats what an earlier one has shown. */
function shownText({ content, repeats, repeatedChars }: Choice): string {
  return repeatedChars < repeats.length ? repeats : content;
}

/** One plain answer, not ended, no call begun, neither thinking nor a refusal shown: only then can two calls make one answer. */
function isSafe(asked: Asked, choice: Choice, cause: FailureCause): boolean {
  const isOne = choicesOf(asked) === 1 && asked.request.logprobs !== true;
  const isHealable = ruleOf(cause).elsewhere === 'yes' && (cause !== 'unfit_answer' || choice.isCutShort);
  const isPlain = choice.reasoning === '' && choice.refusal === '' && choice.surfacedCalls === 0;
  return isOne && isHealable && isPlain && choice.finishReason === null && !choice.hasDiverged;
}

/** Other routes in the plan's order; the one that broke comes last, and not at all when it fell silent: it may still be working. */
function others({ route }: Tried, broken: Candidate, isSilent: boolean): Candidate[] {
  const different = route.plan.candidates.filter((candidate) => routeKey(candidate) !== routeKey(broken));
  return isSilent ? different : [...different, broken];
}

function modesFor(
  { deps, asked }: Parts<'deps' | 'asked'>,
  route: Candidate,
  choice: Choice,
  leftTokens: number,
): AlreadySent['mode'][] {
  const { capabilities, reasoning } = modelOf(deps.config, route.modelId);
  // What is read as thinking from the first character on cannot be read as the rest of an answer.
  const canContinue = capabilities.includes('continue') && reasoning !== 'think_open';
  // Constrained decoding starts its grammar anew, so a structured answer cannot be continued.
  const isConstrained = asked.format !== null || asked.request.structured_outputs !== undefined;
  const mayContinue = canContinue && !choice.isCutShort && !isConstrained && shownText(choice) !== '' && leftTokens > 0;
  return mayContinue ? ['continue', 'repeat'] : ['repeat'];
}

async function resume(run: Run, route: Candidate, resumed: Resumed): Promise<OpenStream | 'rejected' | null> {
  const startedAtMs = run.deps.clock.now();
  const opened = await openCall(run, route, resumed);
  if (run.client.isGone) return null;
  reportAttempt(run, route, startedAtMs, opened);
  if (!opened.ok) {
    const { cause } = opened.failure;
    const isRejected = ruleOf(cause).elsewhere === 'never' || cause === 'invalid_answer' || cause === 'unfit_answer';
    return resumed.sent.mode === 'continue' && isRejected ? 'rejected' : null;
  }
  return opened.value.kind === 'stream' ? opened.value.stream : null;
}
