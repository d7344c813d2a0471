/**
 * One call of one model server, up to the point where its answer is known to have begun (streams) or to be whole (everything else).
 * Everything that goes wrong until then is a value the chain can act on; nothing has reached the client yet.
 */
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import { fail, type Result } from '../../../shared/result.ts';
import { mayHaveWorked } from '../../core/cost/unseen-work.ts';
import type { UpstreamAnswer } from '../../core/ports.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import { requestFor } from '../../core/request/late-system.ts';
import { routeKey } from '../../core/upstreams/route-key.ts';
import { answerTokens } from '../../core/route/token-room.ts';
import { addText, emptyHash, hashName } from '../../core/text/hash.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import { writeTraceparent } from '../../core/trace/trace-context.ts';
import { upstreamBody } from '../../core/upstreams/upstream-body.ts';
import { useCard } from '../calls/card.ts';
import { askingOf } from '../calls/pace.ts';
import { firstEventMs, longPromptTokens, promptRead } from '../calls/places.ts';
import type { Opened } from '../run/opened.ts';
import type { Run } from '../run/run.ts';
import { type BegunAnswer, hasSpent } from '../run/spent.ts';
import { callAttributes } from '../run/trace-attributes.ts';
import { beginCall, type CallTimes, endCall } from '../run/timeline.ts';
import { begin } from './begin.ts';
import { type Call, type Resumed, timedOut, unusable } from './call.ts';
import { isJudged } from './judge.ts';
import { isAnnounced, isEventText, readWhole, streamOf } from './read-whole.ts';
import { openSource, type Source } from './source.ts';
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
  const model = modelOf(deps.config, candidate.modelId);
  const call: Call = {
    run,
    candidate,
    model,
    upstream,
    asking: askingOf(run, candidate.modelId, model),
    dialect: deps.dialectOf(candidate.upstreamId),
    controller: new AbortController(),
    resumed,
    startedAtMs: deps.clock.now(),
    limit: null,
  };
  tried.current = call.controller;
  tried.calls += 1;
  const times = beginCall(candidate, call.startedAtMs, useCard(run, candidate.modelId, call.startedAtMs));
  tried.timeline.push(times);
  run.asked.caller.trace?.enter('call', callAttributes(run, candidate));
  const answersBefore = spent.answers.length;
  const cancelFirstEvent = limitFirstEvent(call);
  let opened: Result<Opened, UpstreamFailure>;
  try {
    opened = await answered(call, (isRead) => {
      cancelFirstEvent();
      promptRead(run, isRead);
      if (isRead) times.gpu?.noteFirstToken(deps.clock.now());
      times.firstByteAtMs = deps.clock.now();
    });
  } finally {
    cancelFirstEvent();
  }
  const begun = spent.answers.slice(answersBefore);
  noteOpened(call, times, opened, begun);
  noteUnseen(call, opened, begun);
  return opened;
}

function limitFirstEvent(call: Call): () => void {
  const { run, candidate, model, controller, asking } = call;
  // JSON comes whole, so the time that its tokens take is silence.
  const limitMs = firstEventMs(run.deps.config, candidate, longPromptTokens(run.asked, model)) + asking.silenceMs;
  return run.deps.timers.once(limitMs, () => {
    call.limit = 'first_event';
    controller.abort();
  });
}

/** @param onBegun called when the answer's first token is there, or none will come */
async function answered(call: Call, onBegun: (isRead: boolean) => void): Promise<Result<Opened, UpstreamFailure>> {
  const { run, candidate, model, controller, resumed, dialect } = call;
  const { isStream } = call.asking;
  const { deps, asked, tried, spent } = run;
  const { caller, request } = asked;
  const encoded = dialect.encode(requestFor(model, request), {
    servedName: model.served_name,
    isStream,
    maxTokens: tokensFor(call),
    cacheSalt: caller.cacheSalt,
    wantsLogprobs: isJudged(run, candidate) && model.capabilities.includes('logprobs'),
    hasGrammar: model.capabilities.includes('json_schema'),
    continueFrom: resumed?.sent.mode === 'continue' ? resumed.sent.text : null,
  });
  tried.warning = encoded.warning ?? null;
  const opened = await deps.upstream.open({
    upstreamId: candidate.upstreamId,
    method: 'POST',
    path: encoded.path,
    body: upstreamBody(encoded.body),
    // vLLM keeps its requests by this header: two calls under way must never share one, whatever ids clients choose.
    requestId: `${caller.requestId}-${spent.runId}-${tried.calls}`,
    accept: isStream ? 'text/event-stream' : 'application/json',
    traceparent: caller.trace === null ? caller.traceparent : writeTraceparent(caller.trace.here()),
    signal: controller.signal,
  });
  if (!opened.ok) return fail(call.limit === null ? { failure: opened.failure, cause: 'unreachable' } : timedOut);
  const answer = opened.value;
  if (answer.status !== 200) return fail(await readFailure(call, answer));
  // One that says how long it is comes as one text, without a reader of its own.
  if (!isAnnounced(call, answer)) return await readBody(call, answer.body, answer.mediaType, onBegun);
  const text = await answer.readText(deps.config.limits.max_answer_bytes);
  if (text === null || !isEventText(text)) return endedWhole(call, readWhole(call, text, answer.mediaType), null);
  return await readBody(call, streamOf(text), answer.mediaType, onBegun);
}

/** Events or one text, whatever was asked for and whatever the server calls it. */
async function readBody(
  call: Call,
  body: UpstreamAnswer['body'],
  mediaType: string,
  onBegun: (isRead: boolean) => void,
): Promise<Result<Opened, UpstreamFailure>> {
  const { limits } = call.run.deps.config;
  if (body === null) return fail(unusable);
  const source = openSource(body, limits.max_event_bytes, call.dialect);
  if ((await source.shape(mediaType)) === 'events') return ended(call, await begin(call, source, onBegun), source);
  return endedWhole(call, readWhole(call, await source.readText(limits.max_answer_bytes), mediaType), source);
}

/** What a call came to; of a failed one nothing more will be read, so the server must stop writing. */
function ended(
  { run, controller }: Call,
  read: Result<Opened, UpstreamFailure>,
  source: Source | null,
): Result<Opened, UpstreamFailure> {
  // A stream that is only doubted is kept.
  if (read.ok || read.failure.cause === 'low_confidence') return read;
  controller.abort();
  source?.cancel();
  if (read.failure.cause === 'empty_answer') keepEmpty(run);
  return read;
}

/** A whole answer that its limit has cut off cannot be read, and that is not its fault. */
function endedWhole(call: Call, read: Result<Opened, UpstreamFailure>, source: Source | null): Result<Opened, UpstreamFailure> {
  const { limit } = call;
  const result = ended(call, read, source);
  return result.ok || limit === null || result.failure.cause === 'low_confidence' ? result : fail(timedOut);
}

/** The token limit of a call: what was planned, as far as this route has room for it. */
function tokensFor({ run: { deps, asked, tried }, candidate, resumed }: Call): number {
  const room = answerTokens(asked.view, deps.config.limits, candidate.contextTokens);
  const most = Math.min(asked.maxTokens, room, tried.lowered.get(routeKey(candidate)) ?? room);
  if (resumed !== null) return Math.min(resumed.maxTokens, most);
  tried.askedTokens = most;
  return most;
}

/** A stream runs on, and its end is noted where it is seen. */
function noteOpened(
  { run }: Call,
  times: CallTimes,
  opened: Result<Opened, UpstreamFailure>,
  begun: readonly BegunAnswer[],
): void {
  const nowMs = run.deps.clock.now();
  run.asked.caller.trace?.note('call', { 'error.type': opened.ok ? null : opened.failure.cause });
  if (!opened.ok) {
    if (!begun.some(hasSpent)) times.firstByteAtMs = null;
    endCall(times, run.client.isGone ? 'client_abort' : opened.failure.cause, nowMs);
  } else if (opened.value.kind === 'whole') {
    times.firstByteAtMs ??= nowMs;
    endCall(times, 'ok', nowMs);
  }
}

/** An answer with tokens is billed by them. Of any other call that may have made the server work, only how long it ran is known. */
function noteUnseen(
  { run, candidate, limit, startedAtMs, asking }: Call,
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
  const isWatched = asking.isStream && !mayWithhold;
  run.spent.unseen.push({ modelId: candidate.modelId, call: run.tried.calls, ranMs, isWatched });
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
