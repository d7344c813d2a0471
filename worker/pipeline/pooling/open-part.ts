/** One call of one pooling server. Its answer comes whole; what it cost is noted whatever came of it. */
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { Usage } from '../../../shared/usage.ts';
import { mayHaveWorked, unseenUsage } from '../../core/cost/unseen-work.ts';
import { reconcileUsage } from '../../core/cost/reconcile-usage.ts';
import type { UpstreamAnswer } from '../../core/ports.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import type { PoolingTask } from '../../core/request/pooling-task.ts';
import { addText, emptyHash, hashName } from '../../core/text/hash.ts';
import { writeTraceparent } from '../../core/trace/trace-context.ts';
import type { PoolingAnswer, ReportedUsage } from '../../core/upstreams/dialect.ts';
import { loginPage, type UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import { upstreamBody } from '../../core/upstreams/upstream-body.ts';
import { useCard } from '../calls/card.ts';
import type { Run } from '../run/run.ts';
import { beginCall, endCall } from '../run/timeline.ts';
import { callAttributes } from '../run/trace-attributes.ts';
import type { PooledRun } from './pooled-run.ts';

/** Error bodies are read up to here. */
const maxErrorBytes = 65_536;

export interface OpenedPart {
  readonly kind: 'whole';
  readonly answer: PoolingAnswer;
}

/** @param whole the request's run, which counts its calls; `part` tries and spends */
export async function openPart(whole: Run, part: PooledRun, candidate: Candidate): Promise<Result<OpenedPart, UpstreamFailure>> {
  const { deps, tried, client } = part.run;
  const { caller } = part.run.asked;
  const startedAtMs = deps.clock.now();
  whole.tried.calls += 1;
  const number = whole.tried.calls;
  tried.calls = number;
  const times = beginCall(candidate, startedAtMs, useCard(part.run, candidate.modelId, startedAtMs));
  whole.tried.timeline.push(times);
  caller.trace?.enter('call', callAttributes(part.run, candidate));
  const controller = new AbortController();
  tried.current = controller;
  let isLate = false;
  const cancelTimer = deps.timers.once(upstreamOf(deps.config, candidate.upstreamId).timeouts_ms.first_event, () => {
    isLate = true;
    controller.abort();
  });
  const read = await callInOtherForm(part, (task) => call({ ...part, task }, candidate, number, controller.signal));
  cancelTimer();
  const nowMs = deps.clock.now();
  const result = !read.ok && isLate ? fail(timedOut) : read;
  if (result.ok) times.firstByteAtMs = nowMs;
  endCall(times, result.ok ? 'ok' : client.isGone ? 'client_abort' : result.failure.cause, nowMs);
  noteUsage(part.run, candidate, { number, ranMs: nowMs - startedAtMs, isGivenUp: client.isGone || isLate }, result);
  return result.ok ? ok({ kind: 'whole', answer: result.value }) : result;
}

const timedOut: UpstreamFailure = { failure: { code: 'upstream_timeout' }, cause: 'timeout' };
const cannot: UpstreamFailure = { failure: { code: 'upstream_model_missing' }, cause: 'misfit' };

/** Some servers refuse base64, which official clients ask for without being told to: then numbers are asked for, and turned into it. */
async function callInOtherForm(
  { task }: PooledRun,
  ask: (task: PoolingTask) => Promise<Result<PoolingAnswer, UpstreamFailure>>,
): Promise<Result<PoolingAnswer, UpstreamFailure>> {
  const read = await ask(task);
  if (read.ok || task.kind !== 'embedding' || task.encoding !== 'base64') return read;
  const { cause, failure } = read.failure;
  const isForm = cause === 'client' && /base64|encoding.?format/i.test(`${failure.param ?? ''} ${failure.detail ?? ''}`);
  return isForm ? ask({ ...task, encoding: 'float' }) : read;
}

async function call(
  { run, task }: PooledRun,
  candidate: Candidate,
  number: number,
  signal: AbortSignal,
): Promise<Result<PoolingAnswer, UpstreamFailure>> {
  const { deps, asked, spent } = run;
  const { caller } = asked;
  const { pooling } = deps.dialectOf(candidate.upstreamId);
  if (pooling === undefined) return fail(cannot);
  const encoded = pooling.encode(task, modelOf(deps.config, candidate.modelId).served_name);
  if (!encoded.ok) return fail({ failure: encoded.failure, cause: 'client' });
  const opened = await deps.upstream.open({
    upstreamId: candidate.upstreamId,
    method: 'POST',
    path: encoded.value.path,
    body: upstreamBody(encoded.value.body),
    requestId: `${caller.requestId}-${spent.runId}-${number}`,
    accept: 'application/json',
    traceparent: caller.trace === null ? caller.traceparent : writeTraceparent(caller.trace.here()),
    signal,
  });
  if (!opened.ok) return fail({ failure: opened.failure, cause: 'unreachable' });
  if (opened.value.status !== 200) return fail(await readFailure(run, candidate, opened.value));
  if (opened.value.mediaType === 'text/html') return fail(loginPage);
  const text = await opened.value.readText(deps.config.limits.max_answer_bytes);
  return text === null ? fail(brokenOff) : pooling.read(task, text);
}

/** The connection was lost before the whole answer was there, or the answer passes the limit. */
const brokenOff: UpstreamFailure = { failure: { code: 'upstream_truncated' }, cause: 'reset' };

/** Of an answer what its server counted; of a call whose server may have worked, what it was given to read. */
function noteUsage(
  { asked, spent }: Run,
  { modelId, contextTokens }: Candidate,
  end: { readonly number: number; readonly ranMs: number; readonly isGivenUp: boolean },
  result: Result<PoolingAnswer, UpstreamFailure>,
): void {
  const cause = result.ok ? null : result.failure.cause;
  const isTimeout = !result.ok && result.failure.failure.code === 'upstream_timeout';
  if (!result.ok && !mayHaveWorked({ isGivenUp: end.isGivenUp, cause, isTimeout, ranMs: end.ranMs })) return;
  const promptTokensEstimate = asked.view.estimatedPromptTokens;
  const most = asked.pooled?.mostTokens ?? contextTokens;
  const usage = result.ok ? seen(result.value.usage, promptTokensEstimate, most) : unseen(promptTokensEstimate, most);
  spent.counted.push({ modelId, call: end.number, usage, isPartOfAnswer: result.ok });
}

function seen(reported: ReportedUsage | null, promptTokensEstimate: number, most: number): Usage {
  return reconcileUsage(reported, {
    contentEvents: 0,
    contentChars: 0,
    maxTokens: 0,
    maxPromptTokens: most,
    contextTokens: most,
    promptTokensEstimate,
  });
}

function unseen(promptTokensEstimate: number, most: number): Usage {
  return unseenUsage({
    ranMs: 0,
    isWatched: true,
    tokensPerSecond: 0,
    choices: 1,
    maxTokens: 0,
    promptTokensEstimate,
    maxPromptTokens: most,
  });
}

async function readFailure({ deps, asked }: Run, { upstreamId }: Candidate, answer: UpstreamAnswer): Promise<UpstreamFailure> {
  const body = await answer.readText(maxErrorBytes);
  const problem = deps.dialectOf(upstreamId).readError(answer, body, deps.clock.now());
  deps.log.write('warn', 'upstream_refused', {
    requestId: asked.caller.requestId,
    upstreamId,
    status: answer.status,
    code: problem.failure.code,
    // Never the body itself: servers echo what they were sent.
    bodyHash: body === null ? null : hashName(addText(emptyHash, body)),
  });
  return problem;
}
