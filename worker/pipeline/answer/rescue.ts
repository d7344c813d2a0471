/**
 * After the commit point: finishes an answer that broke off, on the same or another model. Where the model's configuration allows it the
 * answer is continued from the text the client has; otherwise, or when the server rejects that, it is asked for again and the part the
 * client has is dropped, provided it comes back identical. Neither possible: the caller ends the stream with the first failure.
 */
import { modelOf } from '../../../shared/config-prepare.ts';
import { isUsable } from '../../core/health/usable.ts';
import { type Choice, contentOf } from '../../core/answer/choice.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { ruleOf } from '../../core/upstreams/causes.ts';
import { canBeFinished, modesForRest, routesForRest } from '../../core/route/rescue.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import { clientUsage } from '../calls/book.ts';
import { releasePlace, takePlace } from '../calls/places.ts';
import { reportAttempt } from '../calls/report.ts';
import { refuseCall } from '../calls/reserve.ts';
import type { OpenStream } from '../run/opened.ts';
import type { Run } from '../run/run.ts';
import type { Rescue } from '../run/tried.ts';
import type { Resumed } from './call.ts';
import { openCall } from './open.ts';

/** The stream that continues, or null. Every call made for it is a normal attempt: reported, counted, billed. */
export async function rescue(run: Run, broken: OpenStream, { failure, cause }: UpstreamFailure): Promise<OpenStream | null> {
  const { deps, asked, tried, client } = run;
  const { rescue: rules } = deps.config.routing;
  const choice = broken.answer.state.choices.get(0);
  const wanted = { choices: asked.request.choiceCount, hasLogprobs: asked.request.logprobs === true };
  if (!rules.enabled || choice === undefined || !canBeFinished(choice, cause, wanted)) return null;
  // A rest that was cut by its token limit is requested again in full: part of the same rescue, and its last call.
  if (!choice.isCutShort && tried.rescues.length >= rules.max_rescues) return null;
  asked.caller.trace?.enter('rescue', { 'error.type': failure.code });
  const begun: Rescue = { from: broken.candidate.modelId, code: failure.code, to: null };
  if (!choice.isCutShort) tried.rescues.push(begun);
  const snapshot = await deps.health.snapshot(asked.caller.background);
  const nowMs = deps.clock.now();
  const { plan } = tried.route;
  const isSilent = failure.code === 'upstream_timeout';
  const routes = choice.isCutShort ? [broken.candidate] : routesForRest(plan, broken.candidate, isSilent);
  const route = routes.find((candidate) => isUsable(snapshot, candidate, nowMs)) ?? routes[0];
  if (route === undefined) return null;
  if ((await refuseCall(run, route)) !== null) return null;
  releasePlace(run);
  const place = await takePlace(run, route, snapshot);
  if (!place.ok) return null;
  const leftTokens = asked.maxTokens - clientUsage(run).completionTokens;
  const modes = modesForRest({
    model: modelOf(deps.config, route.modelId),
    isConstrained: asked.format !== null || asked.request.structuredOutputs !== undefined,
    isCutShort: choice.isCutShort,
    hasText: shownText(choice) !== '',
    leftTokens,
  });
  for (const mode of modes) {
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
function shownText(choice: Choice): string {
  const { repeats, repeatedChars } = choice;
  return repeatedChars < repeats.length ? repeats : contentOf(choice);
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
