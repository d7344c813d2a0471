/**
 * Every metric of `GET /metrics`, a row each: name, type, what it says, its labels, and how it is read. Counters come from the ledger's
 * totals, gauges from the health and admission objects. `agent_router_` are names that dashboards for the Agent Router know; what it had no
 * name for is in the gateway's own prefix. docs/metrics.md lists them, which a test compares.
 */
import { usdFromNanoUsd } from '../../../shared/units.ts';
import { alertsOf } from '../ledger/alerts.ts';
import { type Named, sumCounters } from '../ledger/counters.ts';
import { dayOf } from '../ledger/days.ts';
import { driftOf } from '../ledger/drift.ts';
import { bucketOf } from '../ledger/histogram.ts';
import { podPhases, podTroubles } from '../health/snapshot.ts';
import { upMsUntil } from '../pods/pod-state.ts';
import { alertCodes, documentChanges, rowLossIds, tokenKinds } from './labels.ts';
import type { Metric, MetricsSource, Sample } from './metric.ts';
import { counter, detailOf, gauge, histogram, ofServer, perModel, totalsOf, words } from './rows.ts';

const bucketsUpTo = (...boundsMs: readonly number[]): number[] => boundsMs.map(bucketOf);
const seconds = bucketsUpTo(10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 120_000, 300_000);
const perToken = bucketsUpTo(1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 250, 500, 1000);
const classifying = bucketsUpTo(1, 5, 10, 50, 100, 500, 1000);

export const metrics: readonly Metric[] = [
  counter(
    'agent_router_requests',
    'Requests that ended, by the model that answered or was to.',
    ['model', 'intent', 'status'],
    (source) => perModel(source, ({ endings }) => words(endings)),
  ),
  counter('agent_router_model_requests', 'Requests by the model that answered or was to.', ['model'], ({ total }) =>
    total.models.map(([model, { requests }]) => [[model], requests]),
  ),
  counter(
    'agent_router_fallback_requests',
    'Requests that another model answered because the first could not.',
    ['from_model', 'to_model'],
    ({ total }) => total.fallback_paths.map(([path, count]) => [path.split('>'), count]),
  ),
  gauge(
    'agent_router_fallback_rate',
    'Share of the requests meant for a model that another one answered, since the statistics began.',
    ['model'],
    (source) =>
      detailOf(source).models.flatMap(([model, { wanted, fellBack }]) =>
        wanted > 0 && Object.hasOwn(source.config.models, model) ? [[[model], fellBack / wanted] as const] : [],
      ),
  ),
  histogram(
    'agent_router_latency_seconds',
    'From the request to the end of its answer; clients that left are not in it.',
    ['model', 'intent'],
    seconds,
    (source) => perModel(source, ({ latency }) => words(latency)),
  ),
  histogram(
    'agent_router_classification_latency_seconds',
    'Time to classify a request. 0 on Cloudflare, where the clock stands still while code runs.',
    [],
    classifying,
    (source) => [[[], detailOf(source).classification]],
  ),
  counter(
    'agent_router_intent_classification',
    'Requests by intent and how sure the classifier was.',
    ['intent', 'confidence'],
    (source) => words(detailOf(source).classified),
  ),
  gauge('agent_router_model_health', '1 while the model may be used, else 0.', ['model'], ({ snapshot }) =>
    Object.entries(snapshot.models).map(([model, { status }]) => [[model], status === 'down' || status === 'missing' ? 0 : 1]),
  ),
  counter(
    'agent_router_errors',
    'Requests that failed, by the type of the error that the client got.',
    ['model', 'error_type'],
    (source) => perModel(source, ({ errors }) => words(errors)),
  ),

  histogram(
    'pointsman_time_to_first_token_seconds',
    'From the request to the first byte of its answer.',
    ['model'],
    seconds,
    ({ total }) => (total.modelFirstByte ?? []).map(([model, times]) => [[model], times]),
  ),
  histogram('pointsman_time_per_output_token_seconds', 'Of a stream, per token after the first.', ['model'], perToken, (source) =>
    perModel(source, ({ perToken: times }) => [[[], times]]),
  ),
  histogram('pointsman_stream_duration_seconds', 'From the request to the end of its stream.', ['model'], seconds, (source) =>
    perModel(source, ({ streams }) => [[[], streams]]),
  ),
  counter(
    'pointsman_tokens',
    'Tokens of all calls by kind; cached are prompt tokens, reasoning are completion tokens, estimated are either.',
    ['model', 'kind'],
    ({ total }) =>
      total.models.flatMap(([model, stored]) => {
        const counters = sumCounters([stored]);
        return tokenKinds.map((kind): Sample<number> => [[model, kind], counters[`${kind}Tokens`]]);
      }),
  ),
  counter('pointsman_cost_usd', 'What the calls of a model cost by its price.', ['model'], ({ total }) =>
    total.models.map(([model, { costNanoUsd }]) => [[model], usdFromNanoUsd(costNanoUsd)]),
  ),
  counter('pointsman_gpu_seconds', 'Time of a GPU that the calls of a model used, of configured cards.', ['model'], ({ total }) =>
    total.models.map(([model, { gpuMs }]) => [[model], (gpuMs ?? 0) / 1000]),
  ),
  counter('pointsman_gpu_cost_usd', 'What that time costs by the price of its card.', ['model'], ({ total }) =>
    total.models.map(([model, { gpuNanoUsd }]) => [[model], usdFromNanoUsd(gpuNanoUsd ?? 0)]),
  ),
  counter(
    'pointsman_all_large_cost_usd',
    'What the answers would have cost on the large model.',
    [],
    totalsOf('allLargeCostNanoUsd', usdFromNanoUsd),
  ),
  counter(
    'pointsman_all_small_cost_usd',
    'What they would have cost on the small model.',
    [],
    totalsOf('allSmallCostNanoUsd', usdFromNanoUsd),
  ),
  gauge('pointsman_savings_usd', 'All-large cost less cost, since the statistics began.', [], ({ total: { totals } }) => [
    [[], usdFromNanoUsd(totals.allLargeCostNanoUsd - totals.costNanoUsd)],
  ]),
  counter('pointsman_routed', 'Requests by the tier that they were routed to.', ['tier'], ({ total: { totals } }) => [
    [['small'], totals.small],
    [['large'], totals.large],
    [['vision'], totals.vision],
  ]),
  counter('pointsman_attempts', 'Calls of model servers.', [], totalsOf('attempts')),
  counter('pointsman_cache_requests', 'Requests by what the cache did for them.', ['cache'], ({ total }) =>
    total.caches.map(([state, count]) => [[state], count]),
  ),
  counter('pointsman_cache_hits', 'Answers that were given again, by where they were found.', ['level'], ({ total }) =>
    (total.cache_levels ?? []).map(([level, count]) => [[level], count]),
  ),
  counter(
    'pointsman_cache_saved_usd',
    'What hits and shared calls would have cost.',
    [],
    totalsOf('cacheSavedNanoUsd', usdFromNanoUsd),
  ),
  counter('pointsman_replays', 'Requests that got the answer kept for their idempotency key.', [], totalsOf('replays')),
  counter('pointsman_escalations', 'Answers that a larger model gave instead.', [], totalsOf('escalations')),
  counter(
    'pointsman_judged_answers',
    'Answers of the small tier that were judged before they were shown.',
    ['model'],
    ({ total }) => (total.judged ?? []).map(([model, [answers = 0]]) => [[model], answers]),
  ),
  counter('pointsman_doubted_answers', 'Those of them that were not good enough.', ['model'], ({ total }) =>
    (total.judged ?? []).map(([model, [, escalated = 0]]) => [[model], escalated]),
  ),
  counter('pointsman_rescues', 'Answers that broke off and were continued or restarted elsewhere.', [], totalsOf('rescues')),
  counter(
    'pointsman_runaway_answers',
    'Answers that repeated themselves without end and were cut, by model.',
    ['model'],
    ({ total }) => (total.runaways ?? []).map(([model, count]) => [[model], count]),
  ),
  counter(
    'pointsman_refused',
    'Requests turned away before anything ran: keys, bodies, limits, budgets.',
    ['code'],
    ({ total }) => total.refusals.map(([code, count]) => [[code], count]),
  ),
  counter(
    'pointsman_agent_requests',
    'Requests by agent; agents without settings of their own are other.',
    ['agent'],
    ({ total }) => total.agents.map(([agent, { requests }]) => [[agent], requests]),
  ),
  counter('pointsman_agent_cost_usd', 'Cost by agent.', ['agent'], ({ total }) =>
    total.agents.map(([agent, { costNanoUsd }]) => [[agent], usdFromNanoUsd(costNanoUsd)]),
  ),
  gauge('pointsman_alert', '1 while this alert of GET /stats stands.', ['alert'], ({ total, config, nowMs }) => {
    const standing = new Set(alertsOf(total.days ?? [], config.routing, nowMs).map(({ code }) => code));
    return alertCodes.map((code): Sample<number> => [[code], standing.has(code) ? 1 : 0]);
  }),
  gauge(
    'pointsman_score_drift_psi',
    'How far the scores of this UTC day are from the configured reference; missing while chance has too large a part in it.',
    [],
    ({ total, config, classifierVersion, nowMs }) => {
      const { reference } = config.routing.classifier;
      const today = (total.days ?? []).find(([day]) => day === dayOf(nowMs))?.[1].scores ?? [];
      const counts = today.find(([version]) => version === classifierVersion)?.[1];
      if (reference?.version !== classifierVersion || counts === undefined) return [];
      const drift = driftOf(reference.counts, counts);
      return drift === null || drift.reading === null ? [] : [[[], drift.psi]];
    },
  ),
  gauge(
    'pointsman_breaker_state',
    '1 for the state that the breaker of a model on a server is in.',
    ['model', 'upstream', 'breaker'],
    ({ snapshot }) =>
      Object.values(snapshot.instances).flatMap(({ modelId, upstreamId, breaker }) =>
        (['closed', 'half_open', 'open'] as const).map((state): Sample<number> => [
          [modelId, upstreamId, state],
          state === breaker ? 1 : 0,
        ]),
      ),
  ),
  gauge('pointsman_tunnel_up', '1 while the tunnel may be used, else 0.', ['tunnel'], ({ snapshot }) =>
    Object.entries(snapshot.tunnels).map(([tunnel, { status }]) => [[tunnel], status === 'down' ? 0 : 1]),
  ),
  gauge('pointsman_pod_phase', '1 for the phase that a rented pod is in.', ['pod', 'phase'], ({ pods }) =>
    Object.entries(pods).flatMap(([pod, { phase }]) =>
      podPhases.map((one): Sample<number> => [[pod, one], one === phase ? 1 : 0]),
    ),
  ),
  gauge('pointsman_pod_trouble', '1 while this keeps a pod from where it should be.', ['pod', 'trouble'], ({ pods }) =>
    Object.entries(pods).flatMap(([pod, { trouble }]) =>
      podTroubles.map((one): Sample<number> => [[pod, one], one === trouble ? 1 : 0]),
    ),
  ),
  counter('pointsman_pod_up_seconds', 'Time for which a pod was billed.', ['pod'], ({ pods, nowMs }) =>
    Object.entries(pods).map(([id, pod]) => [[id], upMsUntil(pod, nowMs) / 1000]),
  ),
  counter('pointsman_pod_wakes', 'Starts of a pod after which its servers answered.', ['pod'], ({ pods }) =>
    Object.entries(pods).map(([id, { wakes }]) => [[id], wakes]),
  ),
  gauge('pointsman_pod_held_requests', 'Requests that wait for a pod to be started.', ['pod'], ({ snapshot }) =>
    Object.entries(snapshot.pods ?? {}).map(([id, { held }]) => [[id], held]),
  ),
  gauge('pointsman_places', 'Calls that a model may serve at once.', ['model'], ({ config, occupied }) =>
    Object.keys(occupied).map((model) => [[model], config.models[model]?.max_in_flight ?? 0]),
  ),
  gauge(
    'pointsman_places_in_use',
    'Places handed out; isolates hold some to spare for at most 30 s.',
    ['model'],
    ({ occupied }) => Object.entries(occupied).map(([model, { inUse }]) => [[model], inUse]),
  ),
  gauge('pointsman_queue_length', 'Requests that wait for a place.', ['model'], ({ occupied }) =>
    Object.entries(occupied).map(([model, { queued }]) => [[model], queued]),
  ),
  gauge(
    'pointsman_server_running',
    'Requests that the model server says it runs.',
    ['model', 'upstream'],
    ofServer(({ running }) => running),
  ),
  gauge(
    'pointsman_server_waiting',
    'Requests that wait in the model server.',
    ['model', 'upstream'],
    ofServer(({ waiting }) => waiting),
  ),
  gauge(
    'pointsman_server_kv_cache_usage',
    'Share of its cache that the model server uses.',
    ['model', 'upstream'],
    ofServer(({ kvCacheUsage }) => kvCacheUsage),
  ),
  gauge(
    'pointsman_server_wedged',
    '1 while the engine of a model server is dead although its API answers, else 0.',
    ['model', 'upstream'],
    ofServer(({ wedgedSinceMs }) => (wedgedSinceMs === null ? 0 : 1)),
  ),
  gauge(
    'pointsman_budget_used_ratio',
    'Spent and reserved of a budget of the deployment or an agent, in its current period.',
    ['budget', 'period'],
    ({ budgets }) =>
      budgets.map(({ name, period, spentNanoUsd, reservedNanoUsd, limitNanoUsd }) => [
        [name, period],
        limitNanoUsd === 0 ? 1 : (spentNanoUsd + reservedNanoUsd) / limitNanoUsd,
      ]),
  ),
  gauge(
    'pointsman_ledger_lag_seconds',
    'Age of the oldest ended request that the ledger’s shards held back when it was asked; 0 when none.',
    [],
    ({ lagMs }) => [[[], lagMs / 1000]],
  ),
  gauge('pointsman_request_log_waiting_rows', 'Rows of the request log that wait for the database.', [], ({ rows }) => [
    [[], rows?.waiting ?? 0],
  ]),
  counter(
    'pointsman_request_log_lost_rows',
    'Rows that never got into the database: dropped by a full outbox, or refused for what is in them.',
    ['loss'],
    ({ rows }) => rowLossIds.map((loss): Sample<number> => [[loss], rows?.[loss] ?? 0]),
  ),
  counter('pointsman_object_calls', 'Calls of Durable Objects by isolates, which the platform bills.', ['object'], (source) =>
    words(detailOf(source).calls),
  ),
  counter('pointsman_documents', 'Documents that were put or deleted, by what became of them.', ['change'], (source) =>
    documentCounts(source)
      .filter(([name]) => documentChanges.some((change) => change === name))
      .map(([name, count]) => [[name], count]),
  ),
  counter('pointsman_document_chunks', 'Passages of documents that were embedded and stored.', [], (source) => [
    [[], countOf(source, 'chunks')],
  ]),
  counter('pointsman_document_queries', 'Questions whose passages were found.', [], (source) => [
    [[], countOf(source, 'queries')],
  ]),
  histogram('pointsman_document_step_seconds', 'Steps before an answer from documents begins.', ['step'], seconds, (source) =>
    words(detailOf(source).documents?.steps ?? []),
  ),
];

function documentCounts(source: MetricsSource): Named<number> {
  return detailOf(source).documents?.counts ?? [];
}

function countOf(source: MetricsSource, wanted: string): number {
  return documentCounts(source).find(([name]) => name === wanted)?.[1] ?? 0;
}
