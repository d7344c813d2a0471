/** From a valid body to the decision and the plan: what `chat` runs and what `POST /v1/route` only shows. Calls no model. */
import type { ChatRequest } from '../../shared/chat.ts';
import { modelOf } from '../../shared/config-prepare.ts';
import type { RoutingConfig, Strategy } from '../../shared/config.ts';
import type { Failure } from '../../shared/errors.ts';
import { ok, type Result } from '../../shared/result.ts';
import { plainAgentName } from '../core/auth/agent-name.ts';
import { classify, type Classification } from '../core/classify/classify.ts';
import { buildView, type RequestView } from '../core/classify/view.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import { currentStatus } from '../core/health/usable.ts';
import { type ChooseInput, thresholdOf } from '../core/route/choose.ts';
import { routeKey } from '../core/route/attempt.ts';
import { type Arm, chooseArm } from '../core/route/experiment.ts';
import { beginningOf, type History, readHistory } from '../core/route/history.ts';
import { readModelName } from '../core/route/model-names.ts';
import { needsOf } from '../core/route/needed.ts';
import { planRoute, type RoutePlan } from '../core/route/plan.ts';
import type { SessionMemory } from '../core/route/session.ts';
import type { EffectiveThreshold } from '../core/route/strategy.ts';
import type { Caller, PipelineDeps } from './run/run.ts';

export interface Decided {
  readonly view: RequestView;
  readonly classification: Classification;
  readonly classificationMs: number;
  readonly strategy: Strategy;
  readonly threshold: EffectiveThreshold;
  readonly route: RoutePlan;
  readonly arm: Arm | null;
  /** Models that the key and the agent may use; null allows all. */
  readonly allowedModels: ReadonlySet<string> | null;
  /** Null when the request leaves nothing to choose, so that there is nothing to remember. */
  readonly conversation: Conversation | null;
  readonly session: SessionMemory | null;
}

/** How a request belongs to others: by a name that the client gave, or by its messages. */
export interface Conversation {
  /** Told apart by tenant; null without a name. */
  readonly namedId: string | null;
  /** Null with a name. */
  readonly history: History | null;
  /** What stays together in experiments; null for a request that stands alone. */
  readonly unit: string | null;
}

/** @param wantedStrategy from the `x-routing-strategy` header, or null */
export async function decide(
  deps: PipelineDeps,
  caller: Caller,
  request: ChatRequest,
  wantedStrategy: Strategy | null,
): Promise<Result<Decided, Failure>> {
  const { config, clock } = deps;
  const agent = agentOf(caller.agent, config.routing.agents);
  const allowedModels = intersect(caller.key.allowedModels, agent?.policy.allowed_models ?? null);
  const wish = readModelName(request.model, config, allowedModels);
  if (!wish.ok) return wish;
  const snapshot = await deps.health.snapshot(caller.background);
  const view = buildView(request);
  const classifiedFromMs = clock.now();
  const classification = classify(view, config.routing, deps.weights);
  const classificationMs = clock.now() - classifiedFromMs;
  const isAuto = wish.value.kind === 'auto';
  const conversation = isAuto && config.routing.sessions.enabled ? conversationOf(deps, caller, request) : null;
  const memoryId = conversation?.namedId ?? conversation?.history?.id ?? null;
  const session = memoryId === null ? null : await deps.sessions.get(memoryId);
  const arm = isAuto
    ? openArm(chooseArm(config.routing.experiments, conversation?.unit ?? caller.requestId), allowedModels)
    : null;
  const named = wish.value.kind === 'auto' ? wish.value.strategy : null;
  const fallback = config.routing.default_strategy ?? 'cost';
  const strategy = named ?? wantedStrategy ?? arm?.strategy ?? agent?.policy.strategy ?? fallback;
  const nowMs = clock.now();
  const input: ChooseInput = {
    config,
    view,
    classification,
    wish: wish.value,
    strategy,
    agent,
    session,
    arm,
    hasVisionHint: request.metadata?.['hint'] === 'vision',
    loadOf: (modelId) => loadOf(snapshot, modelId, modelOf(config, modelId).max_in_flight),
  };
  const route = planRoute({
    ...input,
    allowedModels,
    needs: needsOf(request),
    isUp: (modelId) => isUp(snapshot, modelId, nowMs),
    queueOf: (upstreamId) => queueOf(snapshot, upstreamId),
    serverRoomOf: (modelId, upstreamId) => snapshot.instances[routeKey({ modelId, upstreamId })]?.contextTokens ?? null,
    random: deps.random,
  });
  if (!route.ok) return route;
  const threshold = thresholdOf(input);
  return ok({
    view,
    classification,
    classificationMs,
    strategy,
    threshold,
    route: route.value,
    arm,
    allowedModels,
    conversation,
    session,
  });
}

/** Who may not use an arm's model takes no part: an answer by another one would count for the wrong arm. */
function openArm(arm: Arm | null, allowed: ReadonlySet<string> | null): Arm | null {
  return arm?.model == null || allowed === null || allowed.has(arm.model) ? arm : null;
}

function conversationOf({ config }: PipelineDeps, caller: Caller, request: ChatRequest): Conversation {
  const { tenantId } = caller.key;
  if (caller.sessionId !== null) {
    const namedId = `${tenantId}:${caller.sessionId}`;
    return { namedId, history: null, unit: namedId };
  }
  const hasExperiments = Object.keys(config.routing.experiments).length > 0;
  const unit = hasExperiments ? beginningOf(request, tenantId) : null;
  return { namedId: null, history: readHistory(request.messages, tenantId), unit };
}

function agentOf(name: string | null, agents: RoutingConfig['agents']): ChooseInput['agent'] {
  if (name === null) return null;
  const wanted = plainAgentName(name);
  for (const [id, policy] of Object.entries(agents)) if (plainAgentName(id) === wanted) return { name, policy };
  return null;
}

function intersect(key: readonly string[] | null, agent: readonly string[] | null): ReadonlySet<string> | null {
  if (key === null && agent === null) return null;
  if (key === null || agent === null) return new Set(key ?? agent);
  return new Set(key.filter((id) => agent.includes(id)));
}

function isUp(snapshot: HealthSnapshot, modelId: string, nowMs: number): boolean {
  const instances = Object.values(snapshot.instances).filter((instance) => instance.modelId === modelId);
  return instances.length === 0 || instances.some((instance) => currentStatus(instance, nowMs) === 'up' || instance.hasPermit);
}

function queueOf(snapshot: HealthSnapshot, upstreamId: string): number | null {
  const instance = Object.values(snapshot.instances).find((candidate) => candidate.upstreamId === upstreamId);
  return instance?.running == null ? null : instance.running + (instance.waiting ?? 0);
}

/** Running and twice the waiting requests per place; null when no instance has said. */
function loadOf(snapshot: HealthSnapshot, modelId: string, places: number): number | null {
  let load: number | null = null;
  for (const instance of Object.values(snapshot.instances)) {
    if (instance.modelId !== modelId || instance.running === null) continue;
    load = (load ?? 0) + (instance.running + 2 * (instance.waiting ?? 0)) / places;
  }
  return load;
}
