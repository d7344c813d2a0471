/**
 * From a classified request to an ordered list of candidates, and the reason for it: the chosen model and its chain, without what the
 * request makes impossible, those that are up first. Every step that decides leaves its reason.
 */
import { onePiece } from '../text/one-piece.ts';
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import type { Capability, Strategy, Tier } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { Candidate, Plan } from './attempt.ts';
import { contextWords } from '../upstreams/context-words.ts';
import { choose, type ModelChoice, type ChooseInput, type RuleId } from './choose.ts';
import { isMet, type Need } from './needed.ts';
import { surePromptTokens, wantedTokens } from './token-room.ts';

export interface PlanInput extends ChooseInput {
  /** Models the key or the agent may use; null allows all. */
  readonly allowedModels: ReadonlySet<string> | null;
  /** Fields of the request that not every model can honour. */
  readonly needs: readonly Need[];
  /** Whether a model has a usable instance, as far as this isolate knows. */
  isUp(modelId: string): boolean;
  /** The same without instances that are only tried. */
  isSound(modelId: string): boolean;
  /** Requests running and waiting on one upstream; null when unknown. */
  queueOf(upstreamId: string): number | null;
  /** Prompt and answer together as a server itself says it; null where it has not said. */
  serverRoomOf(modelId: string, upstreamId: string): number | null;
  /** In [0, 1); spreads requests over a model's instances by weight. */
  random(): number;
}

/** What the order of a model's instances depends on. */
export type InstanceInput = Pick<PlanInput, 'config' | 'queueOf' | 'serverRoomOf' | 'random'>;

export interface Decision {
  /** The tier that the request needs by its content, whichever model answers in the end. */
  readonly tier: Tier;
  readonly strategy: Strategy;
  /** The first model of the plan; null when there is none. */
  readonly modelId: string | null;
  /** The model that would come first if every model were up; another one that answers is a fallback. */
  readonly primaryModelId: string | null;
  /** The client named the model or the tier itself. */
  readonly isForced: boolean;
  /** Which rule decided. */
  readonly rule: RuleId;
  readonly reason: string;
  /** Models that could not be used, and why. */
  readonly rejected: readonly { readonly modelId: string; readonly reason: string }[];
}

export interface RoutePlan {
  readonly decision: Decision;
  readonly plan: Plan;
  /** No model that was chosen is up: the one that is there for that comes before them, behind those that are tried. */
  readonly isLastResort?: boolean;
  /** Set when nothing can be attempted. */
  readonly failure: Failure | null;
}

/**
 * Makes the plan. Models that the key may not use are in no plan, so no fallback, escalation or rescue can reach them. A named model or
 * tier that is not allowed fails at once; a request that leaves the choice to the router gets an allowed one.
 */
export function planRoute(input: PlanInput): Result<RoutePlan, Failure> {
  if (isShut(input)) return fail(notAllowed(input, ''));
  const choice = choose(input);
  const { usable, rejected, required } = takers(input, choice);
  const resort = lastResort(input, usable, required);
  const ordered = byHealth(resort === null ? usable : [...usable, resort], input);
  const first = ordered[0] ?? null;
  const primary = usable[0] ?? null;
  const reason = onePiece(
    first === null || first === choice.modelIds[0] ? choice.reason : detourReason(choice, first, rejected, input),
  );
  const candidates = ordered.flatMap((modelId) =>
    instances(modelId, input, modelId === first ? reason : `stands in for ${first}`),
  );
  return ok({
    decision: {
      tier: choice.tier,
      strategy: input.strategy,
      modelId: first,
      primaryModelId: primary,
      isForced: choice.isForced,
      rule: choice.rule,
      reason,
      rejected,
    },
    plan: { candidates, requiredContextTokens: required },
    ...(resort === null ? {} : { isLastResort: true }),
    failure: candidates.length > 0 ? null : whyNot(input, choice, required),
  });
}

/** Null while anybody of the plan is up, or where nobody is there for it who can take the request. */
function lastResort(input: PlanInput, usable: readonly string[], required: number): string | null {
  const modelId = input.config.routing.last_resort?.model;
  if (modelId === undefined || usable.length === 0 || usable.includes(modelId)) return null;
  if (usable.some((id) => input.isSound(id)) || !input.isUp(modelId)) return null;
  return obstacle(modelId, input, required) === null ? modelId : null;
}

interface Takers {
  readonly usable: readonly string[];
  readonly rejected: readonly { readonly modelId: string; readonly reason: string }[];
  /** Tokens that each of them has room for. */
  readonly required: number;
}

/**
 * Models with room for prompt and answer, if the router may choose. If there are none, or the client has chosen, those with room for the
 * prompt: the answer's limit is lowered there.
 */
function takers(input: PlanInput, choice: ModelChoice): Takers {
  if (input.wish.kind === 'auto') {
    const whole = takersFor(wantedTokens(input.view, input.config.limits), input, choice);
    if (whole.usable.length > 0) return whole;
  }
  return takersFor(surePromptTokens(input.view) + 1, input, choice);
}

function takersFor(required: number, input: PlanInput, choice: ModelChoice): Takers {
  const rejected: { modelId: string; reason: string }[] = [];
  const canTake = (modelId: string): boolean => {
    const reason = obstacle(modelId, input, required);
    if (reason !== null) rejected.push({ modelId, reason });
    return reason === null;
  };
  const chosen = choice.modelIds.filter(canTake);
  return { usable: chosen.length > 0 ? chosen : otherAllowed(input, choice).filter(canTake), rejected, required };
}

function isAllowed(modelId: string, { allowedModels }: PlanInput): boolean {
  return allowedModels === null || allowedModels.has(modelId);
}

/** The client named a model or tier that the key may not use. */
function isShut(input: PlanInput): boolean {
  const { wish, config } = input;
  if (wish.kind === 'auto') return false;
  if (wish.kind === 'model') return !isAllowed(wish.modelId, input);
  const ofTier = Object.keys(config.chatModels).filter((id) => {
    const { tier, capabilities } = modelOf(config, id);
    return tier === wish.tier || (wish.tier === 'vision' && capabilities.includes('vision'));
  });
  return ofTier.length > 0 && !ofTier.some((id) => isAllowed(id, input));
}

/** Chains ignore keys: if a key may use none of the chosen models, its other models stand in. */
function otherAllowed(input: PlanInput, choice: ModelChoice): string[] {
  const { wish, allowedModels, config } = input;
  if (wish.kind !== 'auto' || allowedModels === null) return [];
  return Object.keys(config.chatModels).filter((id) => allowedModels.has(id) && !choice.modelIds.includes(id));
}

/** @param why the sentence before the names; empty where none is needed */
function notAllowed(input: PlanInput, why: string): Failure {
  const names = Object.keys(input.config.chatModels).filter((id) => isAllowed(id, input));
  const detail = names.length > 0 ? `${why}Allowed: ${names.join(', ')}.` : 'None of the models that it may use is configured.';
  return { code: 'model_not_allowed', param: 'model', detail };
}

/** Why a model cannot take the request, or null. */
function obstacle(modelId: string, input: PlanInput, requiredTokens: number): string | null {
  const model = modelOf(input.config, modelId);
  if (!isAllowed(modelId, input)) return 'the key may not use it';
  const lacks = (capability: Capability): boolean => !model.capabilities.includes(capability);
  if (input.view.images > 0 && lacks('vision')) return 'it cannot see images';
  if (input.view.tools > 0 && lacks('tools')) return 'it cannot call tools';
  if (input.view.responseFormat === 'json_schema' && lacks('json_schema')) return 'it cannot keep to a schema';
  const unmet = input.needs.find((need) => !isMet(need, model));
  if (unmet !== undefined) return `it cannot honour ${unmet.field}`;
  const room = mostRoom(modelId, input);
  return requiredTokens > room ? `at least ${requiredTokens} tokens do not fit into ${room}` : null;
}

/** The room that the running server reports; the configured one until it has reported. */
function roomOn(modelId: string, upstreamId: string, input: InstanceInput): number {
  return input.serverRoomOf(modelId, upstreamId) ?? modelOf(input.config, modelId).context_tokens;
}

function mostRoom(modelId: string, input: PlanInput): number {
  return Math.max(...modelOf(input.config, modelId).upstreams.map((upstreamId) => roomOn(modelId, upstreamId, input)));
}

/** Models that are up come first; the others stay in the plan, so that it is never empty. */
export function byHealth(modelIds: readonly string[], input: Pick<PlanInput, 'isUp'>): string[] {
  const up: string[] = [];
  const down: string[] = [];
  for (const id of modelIds) (input.isUp(id) ? up : down).push(id);
  return down.length === 0 ? up : [...up, ...down];
}

export function instances(modelId: string, input: InstanceInput, reason: string): Candidate[] {
  const model = modelOf(input.config, modelId);
  return byLoad(model.upstreams, input).map((upstreamId) => ({
    modelId,
    upstreamId,
    tunnelId: upstreamOf(input.config, upstreamId).tunnel,
    contextTokens: roomOn(modelId, upstreamId, input),
    reason,
  }));
}

/** Least loaded relative to its weight first; ties and unknown loads are drawn at random in proportion to their weights. */
function byLoad(upstreamIds: readonly string[], input: InstanceInput): readonly string[] {
  if (upstreamIds.length < 2) return upstreamIds;
  const ranked = upstreamIds.map((id) => {
    const { weight } = upstreamOf(input.config, id);
    const queue = input.queueOf(id) ?? 0;
    // The smallest of exponential draws falls on each in proportion to its weight (Efraimidis and Spirakis, 2006).
    return { id, load: weight > 0 ? queue / weight : Number.POSITIVE_INFINITY, draw: -Math.log(1 - input.random()) / weight };
  });
  return ranked.toSorted((a, b) => (a.load === b.load ? a.draw - b.draw : a.load - b.load)).map(({ id }) => id);
}

function detourReason(choice: ModelChoice, first: string, rejected: Decision['rejected'], input: PlanInput): string {
  const [wanted] = choice.modelIds;
  if (wanted === undefined) return choice.reason;
  const obstacleReason = rejected.find(({ modelId }) => modelId === wanted)?.reason;
  const why = obstacleReason ?? (input.isUp(wanted) ? 'it comes later' : 'it is down');
  return `${choice.reason}; ${first} instead of ${wanted}: ${why}`;
}

/** @param seeing configured models that see */
function whyBlind({ wish, view, hasVisionHint, allowedModels }: PlanInput, seeing: readonly string[]): string {
  const cause =
    view.images > 0
      ? 'It has an image'
      : wish.kind === 'tier'
        ? 'The vision tier was asked for'
        : hasVisionHint
          ? 'Its metadata says that it is about an image'
          : 'It needs one';
  const open = seeing.filter((id) => allowedModels === null || allowedModels.has(id));
  if (wish.kind === 'model' && open.length > 0) return `${cause}, and ${wish.modelId} sees none. Use ${open.join(', ')} or auto.`;
  return `${cause}, and no vision model is configured: add one with capability "vision" to configs/models.yaml.`;
}

function whyNot(input: PlanInput, choice: ModelChoice, requiredTokens: number): Failure {
  const { config, view, wish } = input;
  const permitted = [...choice.modelIds, ...otherAllowed(input, choice)].filter((id) => isAllowed(id, input));
  const seeing = Object.keys(config.chatModels).filter((id) => modelOf(config, id).capabilities.includes('vision'));
  const isUnseen = wish.kind !== 'model' && seeing.length > 0 && !seeing.some((id) => isAllowed(id, input));
  if ((view.images > 0 || choice.tier === 'vision') && !isUnseen) {
    return { code: 'vision_model_missing', param: view.images > 0 ? 'messages' : 'model', detail: whyBlind(input, seeing) };
  }
  const rooms = permitted.map((id) => mostRoom(id, input));
  if (rooms.length > 0 && rooms.every((room) => requiredTokens > room)) {
    const promptTokens = requiredTokens - 1;
    const tokens = { contextTokens: Math.max(...rooms), promptTokens, completionTokens: null, isEstimate: !view.isCounted };
    return { code: 'context_length_exceeded', param: 'messages', detail: contextWords(tokens) ?? '', tokens };
  }
  const unmet = input.needs.find((need) => !permitted.some((id) => isMet(need, modelOf(config, id))));
  if (unmet !== undefined)
    return { code: 'unsupported_parameter', param: unmet.field, detail: 'No model that may answer can honour it.' };
  if (input.allowedModels !== null) return notAllowed(input, 'None that it may use can take the request. ');
  return { code: 'no_upstream', detail: 'No configured model can take the request.' };
}
