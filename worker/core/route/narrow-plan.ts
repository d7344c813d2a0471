/** Removes models from a plan: for used-up limits and budgets, and for escalation. */
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { Plan } from './attempt.ts';
import type { RoutePlan } from './plan.ts';

/** The plan without a model that must not be called for this request any more. */
export function withoutModel(route: RoutePlan, modelId: string): RoutePlan {
  const { plan } = route;
  return { ...route, plan: { ...plan, candidates: plan.candidates.filter((candidate) => candidate.modelId !== modelId) } };
}

/** The plan when a `cheap_tier` budget is used up: only small models. Null when none remains. */
export function smallTierOnly(route: RoutePlan, config: Config): RoutePlan | null {
  const isSmall = (modelId: string) => modelOf(config, modelId).tier === 'small';
  return keepModels(route, isSmall, () => '; the budget is used up, so the small tier answers');
}

/** The plan without the models whose limits are used up. Null when none remains. */
export function withoutUsedUp(route: RoutePlan, closed: readonly string[]): RoutePlan | null {
  const wanted = route.decision.modelId;
  const reasonOf = (first: string) =>
    first === wanted ? '' : `; ${first} instead of ${wanted}: the key's limit for that model is used up`;
  return keepModels(route, (modelId) => !closed.includes(modelId), reasonOf);
}

/** The plan after an answer was not good enough: only the large tier, neither the same model again nor another small one. */
export function largeTierOnly(plan: Plan, config: Config): Plan {
  return { ...plan, candidates: plan.candidates.filter(({ modelId }) => modelOf(config, modelId).tier === 'large') };
}

/** @param reasonOf the addition to the reason when this model comes first now */
function keepModels(
  route: RoutePlan,
  isKept: (modelId: string) => boolean,
  reasonOf: (first: string) => string,
): RoutePlan | null {
  const { decision, plan } = route;
  const candidates = plan.candidates.filter(({ modelId }) => isKept(modelId));
  const [first] = candidates;
  if (first === undefined) return null;
  const { modelId } = first;
  const { primaryModelId: primary, reason } = decision;
  const primaryModelId = primary !== null && isKept(primary) ? primary : modelId;
  return {
    ...route,
    plan: { ...plan, candidates },
    decision: { ...decision, modelId, primaryModelId, reason: reason + reasonOf(modelId) },
  };
}
