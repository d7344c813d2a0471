/** From a valid body to the decision and the plan: what `chat` runs and what `POST /v1/route` only shows. Calls no model. */
import type { InnerRequest } from '../core/request/inner-request.ts';
import { modelOf } from '../../shared/config-prepare.ts';
import type { Strategy } from '../../shared/config.ts';
import type { Failure } from '../../shared/errors.ts';
import { ok, type Result } from '../../shared/result.ts';
import { classify } from '../core/classify/classify.ts';
import { buildView, type RequestView } from '../core/classify/view.ts';
import { isModelSound, isModelUp, loadOf, queueOf } from '../core/health/model-load.ts';
import type { ActiveHead } from '../core/classify/adaptive/adapted.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import { isAwaited } from '../core/pods/wishes.ts';
import { agentOf, allowedByBoth } from '../core/route/agent-policy.ts';
import { routeKey } from '../core/upstreams/route-key.ts';
import { chooseArm, openArm } from '../core/route/experiment.ts';
import { beginningOf, readHistory } from '../core/route/history.ts';
import { readModelName } from '../core/route/model-names.ts';
import { needsOf } from '../core/route/needed.ts';
import { type PlanInput, planRoute, type RoutePlan } from '../core/route/plan.ts';
import { readScore, type ScoreReading } from '../core/route/score-reading.ts';
import { countPrompt } from './count-prompt.ts';
import type { Asked, Caller, Conversation } from './run/asked.ts';
import { rememberedByObject } from '../core/text/remembered.ts';
import type { PipelineDeps } from './run/deps.ts';

/** What a request was taken for, and the plan that follows from it. */
export interface Decided extends Pick<
  Asked,
  'view' | 'classification' | 'classificationMs' | 'arm' | 'allowedModels' | 'conversation'
> {
  readonly reading: ScoreReading;
  readonly route: RoutePlan;
}

type Seeing = Pick<PipelineDeps, 'config' | 'weights'>;

function see(request: InnerRequest, { config, weights }: Seeing, head: ActiveHead | null) {
  const view = buildView(request);
  return { view, head, classification: classify(view, config.routing, weights, head) };
}

/** By configuration: what was seen in requests that are still there. */
const seenBy = rememberedByObject((_config: PipelineDeps['config']) => new WeakMap<InnerRequest, ReturnType<typeof see>>());

/** Where answers are kept, requests come again, and are the same object then (routes/answers.ts). */
function seeAgain(request: InnerRequest, deps: Seeing, head: ActiveHead | null): ReturnType<typeof see> {
  const known = seenBy(deps.config);
  const before = known.get(request);
  if (before?.head === head) return before;
  const fresh = see(request, deps, head);
  known.set(request, fresh);
  return fresh;
}

/** @param wantedStrategy from the `x-routing-strategy` header, or null */
export async function decide(
  deps: PipelineDeps,
  caller: Caller,
  request: InnerRequest,
  wantedStrategy: Strategy | null,
): Promise<Result<Decided, Failure>> {
  const { config, clock } = deps;
  const agent = agentOf(caller.agent, config.routing.agents);
  const allowedModels = allowedByBoth(caller.key.allowedModels, agent?.policy.allowed_models ?? null);
  const wish = readModelName(request.model, config, allowedModels);
  if (!wish.ok) return wish;
  const seen = deps.health.snapshot(caller.background);
  const snapshot = seen instanceof Promise ? await seen : seen;
  caller.trace?.enter('classify');
  const head = deps.learning?.active(caller.background) ?? null;
  const fromMs = clock.now();
  const { view, classification } = config.cache.enabled ? seeAgain(request, deps, head) : see(request, deps, head);
  const classificationMs = clock.now() - fromMs;
  caller.trace?.enter('plan');
  const isAuto = wish.value.kind === 'auto';
  const conversation = isAuto && config.routing.sessions.enabled ? conversationOf(deps, caller, request) : null;
  const memoryId = conversation?.namedId ?? conversation?.history?.id;
  const memory = memoryId == null ? null : await deps.sessions.get(memoryId);
  const drawn = isAuto ? chooseArm(config.routing.experiments, conversation?.unit ?? caller.requestId) : null;
  const arm = openArm(drawn, allowedModels);
  const asked = strategyIn(wish.value) ?? wantedStrategy;
  const strategy = asked ?? arm?.strategy ?? agent?.policy.strategy ?? config.routing.default_strategy ?? 'cost';
  const health = readHealth(deps, snapshot);
  const reading = readScore(classification, config, strategy, health.loadOf);
  const planning = planCounted(deps, caller, request, {
    view,
    config,
    classification,
    reading,
    wish: wish.value,
    strategy,
    agent,
    session: memory,
    arm,
    hasVisionHint: request.metadata?.['hint'] === 'vision',
    allowedModels,
    isUp: health.isUp,
    isSound: health.isSound,
    queueOf: health.queueOf,
    serverRoomOf: health.serverRoomOf,
    needs: needsOf(request),
    random: deps.random,
  });
  const planned = planning instanceof Promise ? await planning : planning;
  if (!planned.ok) return planned;
  const taken = { classification, classificationMs, reading, arm, allowedModels };
  return ok({ ...planned.value, ...taken, conversation: conversation === null ? null : { ...conversation, memory } });
}

function strategyIn(wish: PlanInput['wish']): Strategy | null {
  return wish.kind === 'auto' ? wish.strategy : null;
}

/** The plan; made again with a count where the prompt is so near a limit that one was asked for. */
function planCounted(
  deps: PipelineDeps,
  caller: Caller,
  request: InnerRequest,
  input: PlanInput,
): Result<Planned, Failure> | Promise<Result<Planned, Failure>> {
  const estimated = planRoute(input);
  if (!estimated.ok) return estimated;
  const counting = countPrompt(deps, caller, request, input.view, estimated.value, input.serverRoomOf);
  const planned = ok({ view: input.view, route: estimated.value });
  if (counting === null) return planned;
  return counting.then((view) => {
    if (view === null) return planned;
    const exact = planRoute({ ...input, view });
    return exact.ok ? ok({ view, route: exact.value }) : exact;
  });
}

interface Planned {
  readonly view: RequestView;
  readonly route: RoutePlan;
}

/** What choosing and planning ask of health. */
function readHealth({ config, clock }: PipelineDeps, snapshot: HealthSnapshot) {
  const nowMs = clock.now();
  return {
    loadOf: (modelId: string) => loadOf(snapshot, modelId, modelOf(config, modelId).max_in_flight),
    isUp: (modelId: string) => isModelUp(snapshot, modelId, nowMs) || isAwaited(modelId, snapshot, config),
    isSound: (modelId: string) => isModelSound(snapshot, modelId, nowMs) || isAwaited(modelId, snapshot, config),
    queueOf: (upstreamId: string) => queueOf(snapshot, upstreamId),
    serverRoomOf: (modelId: string, upstreamId: string) =>
      snapshot.instances[routeKey({ modelId, upstreamId })]?.contextTokens ?? null,
  };
}

function conversationOf({ config }: PipelineDeps, caller: Caller, request: InnerRequest): Omit<Conversation, 'memory'> {
  const { tenantId } = caller.key;
  if (caller.sessionId !== null) {
    const namedId = `${tenantId}:${caller.sessionId}`;
    return { namedId, history: null, unit: namedId };
  }
  const hasExperiments = Object.keys(config.routing.experiments).length > 0;
  const unit = hasExperiments ? beginningOf(request, tenantId) : null;
  return { namedId: null, history: readHistory(request.messages, tenantId), unit };
}
