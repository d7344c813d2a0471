/**
 * Which model a request should go to, by everything except health: the rules in order, each with its reason. The first rule that applies
 * decides.
 */
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { RoutingConfig, Strategy, Tier } from '../../../shared/config.ts';
import type { Classification } from '../classify/classify.ts';
import type { RequestView } from '../classify/view.ts';
import { rememberedByObject } from '../text/remembered.ts';
import type { Arm } from './experiment.ts';
import type { ModelWish } from './model-names.ts';
import type { ScoreReading } from './score-reading.ts';
import type { SessionMemory } from './session.ts';

export interface ChooseInput {
  readonly config: Config;
  readonly view: RequestView;
  readonly classification: Classification;
  readonly reading: ScoreReading;
  readonly wish: ModelWish;
  readonly strategy: Strategy;
  readonly agent: { readonly name: string; readonly policy: RoutingConfig['agents'][string] } | null;
  readonly session: SessionMemory | null;
  readonly arm: Arm | null;
  /** The client said that the request is about an image that it does not carry. */
  readonly hasVisionHint: boolean;
}

export interface ModelChoice {
  readonly tier: Tier;
  /** The chosen model and those that may stand in for it, in order. */
  readonly modelIds: readonly string[];
  readonly reason: string;
  /** Which rule decided. */
  readonly rule: RuleId;
  readonly isForced: boolean;
}

const rules = {
  model: namedModel,
  tier: namedTier,
  image: sees,
  critical_agent: criticalAgent,
  experiment: experimentArm,
  tool_loop: toolLoop,
  session: staysLarge,
  agent_tier: agentTier,
  intent: specialist,
  complexity: byScore,
} as const satisfies Record<string, (input: ChooseInput) => Omit<ModelChoice, 'rule'> | null>;

export type RuleId = keyof typeof rules;

export const ruleIds = Object.keys(rules).filter((id): id is RuleId => id in rules);

export function choose(input: ChooseInput): ModelChoice {
  for (const id of ruleIds) {
    const choice = rules[id](input);
    if (choice !== null) return { ...choice, rule: id };
  }
  throw new Error('the last rule always decides');
}

type Opinion = Omit<ModelChoice, 'rule'> | null;

function namedModel({ config, wish }: ChooseInput): Opinion {
  if (wish.kind !== 'model') return null;
  const { tier } = modelOf(config, wish.modelId);
  return { tier, modelIds: withChain(config, [wish.modelId]), reason: `${wish.modelId} was asked for`, isForced: true };
}

function namedTier({ config, wish, view }: ChooseInput): Opinion {
  if (wish.kind !== 'tier') return null;
  const { tier, modelIds } = ofTier(config, wish.tier);
  // An image overrides the tier: a model with vision stands in for one without.
  const seeing = view.images > 0 ? ofTier(config, 'vision').modelIds : [];
  return {
    tier,
    modelIds: [...new Set([...modelIds, ...seeing])],
    reason: `the ${wish.tier} tier was asked for`,
    isForced: true,
  };
}

function sees({ config, view, hasVisionHint }: ChooseInput): Opinion {
  if (view.images === 0 && !hasVisionHint) return null;
  const reason = view.images > 0 ? 'the request has an image' : 'the request says that it is about an image';
  return { ...ofTier(config, 'vision'), reason, isForced: false };
}

function criticalAgent({ config, agent }: ChooseInput): Opinion {
  if (agent === null || !agent.policy.critical) return null;
  return { ...ofTier(config, 'large'), reason: `agent ${agent.name} is critical`, isForced: false };
}

function experimentArm({ config, arm }: ChooseInput): Opinion {
  if (arm === null || arm.model === null) return null;
  const { tier } = modelOf(config, arm.model);
  return {
    tier,
    modelIds: withChain(config, [arm.model]),
    reason: `experiment ${arm.experiment}, arm ${arm.arm}`,
    isForced: false,
  };
}

/** In the middle of a tool loop the model that made the call gets its result. */
function toolLoop({ config, view, session }: ChooseInput): Opinion {
  if (!view.isToolLoop || session === null || !Object.hasOwn(config.chatModels, session.modelId)) return null;
  return {
    tier: session.tier,
    modelIds: withChain(config, [session.modelId]),
    reason: `${session.modelId} began this tool loop`,
    isForced: false,
  };
}

function staysLarge({ config, session }: ChooseInput): Opinion {
  if (session === null || !Object.hasOwn(config.chatModels, session.modelId)) return null;
  if (session.tier === 'large') {
    // After a fallback the last answer came from another tier: the conversation returns to its own tier.
    const isOwn = modelOf(config, session.modelId).tier === 'large';
    const modelIds = isOwn ? withChain(config, [session.modelId]) : ofTier(config, 'large').modelIds;
    return { tier: 'large', modelIds, reason: 'the conversation is on the large tier', isForced: false };
  }
  if (!session.isEscalated) return null;
  return { ...ofTier(config, 'large'), reason: 'the small tier was not good enough in this conversation', isForced: false };
}

function agentTier({ config, agent }: ChooseInput): Opinion {
  const tier = agent?.policy.default_tier;
  return agent === null || tier === undefined
    ? null
    : { ...ofTier(config, tier), reason: `agent ${agent.name} uses the ${tier} tier`, isForced: false };
}

function specialist({ config, classification }: ChooseInput): Opinion {
  const { intent, intentConfidence } = classification;
  const { models, thresholds } = config.routing.intent;
  const general = models.general;
  const modelId = intentConfidence >= thresholds.medium ? models[intent] : general;
  if (modelId === undefined) return null;
  const { tier } = modelOf(config, modelId);
  const sure = `intent ${intent} (${intentConfidence.toFixed(2)})`;
  return {
    tier,
    modelIds: withChain(config, [modelId]),
    reason: modelId === models[intent] ? sure : `${sure} is too uncertain for a specialist`,
    isForced: false,
  };
}

function byScore(input: ChooseInput): Opinion {
  const { config, classification, session } = input;
  const { score, reasons } = classification;
  const { threshold, offsets, isLarge } = input.reading;
  const why = reasons.length > 0 ? `: ${reasons.join(', ')}` : '';
  // Two digits are enough, unless they hide which of the two numbers is larger.
  const digits = score.toFixed(2) === threshold.toFixed(2) ? 4 : 2;
  const limit = `${threshold.toFixed(digits)}${movedBy(offsets)}`;
  const reason = `complexity ${score.toFixed(digits)} ${isLarge ? 'reaches' : 'is below'} ${limit}${why}`;
  const { tier, modelIds } = ofTier(config, isLarge ? 'large' : 'small');
  const isWarm =
    session !== null &&
    session.tier === tier &&
    modelIds.includes(session.modelId) &&
    modelOf(config, session.modelId).tier === tier;
  return {
    tier,
    modelIds: isWarm ? [session.modelId, ...modelIds.filter((id) => id !== session.modelId)] : modelIds,
    reason:
      isWarm && session.modelId !== modelIds[0] ? `${reason}; ${session.modelId} has the conversation in its cache` : reason,
    isForced: false,
  };
}

/** Less is not seen in two digits. */
const tellingMove = 0.005;

/** What moved the threshold from the configured value, such as ` (strategy +0.10, load -0.25)`. */
function movedBy(offsets: ScoreReading['offsets']): string {
  if (Math.abs(offsets.strategy) < tellingMove && Math.abs(offsets.load) < tellingMove && Math.abs(offsets.price) < tellingMove)
    return '';
  const moves = Object.entries(offsets).filter(([, offset]) => Math.abs(offset) >= tellingMove);
  return ` (${moves.map(([cause, offset]) => `${cause} ${offset > 0 ? '+' : ''}${offset.toFixed(2)}`).join(', ')})`;
}

type OfTier = Pick<ModelChoice, 'tier' | 'modelIds'>;

function ofTier(config: Config, tier: Tier): OfTier {
  return tiersOf(config)[tier];
}

/** Every request asks for a tier, and a configuration has always the same models in it. */
const tiersOf = rememberedByObject((config: Config): Readonly<Record<Tier, OfTier>> => {
  return { small: modelsOfTier(config, 'small'), large: modelsOfTier(config, 'large'), vision: modelsOfTier(config, 'vision') };
});

function modelsOfTier(config: Config, tier: Tier): OfTier {
  const ids = Object.keys(config.chatModels).filter((id) => id !== config.routing.last_resort?.model);
  const own = ids.filter((id) => modelOf(config, id).tier === tier);
  if (tier === 'vision') {
    const seeing = ids.filter((id) => modelOf(config, id).capabilities.includes('vision'));
    return { tier, modelIds: [...new Set([...own, ...seeing])] };
  }
  const others = ids.filter((id) => modelOf(config, id).tier !== 'vision');
  return { tier, modelIds: withChain(config, own.length > 0 ? own : others) };
}

function withChain(config: Config, modelIds: readonly string[]): string[] {
  const [first] = modelIds;
  const chain = first === undefined ? [] : (config.routing.chains[first] ?? []);
  return [...new Set([...modelIds, ...chain])];
}
