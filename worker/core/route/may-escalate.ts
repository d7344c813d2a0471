/** Whether a request may be answered again by the large tier. */
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { Candidate } from './attempt.ts';
import type { RoutePlan } from './plan.ts';

/**
 * True if it was routed by its content to the small tier and the plan has a larger model; never for the latency strategy or more than one
 * choice.
 *
 * @param isUsable whether a candidate may be used now; all may when nothing is said
 */
export function mayEscalate(
  { decision, plan }: RoutePlan,
  choices: number,
  config: Config,
  isUsable: (candidate: Candidate) => boolean = () => true,
): boolean {
  if (!config.routing.escalation.enabled || decision.strategy === 'latency' || decision.isForced || decision.tier !== 'small')
    return false;
  if (choices > 1) return false;
  return plan.candidates.some((candidate) => modelOf(config, candidate.modelId).tier === 'large' && isUsable(candidate));
}
