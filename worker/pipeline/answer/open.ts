/**
 * One call of one model server, up to the point where its answer is known to have begun (streams) or to be whole (everything else).
 * Everything that goes wrong until then is a value the chain can act on; nothing has reached the client yet.
 */
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import type { ModelConfig, UpstreamConfig } from '../../../shared/config.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { mayHaveWorked } from '../../core/cost/unseen-work.ts';
import type { UpstreamAnswer } from '../../core/ports.ts';
import { type Answer, type AnswerState, isComplete, isEndMark } from '../../core/relay/answer.ts';
import { judgeEnding } from '../../core/relay/verdict.ts';
import { type Candidate, routeKey } from '../../core/route/attempt.ts';
import { answerTokens } from '../../core/route/token-room.ts';
import { addText, emptyHash, hashName } from '../../core/text-hash.ts';
import { type Dialect, dialectOf } from '../../core/upstreams/dialect.ts';
import { parseLenient } from '../../core/upstreams/lenient-json.ts';
import { statusFailure, type UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import { upstreamBody } from '../../core/upstreams/upstream-body.ts';
import { answerFor, argumentsPolicyOf, demandedCall, type Resumed } from './answer-for.ts';
import { type FedPiece, type Intake, openIntake, problemIn } from './intake.ts';
import { canJudge, isJudged, judge } from './judge.ts';
import { longestGenerationMs, watchLimits } from '../calls/pace.ts';
import { type BegunAnswer, hasSpent, type Run } from '../run/run.ts';
import { openSource, type Source } from './source.ts';
import { startWatch, type Watch } from './watch.ts';

/** A stream whose first event has arrived and was good. */
export interface OpenStream {
  readonly candidate: Candidate;
  readonly startedAtMs: number;
  readonly answer: Answer;
  readonly source: Intake;
  /** What has been read so far and not shown, with what each payload meant; it ends with the first token or later. */
  readonly held: readonly FedPiece[];
  abort(): void;
}

/** What an attempt came to; `answer` is there as soon as the server said anything, since tokens were spent. */
export type Opened =
  | { readonly kind: 'stream'; readonly stream: OpenStream }
  | { readonly kind: 'whole'; readonly answer: Answer };

/** Error bodies are read up to here. */
const maxErrorBytes = 65_536;

interface Call {
  readonly run: Run;
  readonly candidate: Candidate;
  readonly model: ModelConfig;
  readonly upstream: UpstreamConfig;
  readonly dialect: Dialect;
  readonly controller: AbortController;
  readonly resumed: Resumed | null;
  readonly startedAtMs: number;
  /** The limit that ran out, if one did. */
  limit: 'first_event' | 'idle' | 'total' | null;
}

/** Makes the attempt. What it cost where nobody saw its end is noted for the bill. */
export async function openCall(
  run: Run,
  candidate: Candidate,
  resumed: Resumed | null = null,
): Promise<Result<Opened, UpstreamFailure>> {
  const { config } = run.deps;
  const upstream = upstreamOf(config, candidate.upstreamId);
  const call: Call = {
    run,
    candidate,
    model: modelOf(config, candidate.modelId),
    upstream,
    dialect: dialectOf(upstream.dialect, run.deps.hideSecrets),
    controller: new AbortController(),
    resumed,
    startedAtMs: run.deps.clock.now(),
    limit: null,
  };
  run.current = call.controller;
  run.calls += 1;
  const answersBefore = run.answers.length;
  const opened = await makeCall(call);
  noteUnseen(call, opened, run.answers.slice(answersBefore));
  return opened;
}

/** `isStream` says how the server is asked; a server that answers the other way is understood as well. */
async function makeCall(call: Call): Promise<Result<Opened, UpstreamFailure>> {
  const { run, model, upstream, controller } = call;
  const isStream = asksForStream(run, model);
  // JSON comes whole, so the time that its tokens take is silence.
  const firstEventMs = upstream.timeouts_ms.first_event + (isStream ? 0 : longestGenerationMs(run, model));
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
  const { run, candidate, model, controller, resumed } = call;
  const { config } = run.deps;
  const opened = await run.deps.upstream.open({
    upstreamId: candidate.upstreamId,
    method: 'POST',
    path: call.dialect.chatPath,
    body: upstreamBody(
      call.dialect.encode(run.request, {
        servedName: model.served_name,
        isStream,
        maxTokens: tokensFor(call),
        cacheSalt: run.cacheSalt,
        wantsLogprobs: isJudged(run, candidate) && model.capabilities.includes('logprobs'),
        hasGrammar: model.capabilities.includes('json_schema'),
        continueFrom: resumed?.sent.mode === 'continue' ? resumed.sent.text : null,
      }),
    ),
    // vLLM keeps its requests by this header: two calls under way must never share one, whatever ids clients choose.
    requestId: `${run.requestId}-${run.runId}-${run.calls}`,
    accept: isStream ? 'text/event-stream' : 'application/json',
    signal: controller.signal,
  });
  if (!opened.ok) return fail(call.limit === null ? { failure: opened.failure, cause: 'unreachable' } : timedOut);
  const { status, mediaType, body } = opened.value;
  if (status !== 200 || body === null) return fail(status === 200 ? unusable : await readFailure(call, opened.value));
  const source = openSource(body, config.limits.max_event_bytes);
  const isStreamed = (await source.shape(mediaType)) === 'events';
  const read = isStreamed ? await begin(call, source, onBegun) : await readWhole(call, source, mediaType);
  // A stream that is only doubted is kept.
  if (read.ok || read.failure.cause === 'low_confidence') return read;
  // What nobody reads any more must not go on coming.
  controller.abort();
  source.cancel();
  if (read.failure.cause === 'empty_answer') keepEmpty(run);
  return !isStreamed && call.limit !== null ? fail(timedOut) : read;
}

/** The token limit of a call: what was planned, as far as this route has room for it. */
function tokensFor({ run, candidate, resumed }: Call): number {
  const room = answerTokens(run.view, run.deps.config.limits, candidate.contextTokens);
  const most = Math.min(run.maxTokens, room, run.lowered.get(routeKey(candidate)) ?? room);
  if (resumed !== null) return Math.min(resumed.maxTokens, most);
  run.askedTokens = most;
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
  if (!mayHaveWorked({ isGivenUp: run.isClientGone || limit !== null, cause, isTimeout, ranMs })) return;
  // A server that parses calls itself says nothing while it writes one.
  const mayWithhold = run.request.tools !== undefined && begun.some(({ answer }) => answer.state.head.id !== null);
  const isWatched = asksForStream(run, model) && !mayWithhold;
  run.unseen.push({ modelId: candidate.modelId, ranMs, isWatched });
}

function asksForStream(run: Run, model: ModelConfig): boolean {
  return run.request.stream === true || longestGenerationMs(run, model) > run.deps.config.routing.streaming.plain_json_max_ms;
}

const timedOut: UpstreamFailure = { failure: { code: 'upstream_timeout' }, cause: 'timeout' };
const unusable: UpstreamFailure = { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' };

async function readFailure(call: Call, answer: UpstreamAnswer): Promise<UpstreamFailure> {
  const body = await answer.readText(maxErrorBytes);
  const problem = call.dialect.readError(answer, body, call.run.deps.clock.now());
  call.run.deps.log.write('warn', 'upstream_refused', {
    requestId: call.run.requestId,
    upstreamId: call.candidate.upstreamId,
    status: answer.status,
    code: problem.failure.code,
    // Never the body itself: servers echo prompts, and what they were sent to know us by.
    bodyHash: body === null ? null : hashName(addText(emptyHash, body)),
  });
  return problem;
}

/** A 200 that is no event stream: the answer as JSON, whatever it is called, or something pretending to be one. */
async function readWhole(call: Call, source: Source, mediaType: string): Promise<Result<Opened, UpstreamFailure>> {
  const text = await source.readText(call.run.deps.config.limits.max_answer_bytes);
  if (text === 'too_large') return fail({ failure: { code: 'upstream_too_large' }, cause: 'invalid_answer' });
  if (mediaType === 'text/html') return fail(statusFailure(302, mediaType, null, null));
  const body = text === null ? null : parseLenient(withoutEndMark(text));
  if (body === null) return fail(unusable);
  const completion = call.dialect.readCompletion(body.value);
  if (!completion.ok) return completion;
  const answer = answerFor(call.run, call.candidate.modelId, call.model, call.dialect, call.resumed);
  const fed = answer.feedCompletion(completion.value);
  return fed.kind === 'broken' ? fail(fed.problem) : judged(call, answer, { kind: 'whole', answer });
}

/** There are servers that put the end mark of a stream behind their JSON. */
function withoutEndMark(text: string): string {
  const at = text.lastIndexOf('data:');
  return at > 0 && isEndMark(text.slice(at + 'data:'.length).trim()) ? text.slice(0, at) : text;
}

/** Waits for the stream's first token, and for as much more as must be seen before it may be shown; or for all of it. */
async function begin(call: Call, from: Source, onBegun: () => void): Promise<Result<Opened, UpstreamFailure>> {
  const { run } = call;
  const answer = answerFor(run, call.candidate.modelId, call.model, call.dialect, call.resumed);
  const abort = (): void => call.controller.abort();
  const source = openIntake(answer, from, run.deps.timers, abort);
  const held: FedPiece[] = [];
  const begun = await readUntil(call, source, answer, held, hasBegun);
  onBegun();
  if (!begun.ok) return begun;
  if (run.request.stream !== true) {
    const collected = await collect(call, source, answer);
    return collected.ok ? judged(call, answer, collected.value) : collected;
  }
  if (!mayShow(call, answer)) {
    const watch = watchCall(call, answer);
    const enough = await readUntil(call, source, answer, held, () => mayShow(call, answer));
    watch.stop();
    if (!enough.ok) return enough;
  }
  const { candidate, startedAtMs } = call;
  answer.state.isShown = true;
  return judged(call, answer, { kind: 'stream', stream: { candidate, startedAtMs, answer, source, held, abort } });
}

/** A role chunk says nothing yet: until the first token the chain is free to try elsewhere. */
function hasBegun(state: AnswerState): boolean {
  return state.contentEvents > 0 || isComplete(state);
}

/** Whether enough is known of this answer to decide that it may be shown. */
function mayShow(call: Call, answer: Answer): boolean {
  const { run } = call;
  if (isComplete(answer.state)) return true;
  if (isJudged(run, call.candidate) && !canJudge(run, answer)) return false;
  const hasTools = run.request.tools !== undefined;
  const mustCall = demandedCall(run.request) !== null;
  const waitsForCalls = mustCall || (hasTools && argumentsPolicyOf(run) === 'escalate');
  // Prose where JSON was promised shows nothing, and neither does a call before it is whole: another try is still free then.
  if (!hasTools && run.structured === null) return true;
  for (const { content, reasoning, refusal, surfacedCalls } of answer.state.choices.values()) {
    // Prose where a call is demanded is only shown once the call is there.
    if ((content !== '' && !mustCall) || refusal !== '' || surfacedCalls > 0 || (reasoning !== '' && !waitsForCalls)) return true;
  }
  return false;
}

/** An answer of the small tier that is not good enough is kept for the case that nobody gives a better one. */
function judged(call: Call, answer: Answer, opened: Opened): Result<Opened, UpstreamFailure> {
  const { run, candidate } = call;
  const doubt = isJudged(run, candidate) ? judge(run, answer) : null;
  if (doubt === null) return ok(opened);
  const begun = run.answers.find((known) => known.answer === answer);
  if (begun !== undefined) {
    run.spare = { begun, opened, place: opened.kind === 'stream' ? run.place : null };
    // The server goes on writing, so its place stays taken.
    if (opened.kind === 'stream') run.place = null;
  }
  return fail({ failure: doubt, cause: 'low_confidence' });
}

/** An answer without a word is better than none, should nobody have more to say. */
function keepEmpty(run: Run): void {
  const begun = run.answers.at(-1);
  if (begun !== undefined) run.spare ??= { begun, opened: { kind: 'whole', answer: begun.answer }, place: null };
}

/** Reads and holds pieces until `isEnough`; every way of breaking before that is a failure of this attempt and of nothing else. */
async function readUntil(
  call: Call,
  source: Intake,
  answer: Answer,
  held: FedPiece[],
  isEnough: (state: AnswerState) => boolean,
): Promise<Result<null, UpstreamFailure>> {
  for (;;) {
    if (isEnough(answer.state)) return ok(null);
    const fed = source.take(await source.read());
    if (fed.kind !== 'fed') return fail(brokenOff(call, fed.kind));
    held.push(fed);
    const { feeds } = fed;
    const problem = problemIn(feeds);
    if (problem !== null) return fail(problem);
    if (feeds?.some((feed) => feed.kind === 'done') === true && !isEnough(answer.state)) return fail(unusable);
  }
}

function brokenOff(call: Call, kind: 'eof' | 'reset' | 'overflow'): UpstreamFailure {
  if (call.limit !== null) return timedOut;
  if (kind === 'overflow') return { failure: { code: 'upstream_too_large' }, cause: 'invalid_answer' };
  return { failure: { code: 'upstream_unreachable' }, cause: 'reset' };
}

/** Reads a stream to its end for a client that asked for a whole answer. */
async function collect(call: Call, source: Intake, answer: Answer): Promise<Result<Opened, UpstreamFailure>> {
  const watch = watchCall(call, answer);
  let problem: UpstreamFailure | null = null;
  let end: 'eof' | 'reset' | null = null;
  while (end === null && problem === null && !answer.state.sawDone) {
    const fed = source.take(await source.read());
    if (fed.kind === 'fed') problem = problemIn(fed.feeds);
    else if (fed.kind === 'overflow') problem = brokenOff(call, 'overflow');
    else end = fed.kind;
  }
  watch.stop();
  source.cancel();
  const limit = call.limit === 'idle' || call.limit === 'total' ? call.limit : null;
  const ending = judgeEnding({ isClientGone: false, problem, isComplete: isComplete(answer.state), limit, end });
  if (ending.kind === 'failed') return fail({ failure: ending.failure, cause: ending.cause });
  return ok({ kind: 'whole', answer });
}

/** Idle and total limits of a call that nobody is being written to for. */
function watchCall(call: Call, answer: Answer): Watch {
  return startWatch(call.run.deps.clock, call.run.deps.timers, {
    ...watchLimits(call.run, call.candidate, answer.state),
    pingMs: null,
    onLimit(limit) {
      call.limit ??= limit;
      call.controller.abort();
    },
    onBeat: () => call.run.place?.keep(call.run.background),
    onPing: () => undefined,
  });
}
