/**
 * The life of a request for vectors, labels or relevance: a model of the kind is planned, the worst case is reserved, the inputs go out in as many
 * calls as they need, and it is settled once. The stages are those of a chat (docs/request.md), without what belongs to conversations.
 */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { PoolingMetadata } from '../../../shared/routing-metadata.ts';
import type { RunEnding } from '../../core/ledger/ending.ts';
import type { RateNumbers } from '../../core/limits/rate.ts';
import { agentOf, allowedByBoth } from '../../core/route/agent-policy.ts';
import { startHeartbeat } from '../calls/heartbeat.ts';
import { reserve } from '../calls/reserve.ts';
import { settle } from '../calls/settle.ts';
import { awaitPods, meetPods } from '../calls/wake.ts';
import type { Caller } from '../run/asked.ts';
import type { PipelineDeps } from '../run/deps.ts';
import { clientLeft, type Run } from '../run/run.ts';
import { requestTrace } from '../run/trace-attributes.ts';
import { keepValues, type KeptValues, lookUpValues } from './cached.ts';
import { callParts } from './call-parts.ts';
import { type PlannedTask, planTask, type PoolingAsk } from './plan-task.ts';
import { pooledRun } from './pooled-run.ts';
import { poolingMetadata } from './pooling-metadata.ts';

/** What every input came to, and what it cost. */
export interface Pooled {
  /** As the server wrote them, in the order of the inputs. */
  readonly values: readonly string[];
  readonly modelId: string;
  readonly promptTokens: number;
  readonly costNanoUsd: number;
  readonly metadata: PoolingMetadata;
  readonly rate: RateNumbers | null;
}

export interface PoolingFailure {
  readonly failure: Failure;
  /** It was admitted, so it is in the ledger. */
  readonly isAdmitted: boolean;
  readonly metadata: PoolingMetadata | null;
  readonly rate: RateNumbers | null;
}

export function pool(deps: PipelineDeps, caller: Caller, ask: PoolingAsk): Promise<Result<Pooled, PoolingFailure>> {
  const life = live(deps, caller, ask);
  // A client's reset ends the request's context and all work that is not waited for: nothing would be booked or given back.
  caller.background(life.catch(() => undefined));
  return life;
}

async function live(deps: PipelineDeps, caller: Caller, ask: PoolingAsk): Promise<Result<Pooled, PoolingFailure>> {
  const { trace } = caller;
  const agent = agentOf(caller.agent, deps.config.routing.agents);
  const allowedModels = allowedByBoth(caller.key.allowedModels, agent?.policy.allowed_models ?? null);
  trace?.enter('plan');
  const planned = await planTask(deps, caller, ask, allowedModels);
  if (!planned.ok) return refused(planned.failure, null);
  const pooled = pooledRun(deps, caller, ask, planned.value, allowedModels);
  const { run } = pooled;
  trace?.enter('cache');
  const found = await lookUpValues(pooled);
  if (!found.ok) return refused(found.failure, run);
  if (found.value !== null) return answered(run, planned.value, found.value);
  trace?.enter('reserve');
  const refusal = (await meetPods(run)) ?? (await reserve(run));
  if (refusal !== null) return refused(refusal, run);
  startHeartbeat(run);
  run.client.stopHearing = hearClient(run);
  try {
    const waited = await awaitPods(run);
    if (waited !== null) return failed(run, waited);
    trace?.enter('attempts');
    const answer = await callParts(pooled);
    trace?.enter('answer');
    if (!answer.ok) return failed(run, answer.failure);
    const whole = { ...answer.value, promptTokens: tokensOf(run) };
    keepValues(run, whole);
    return answered(run, planned.value, whole);
  } catch (error) {
    finish(run, { kind: 'failed', failure: { code: 'internal_error' } });
    throw error;
  }
}

/** From here on, before the headers: see `chat.ts`. */
function hearClient(run: Run): () => void {
  const { signal } = run.asked.caller;
  const onAbort = (): void => clientLeft(run);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  return () => signal.removeEventListener('abort', onAbort);
}

function tokensOf({ spent }: Run): number {
  const usages = spent.counted.filter(({ isPartOfAnswer }) => isPartOfAnswer);
  return usages.reduce((sum, { usage }) => sum + usage.promptTokens, 0);
}

function answered(
  run: Run,
  planned: PlannedTask,
  { modelId, promptTokens, ...answer }: KeptValues,
): Result<Pooled, PoolingFailure> {
  const values = planned.read(answer.values);
  if (values === null) return failed(run, { code: 'upstream_invalid_answer' });
  run.client.firstByteAtMs = run.deps.clock.now();
  const costNanoUsd = finish(run, { kind: 'ok' });
  return ok({ values, modelId, promptTokens, costNanoUsd, metadata: poolingMetadata(run), rate: run.client.rate });
}

function failed(run: Run, failure: Failure): Result<Pooled, PoolingFailure> {
  const { isGone, rate } = run.client;
  finish(run, isGone ? { kind: 'client_gone' } : { kind: 'failed', failure });
  const shown: Failure = isGone ? { code: 'client_closed_request' } : inOwnWords(run, failure);
  return fail({ failure: shown, isAdmitted: true, metadata: poolingMetadata(run), rate });
}

/** Servers' words are read as those about a chat; here the field is another one. */
function inOwnWords({ asked }: Run, failure: Failure): Failure {
  if (failure.param !== 'messages') return failure;
  return { ...failure, param: asked.pooled?.kind === 'reranker' ? 'documents' : 'input' };
}

function refused(failure: Failure, run: Run | null): Result<Pooled, PoolingFailure> {
  const metadata = run === null ? null : poolingMetadata(run);
  return fail({ failure, isAdmitted: false, metadata, rate: run?.client.rate ?? null });
}

/** @returns what the request has cost */
function finish(run: Run, ending: RunEnding): number {
  const entry = settle(run, ending);
  if (entry === null) return 0;
  const { caller, pooled } = run.asked;
  run.deps.requestLog?.ended(entry, caller.trace?.traceId ?? null);
  caller.trace?.end(requestTrace(entry, caller.surface.path, pooled?.kind));
  return entry.costNanoUsd;
}
