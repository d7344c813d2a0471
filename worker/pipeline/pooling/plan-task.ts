/** From what was asked to what a model is asked, and which model: labels that a request brings along become texts to compare. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { isModelUp, queueOf } from '../../core/health/model-load.ts';
import { fitTask } from '../../core/pooling/fit-task.ts';
import { estimatedTokens } from '../../core/pooling/input-tokens.ts';
import { type LabelAsk, zeroShot } from '../../core/pooling/zero-shot.ts';
import type { PoolingKind, PoolingTask } from '../../core/request/pooling-task.ts';
import type { RoutePlan } from '../../core/route/plan.ts';
import { isAwaited } from '../../core/pods/wishes.ts';
import { planPooling } from '../../core/route/plan-pooling.ts';
import { routeKey } from '../../core/upstreams/route-key.ts';
import type { Caller } from '../run/asked.ts';
import type { PipelineDeps } from '../run/deps.ts';

type Allowed = ReadonlySet<string> | null;

export interface PoolingAsk {
  /** As the client wrote it; null when it leaves the choice. */
  readonly model: string | null;
  readonly task: PoolingTask;
  readonly ignored: readonly string[];
  /** Null: the model's own. */
  readonly labels: LabelAsk | null;
  /** What was asked as one text: equal for equal requests. */
  readonly text: string;
}

export interface PlannedTask {
  readonly route: RoutePlan;
  readonly task: PoolingTask;
  /** About so many, by input. */
  readonly tokens: readonly number[];
  /** What the client's inputs came to, from the values of the task's; null for values that cannot be read. */
  read(values: readonly string[]): readonly string[] | null;
}

export async function planTask(
  deps: PipelineDeps,
  caller: Caller,
  { model, task, labels }: PoolingAsk,
  allowed: Allowed,
): Promise<Result<PlannedTask, Failure>> {
  const route = await planKind(deps, caller, task.kind, model, allowed);
  if (!route.ok) return route;
  const modelId = route.value.decision.primaryModelId;
  if (labels === null || modelId === null) return fitted(deps, route.value, task, (values) => values);
  const way = zeroShot(modelId, modelOf(deps.config, modelId), labels);
  if (!way.ok) return way;
  const { embedder, task: compared, read } = way.value;
  if (embedder === null) return fitted(deps, only(route.value, modelId), compared, read);
  // Whoever may use the classifier may use what it works with.
  const other = await planKind(deps, caller, 'embedding', embedder, null);
  return other.ok ? fitted(deps, only(other.value, embedder), compared, read) : other;
}

/** A stand-in may have other labels in other places. */
function only({ decision, plan }: RoutePlan, modelId: string): RoutePlan {
  const candidates = plan.candidates.filter((candidate) => candidate.modelId === modelId);
  return { decision: { ...decision, modelId, primaryModelId: modelId }, plan: { ...plan, candidates }, failure: null };
}

function fitted(
  deps: PipelineDeps,
  route: RoutePlan,
  task: PoolingTask,
  read: PlannedTask['read'],
): Result<PlannedTask, Failure> {
  const { modelId } = route.decision;
  if (modelId === null) return fail({ code: 'no_upstream' });
  const tokens = estimatedTokens(task);
  const room = Math.max(...route.plan.candidates.map(({ contextTokens }) => contextTokens));
  const fit = fitTask(task, { modelId, model: modelOf(deps.config, modelId), room }, tokens);
  return fit.ok ? ok({ route, task: fit.value, tokens, read }) : fit;
}

async function planKind(
  { config, clock, health, random }: PipelineDeps,
  caller: Caller,
  kind: PoolingKind,
  wish: string | null,
  allowedModels: Allowed,
): Promise<Result<RoutePlan, Failure>> {
  const snapshot = await health.snapshot(caller.background);
  return planPooling({
    config,
    kind,
    wish,
    allowedModels,
    random,
    isUp: (modelId) => isModelUp(snapshot, modelId, clock.now()) || isAwaited(modelId, snapshot, config),
    queueOf: (upstreamId) => queueOf(snapshot, upstreamId),
    serverRoomOf: (modelId, upstreamId) => snapshot.instances[routeKey({ modelId, upstreamId })]?.contextTokens ?? null,
  });
}
