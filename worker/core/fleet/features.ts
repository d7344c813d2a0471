/** What of the gateway is switched on by its configuration, for `GET /router/info`. */
import type { ConfigTree } from '../../../shared/config.ts';

export function featuresOf({
  models,
  routing,
  limits,
  cors,
  cache,
  pods,
  pod_groups: groups,
}: ConfigTree): Readonly<Record<string, boolean>> {
  const experiments = Object.values(routing.experiments).filter(({ enabled }) => enabled);
  const agents = Object.values(routing.agents);
  const kinds = new Set(Object.values(models).map(({ kind }) => kind));
  return {
    learned_router: routing.classifier.mode !== 'heuristic',
    sessions: routing.sessions.enabled,
    escalation: routing.escalation.enabled,
    rescue: routing.rescue.enabled,
    admission: routing.admission.enabled,
    breaker: routing.health.breaker.enabled,
    wedge_detection: routing.health.wedge.enabled,
    runaway_guard: routing.runaway_guard.enabled,
    experiments: experiments.length > 0,
    learning: routing.learning.enabled,
    shadow_runs: experiments.some(({ shadow }) => shadow !== undefined && shadow.share > 0),
    agent_policies: agents.length > 0,
    budgets: limits.budgets.length > 0 || agents.some(({ budgets }) => budgets.length > 0),
    embeddings: kinds.has('embedding'),
    classification: kinds.has('classifier'),
    reranking: kinds.has('reranker'),
    idle_stop: Object.keys(pods).length > 0,
    scaling: Object.keys(groups).length > 0,
    cors: cors.allowed_origins.length > 0,
    cache: cache.enabled,
    documents: Object.values(models).some(({ kind }) => kind === 'embedding'),
    single_flight: cache.enabled && cache.single_flight !== 'off',
  };
}
