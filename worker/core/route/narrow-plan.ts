/** A plan with fewer models in it than were planned: limits, budgets and doubts leave some out. */
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { Plan } from './attempt.ts';
import type { RoutePlan } from './plan.ts';

/** The model may not be called for this request any more. */
export function withoutModel(route: RoutePlan, modelId: string): RoutePlan {
  const { plan } = route;
  return { ...route, plan: { ...plan, candidates: plan.candidates.filter((candidate) => candidate.modelId !== modelId) } };
}

/** A `cheap_tier` budget is used up: what is not small leaves the plan. Null when nothing remains. */
export function smallTierOnly(route: RoutePlan, config: Config): RoutePlan | null {
  const isSmall = (modelId: string) => modelOf(config, modelId).tier === 'small';
  return keepModels(route, isSmall, () => '; the budget is used up, so the small tier answers');
}

/** Limits of models are used up: those models leave the plan. Null when nothing remains. */
export function withoutUsedUp(route: RoutePlan, closed: readonly string[]): RoutePlan | null {
  const wanted = route.decision.modelId;
  const reasonOf = (first: string) =>
    first === wanted ? '' : `; ${first} instead of ${wanted}: the key's limit for that model is used up`;
  return keepModels(route, (modelId) => !closed.includes(modelId), reasonOf);
}

/** Once an answer was not good enough, only the large tier is asked: neither its own model once more nor another small one. */
export function largeTierOnly(plan: Plan, config: Config): Plan {
  return { ...plan, candidates: plan.candidates.filter(({ modelId }) => modelOf(config, modelId).tier === 'large') };
}

/** @param reasonOf what it means for the decision that this model comes first now */
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
