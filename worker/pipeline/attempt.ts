/**
 * One call of one model server, up to the point where its answer is known to have begun (streams) or to be whole (everything else).
 * Everything that goes wrong until then is a value the chain can act on; nothing has reached the client yet.
 */
import { modelOf, upstreamOf } from '../../shared/config-prepare.ts';
import type { ModelConfig, UpstreamConfig } from '../../shared/config.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import type { UpstreamAnswer } from '../core/ports.ts';
import { type Answer, type AnswerState, type Feed, isComplete } from '../core/relay/answer.ts';
import { judgeEnding } from '../core/relay/verdict.ts';
import type { Attempt } from '../core/route/attempt.ts';
import { answerTokens } from '../core/route/token-room.ts';
import { type Dialect, dialectOf } from '../core/upstreams/dialect.ts';
import { parseLenient } from '../core/upstreams/lenient-json.ts';
import { statusFailure, type UpstreamFailure } from '../core/upstreams/transport-failure.ts';
import { upstreamBody } from '../core/upstreams/upstream-body.ts';
import { answerFor, type Resumed } from './answer-for.ts';
import { canJudge, isJudged, judge } from './judge.ts';
import type { Run } from './run.ts';
import { openSource, type Piece, type Source } from './source.ts';
import { startWatch, type Watch } from './watch.ts';

/** A stream whose first event has arrived and was good. */
export interface OpenStream {
  readonly attempt: Attempt;
  readonly startedAtMs: number;
  readonly answer: Answer;
  readonly source: Source;
  /** What has been read so far and not shown, with what each payload meant; it ends with the first token or later. */
  readonly held: readonly FedPiece[];
  readonly upstream: UpstreamConfig;
  abort(): void;
}

export interface FedPiece {
  readonly piece: DataPiece;
  /** Null: all verbatim. */
  readonly feeds: readonly Feed[] | null;
}

export type DataPiece = Extract<Piece, { kind: 'data' }>;

/** What an attempt came to; `answer` is there as soon as the server said anything, since tokens were spent. */
export type Opened =
  | { readonly kind: 'stream'; readonly stream: OpenStream }
  | { readonly kind: 'whole'; readonly answer: Answer };

/** Error bodies are read up to here; more would only fill the log. */
const maxErrorBytes = 65_536;

interface Call {
  readonly run: Run;
  readonly attempt: Attempt;
  readonly model: ModelConfig;
  readonly upstream: UpstreamConfig;
  readonly dialect: Dialect;
  readonly controller: AbortController;
  readonly resumed: Resumed | null;
  readonly startedAtMs: number;
  /** The limit that ran out, if one did. */
  limit: 'connect' | 'first_event' | 'idle' | 'total' | null;
}

/** Makes the attempt. `isStream` says how the server is asked; a server that answers the other way is understood as well. */
export async function openAttempt(
  run: Run,
  attempt: Attempt,
  resumed: Resumed | null = null,
): Promise<Result<Opened, UpstreamFailure>> {
  const { config } = run.deps;
  const model = modelOf(config, attempt.modelId);
  const upstream = upstreamOf(config, attempt.upstreamId);
  const controller = new AbortController();
  const call: Call = {
    run,
    attempt,
    model,
    upstream,
    dialect: dialectOf(upstream.dialect),
    controller,
    resumed,
    startedAtMs: run.deps.clock.now(),
    limit: null,
  };
  run.current = controller;
  run.calls += 1;
  const generationMs = longestGenerationMs(run, model);
  const isStream = run.request.stream === true || generationMs > run.deps.config.routing.streaming.plain_json_max_ms;
  const { timeouts_ms: limits } = upstream;
  const wholeMs = Math.min(limits.total, limits.first_event + generationMs);
  const cancelConnect = deadline(call, 'connect', isStream ? limits.connect : wholeMs);
  const opened = await run.deps.upstream.open({
    upstreamId: attempt.upstreamId,
    method: 'POST',
    path: call.dialect.chatPath,
    body: upstreamBody(
      call.dialect.encode(run.request, {
        servedName: model.served_name,
        isStream,
        maxTokens: Math.min(resumed?.maxTokens ?? run.maxTokens, answerTokens(run.view, config.limits, attempt.contextTokens)),
        cacheSalt: run.cacheSalt,
        wantsLogprobs: isJudged(run, attempt) && model.capabilities.includes('logprobs'),
        continueFrom: resumed?.sent.mode === 'continue' ? resumed.sent.text : null,
      }),
    ),
    // vLLM keeps its requests by this header: two calls under way must never share one, whatever ids clients choose.
    requestId: `${run.requestId}-${run.admissionId}-${run.calls}`,
    accept: isStream ? 'text/event-stream' : 'application/json',
    signal: controller.signal,
  });
  if (!opened.ok) {
    cancelConnect();
    return fail(call.limit === null ? { failure: opened.failure, cause: 'unreachable' } : timedOut);
  }
  const { status, mediaType } = opened.value;
  if (status === 200 && mediaType === 'text/event-stream' && opened.value.body !== null) {
    cancelConnect();
    return begin(call, openSource(opened.value.body, run.deps.config.limits.max_event_bytes));
  }
  if (status !== 200) {
    const failure = await readFailure(call, opened.value);
    cancelConnect();
    return fail(failure);
  }
  // `connect` ends with the headers; JSON that was asked for had its limit from the start.
  if (isStream) cancelConnect();
  const cancelBody = isStream ? deadline(call, 'total', limits.total) : cancelConnect;
  const read = await readWhole(call, opened.value);
  cancelBody();
  // What nobody reads any more must not go on coming.
  if (!read.ok) controller.abort();
  return call.limit === null || read.ok ? read : fail(timedOut);
}

const timedOut: UpstreamFailure = { failure: { code: 'upstream_timeout' }, cause: 'timeout' };
const unusable: UpstreamFailure = { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' };

function deadline(call: Call, limit: NonNullable<Call['limit']>, afterMs: number): () => void {
  return call.run.deps.timers.once(afterMs, () => {
    call.limit = limit;
    call.controller.abort();
  });
}

/**
 * The most time the tokens asked for can take. Plain JSON is asked for only where that is sure to end before the tunnel gives up on
 * silence (120 s; the configured bound leaves room for prefill and queueing).
 */
function longestGenerationMs({ request, maxTokens }: Run, model: ModelConfig): number {
  return ((maxTokens * (request.n ?? 1)) / model.slow_tokens_per_second) * 1000;
}

async function readFailure(call: Call, answer: UpstreamAnswer): Promise<UpstreamFailure> {
  const body = await answer.readText(maxErrorBytes);
  const problem = call.dialect.readError(answer, body, call.run.deps.clock.now());
  call.run.deps.log.write('warn', 'upstream_refused', {
    requestId: call.run.requestId,
    upstreamId: call.attempt.upstreamId,
    status: answer.status,
    code: problem.failure.code,
    ...(answer.status >= 500 && body !== null ? { body: body.slice(0, 300) } : {}),
  });
  return problem;
}

/** A 200 that is no event stream: the answer as JSON, or something pretending to be one. */
async function readWhole(call: Call, answer: UpstreamAnswer): Promise<Result<Opened, UpstreamFailure>> {
  const { run, dialect } = call;
  if (answer.mediaType === 'text/html') {
    await answer.readText(maxErrorBytes);
    return fail(statusFailure(302, answer.mediaType, null, null));
  }
  if (answer.mediaType !== 'application/json') return fail(unusable);
  const text = await answer.readText(run.deps.config.limits.max_answer_bytes);
  if (text === null) return fail(unusable);
  const body = parseLenient(text);
  if (body === null) return fail(unusable);
  const completion = dialect.readCompletion(body.value);
  if (!completion.ok) return completion;
  const built = answerFor(run, call.attempt.modelId, call.model, dialect, call.resumed);
  const fed = built.feedCompletion(completion.value);
  return fed.kind === 'broken' ? fail(fed.problem) : judged(call, built, { kind: 'whole', answer: built });
}

/** Waits for the stream's first token, and for as much more as must be seen before it may be shown; or for all of it. */
async function begin(call: Call, source: Source): Promise<Result<Opened, UpstreamFailure>> {
  const { run, upstream } = call;
  const answer = answerFor(run, call.attempt.modelId, call.model, call.dialect, call.resumed);
  const held: FedPiece[] = [];
  const cancelFirst = deadline(call, 'first_event', upstream.timeouts_ms.first_event);
  const begun = await readUntil(call, source, answer, held, hasBegun);
  cancelFirst();
  if (!begun.ok) {
    source.cancel();
    return begun;
  }
  if (run.request.stream !== true) {
    const collected = await collect(call, source, answer);
    return collected.ok ? judged(call, answer, collected.value) : collected;
  }
  if (!mayShow(call, answer)) {
    const watch = watchCall(call);
    const enough = await readUntil(call, source, answer, held, () => {
      watch.touch();
      return mayShow(call, answer);
    });
    watch.stop();
    if (!enough.ok) {
      source.cancel();
      return enough;
    }
  }
  const { attempt, startedAtMs } = call;
  answer.state.isShown = true;
  const abort = (): void => call.controller.abort();
  return judged(call, answer, { kind: 'stream', stream: { attempt, startedAtMs, answer, source, held, upstream, abort } });
}

/** A role chunk says nothing yet: until the first token the chain is free to try elsewhere. */
function hasBegun(state: AnswerState): boolean {
  return state.contentEvents > 0 || isComplete(state);
}

/** Whether enough is known of this answer to decide that it may be shown. */
function mayShow(call: Call, answer: Answer): boolean {
  const { run } = call;
  if (isComplete(answer.state)) return true;
  if (isJudged(run, call.attempt) && !canJudge(run, answer)) return false;
  const hasTools = run.request.tools !== undefined;
  const waitsForCalls = hasTools && run.deps.config.routing.tools.invalid_arguments === 'escalate';
  // Prose where JSON was promised shows nothing, and neither does a call before it is whole: another try is still free then.
  if (!hasTools && run.structured === null) return true;
  for (const { content, reasoning, surfacedCalls } of answer.state.choices.values()) {
    if (content !== '' || surfacedCalls > 0 || (reasoning !== '' && !waitsForCalls)) return true;
  }
  return false;
}

/** An answer of the small tier that is not good enough is kept for the case that nobody gives a better one. */
function judged(call: Call, answer: Answer, opened: Opened): Result<Opened, UpstreamFailure> {
  const { run, attempt } = call;
  const doubt = isJudged(run, attempt) ? judge(run, answer) : null;
  if (doubt === null) return ok(opened);
  const begun = run.answers.find((known) => known.answer === answer);
  if (begun !== undefined) {
    run.spare = { begun, opened, place: opened.kind === 'stream' ? run.place : null };
    // The server goes on writing, so its place stays taken.
    if (opened.kind === 'stream') run.place = null;
  }
  return fail({ failure: doubt, cause: 'low_confidence' });
}

/** Reads and holds pieces until `isEnough`; every way of breaking before that is a failure of this attempt and of nothing else. */
async function readUntil(
  call: Call,
  source: Source,
  answer: Answer,
  held: FedPiece[],
  isEnough: (state: AnswerState) => boolean,
): Promise<Result<null, UpstreamFailure>> {
  for (;;) {
    if (isEnough(answer.state)) return ok(null);
    const piece = await source.read();
    if (piece.kind !== 'data') return fail(brokenOff(call, piece.kind));
    const feeds = feedUntilEnd(answer, piece.payloads);
    held.push({ piece, feeds });
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
async function collect(call: Call, source: Source, answer: Answer): Promise<Result<Opened, UpstreamFailure>> {
  const watch = watchCall(call);
  let problem: UpstreamFailure | null = null;
  let end: 'eof' | 'reset' | null = null;
  while (end === null && problem === null && !answer.state.sawDone) {
    const piece = await source.read();
    watch.touch();
    if (piece.kind === 'data') problem = problemIn(feedUntilEnd(answer, piece.payloads));
    else if (piece.kind === 'overflow') problem = brokenOff(call, 'overflow');
    else end = piece.kind;
  }
  watch.stop();
  source.cancel();
  const limit = call.limit === 'idle' || call.limit === 'total' ? call.limit : null;
  const ending = judgeEnding({ isClientGone: false, problem, isComplete: isComplete(answer.state), limit, end });
  if (ending.kind === 'failed') return fail({ failure: ending.failure, cause: ending.cause });
  return ok({ kind: 'whole', answer });
}

/** Idle and total limits of a call that nobody is being written to for. */
function watchCall(call: Call): Watch {
  const { timeouts_ms: limits } = call.upstream;
  return startWatch(call.run.deps.clock, call.run.deps.timers, {
    idleMs: limits.idle,
    totalMs: limits.total,
    pingMs: null,
    onLimit(limit) {
      call.limit ??= limit;
      call.controller.abort();
    },
    onBeat: () => call.run.place?.keep(call.run.background),
    onPing: () => undefined,
  });
}

/**
 * Feeds payloads up to the one that ends the answer; what comes after [DONE] is dropped. Null when all of them may go on as they came,
 * which is so for nearly every piece of a stream and then costs no list.
 */
export function feedUntilEnd(answer: Answer, payloads: readonly string[]): readonly Feed[] | null {
  let feeds: Feed[] | null = null;
  for (let i = 0; i < payloads.length; i += 1) {
    const feed = answer.feed(payloads[i] ?? '');
    if (feeds === null && feed.kind === 'verbatim') continue;
    feeds ??= Array.from({ length: i }, (): Feed => ({ kind: 'verbatim' }));
    feeds.push(feed);
    if (feed.kind === 'done' || feed.kind === 'broken') break;
  }
  return feeds;
}

export function problemIn(feeds: readonly Feed[] | null): UpstreamFailure | null {
  const last = feeds?.at(-1);
  return last?.kind === 'broken' ? last.problem : null;
}
