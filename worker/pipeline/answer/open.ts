/**
 * One call of one model server, up to the point where its answer is known to have begun (streams) or to be whole (everything else).
 * Everything that goes wrong until then is a value the chain can act on; nothing has reached the client yet.
 */
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import type { ModelConfig } from '../../../shared/config.ts';
import { fail, type Result } from '../../../shared/result.ts';
import { mayHaveWorked } from '../../core/cost/unseen-work.ts';
import type { UpstreamAnswer } from '../../core/ports.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { routeKey } from '../../core/upstreams/route-key.ts';
import { answerTokens } from '../../core/route/token-room.ts';
import { addText, emptyHash, hashName } from '../../core/text/hash.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import { upstreamBody } from '../../core/upstreams/upstream-body.ts';
import { longestGenerationMs } from '../calls/pace.ts';
import type { Opened } from '../run/opened.ts';
import type { Parts, Run } from '../run/run.ts';
import { type BegunAnswer, hasSpent } from '../run/spent.ts';
import { begin } from './begin.ts';
import { type Call, type Resumed, timedOut, unusable } from './call.ts';
import { isJudged } from './judge.ts';
import { readWhole } from './read-whole.ts';
import { openSource } from './source.ts';
import { keepEmpty } from './spare.ts';

/** Error bodies are read up to here. */
const maxErrorBytes = 65_536;

/** Makes the call. If its end was not seen, what it may have cost is noted for the bill. */
export async function openCall(
  run: Run,
  candidate: Candidate,
  resumed: Resumed | null = null,
): Promise<Result<Opened, UpstreamFailure>> {
  const { deps, tried, spent } = run;
  const upstream = upstreamOf(deps.config, candidate.upstreamId);
  const call: Call = {
    run,
    candidate,
    model: modelOf(deps.config, candidate.modelId),
    upstream,
    dialect: deps.dialectOf(candidate.upstreamId),
    controller: new AbortController(),
    resumed,
    startedAtMs: deps.clock.now(),
    limit: null,
  };
  tried.current = call.controller;
  tried.calls += 1;
  const answersBefore = spent.answers.length;
  const opened = await makeCall(call);
  noteUnseen(call, opened, spent.answers.slice(answersBefore));
  return opened;
}

/** `isStream` says how the server is asked; a server that answers the other way is understood as well. */
async function makeCall(call: Call): Promise<Result<Opened, UpstreamFailure>> {
  const { run, model, upstream, controller } = call;
  const isStream = asksForStream(run, model);
  // JSON comes whole, so the time that its tokens take is silence.
  const firstEventMs = upstream.timeouts_ms.first_event + (isStream ? 0 : longestGenerationMs(run.asked, model));
  const cancelFirstEvent = run.deps.timers.once(firstEventMs, () => {
    call.limit = 'first_event';
    controller.abort();
  });
  try {
    return await answered(call, isStream, cancelFirstEvent);
  } finally {
    cancelFirstEvent();
  }
}

/** @param onBegun called when the answer's first token is there */
async function answered(call: Call, isStream: boolean, onBegun: () => void): Promise<Result<Opened, UpstreamFailure>> {
  const { run, candidate, model, controller, resumed, dialect } = call;
  const { deps, asked, tried, spent } = run;
  const { caller, request } = asked;
  const encoded = dialect.encode(request, {
    servedName: model.served_name,
    isStream,
    maxTokens: tokensFor(call),
    cacheSalt: caller.cacheSalt,
    wantsLogprobs: isJudged(run, candidate) && model.capabilities.includes('logprobs'),
    hasGrammar: model.capabilities.includes('json_schema'),
    continueFrom: resumed?.sent.mode === 'continue' ? resumed.sent.text : null,
  });
  const opened = await deps.upstream.open({
    upstreamId: candidate.upstreamId,
    method: 'POST',
    path: encoded.path,
    body: upstreamBody(encoded.body),
    // vLLM keeps its requests by this header: two calls under way must never share one, whatever ids clients choose.
    requestId: `${caller.requestId}-${spent.runId}-${tried.calls}`,
    accept: isStream ? 'text/event-stream' : 'application/json',
    signal: controller.signal,
  });
  if (!opened.ok) return fail(call.limit === null ? { failure: opened.failure, cause: 'unreachable' } : timedOut);
  const { status, mediaType, body } = opened.value;
  if (status !== 200 || body === null) return fail(status === 200 ? unusable : await readFailure(call, opened.value));
  const source = openSource(body, deps.config.limits.max_event_bytes, dialect);
  const isStreamed = (await source.shape(mediaType)) === 'events';
  const read = isStreamed ? await begin(call, source, onBegun) : await readWhole(call, source, mediaType);
  // A stream that is only doubted is kept.
  if (read.ok || read.failure.cause === 'low_confidence') return read;
  // Nothing more of it will be read, so the server must stop writing.
  controller.abort();
  source.cancel();
  if (read.failure.cause === 'empty_answer') keepEmpty(run);
  return !isStreamed && call.limit !== null ? fail(timedOut) : read;
}

/** The token limit of a call: what was planned, as far as this route has room for it. */
function tokensFor({ run: { deps, asked, tried }, candidate, resumed }: Call): number {
  const room = answerTokens(asked.view, deps.config.limits, candidate.contextTokens);
  const most = Math.min(asked.maxTokens, room, tried.lowered.get(routeKey(candidate)) ?? room);
  if (resumed !== null) return Math.min(resumed.maxTokens, most);
  tried.askedTokens = most;
  return most;
}

/** An answer with tokens is billed by them. Of any other call that may have made the server work, only how long it ran is known. */
function noteUnseen(
  { run, candidate, model, limit, startedAtMs }: Call,
  opened: Result<Opened, UpstreamFailure>,
  begun: readonly BegunAnswer[],
): void {
  if (opened.ok || begun.some(hasSpent)) return;
  const { cause, failure } = opened.failure;
  const ranMs = run.deps.clock.now() - startedAtMs;
  const isTimeout = failure.code === 'upstream_timeout';
  if (!mayHaveWorked({ isGivenUp: run.client.isGone || limit !== null, cause, isTimeout, ranMs })) return;
  // A server that parses calls itself says nothing while it writes one.
  const mayWithhold = run.asked.request.tools !== undefined && begun.some(({ answer }) => answer.state.head.id !== null);
  const isWatched = asksForStream(run, model) && !mayWithhold;
  run.spent.unseen.push({ modelId: candidate.modelId, ranMs, isWatched });
}

function asksForStream({ deps, asked, tried }: Parts<'deps' | 'asked' | 'tried'>, model: ModelConfig): boolean {
  return tried.isStreamed || longestGenerationMs(asked, model) > deps.config.routing.streaming.plain_json_max_ms;
}

async function readFailure({ run, candidate, dialect }: Call, answer: UpstreamAnswer): Promise<UpstreamFailure> {
  const { clock, log } = run.deps;
  const body = await answer.readText(maxErrorBytes);
  const problem = dialect.readError(answer, body, clock.now());
  log.write('warn', 'upstream_refused', {
    requestId: run.asked.caller.requestId,
    upstreamId: candidate.upstreamId,
    status: answer.status,
    code: problem.failure.code,
    // Never the body itself: servers echo prompts, and what they were sent to know us by.
    bodyHash: body === null ? null : hashName(addText(emptyHash, body)),
  });
  return problem;
}
