/** `GET /stats`, `/stats/series` and `/router/info`: for operators, from the ledger object and the loaded configuration. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { type LearnedReport, rangeIds } from '../../shared/observed.ts';
import { fourDigits } from '../../shared/units.ts';
import type { LearnedWeights } from '../core/classify/learned.ts';
import { classifierVersion } from '../core/classify/version.ts';
import type { Evaluation } from '../core/learn/head.ts';
import { apgrOf, type Interval } from '../core/learn/lift.ts';
import type { LearningStatus } from '../core/learn/ports.ts';
import type { Quality } from '../core/learn/quality.ts';
import { featuresOf } from '../core/fleet/features.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';
import { reportsOf } from './admin-pods.ts';
import { allKeys } from './all-keys.ts';

/** The ledger's numbers, with the names of keys beside their ids. */
export function stats(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const [{ keys, ...counted }, names] = await Promise.all([
      deps.pipeline.ledger.read(deps.pipeline.config.routing),
      keyNames(deps),
    ]);
    const log = (await deps.pipeline.rows?.status().catch(() => null)) ?? null;
    const named = Object.entries(keys).map(([id, group]) => [id, { name: names.get(id) ?? null, ...group }]);
    return c.json({ ...counted, keys: Object.fromEntries(named), request_log: log });
  };
}

/** The same over time. */
export function statsSeries(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const wanted = c.req.query('range') ?? 'hour';
    const range = rangeIds.find((known) => known === wanted);
    if (range === undefined) {
      throw new GatewayError({ code: 'invalid_value', param: 'range', detail: `Expected one of: ${rangeIds.join(', ')}.` });
    }
    return c.json(await deps.pipeline.ledger.series(range));
  };
}

/** Names by id; the bootstrap key is not stored and has none. */
async function keyNames(deps: Deps): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for await (const { id, name } of allKeys(deps)) names.set(id, name);
  return names;
}

/** What this deployment would do with a request, without its secrets and addresses. */
export function routerInfo(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  const { config, weights, rows, learning } = deps.pipeline;
  const { profile, models, upstreams, routing, limits, cors, cache, rag, request_log: requestLog } = config;
  const { version, commit, environment, features, postgres, usesQueue } = deps.deployment;
  const info = {
    profile,
    environment,
    config: configVersionOf(deps),
    versions: { gateway: version, commit, classifier: classifierVersion(routing, weights) },
    features: { ...featuresOf(config), ...features },
    postgres,
    models: mapped(models, ({ served_name, kind, tier, upstreams: on, capabilities, context_tokens, ...rest }) => {
      const { tool_formats, reasoning, max_in_flight, price } = rest;
      return {
        served_name,
        kind,
        tier,
        upstreams: on,
        capabilities,
        context_tokens,
        tool_formats,
        reasoning,
        max_in_flight,
        price,
      };
    }),
    upstreams: mapped(upstreams, ({ dialect, access, tunnel, weight, timeouts_ms }) => {
      return { dialect, access, tunnel, weight, timeouts_ms };
    }),
    classifier: routing.classifier,
    // The learned router's, from the run that trained it; it is not in use where these are null.
    classifier_evaluation: weights === null ? null : evaluationOf(weights.metadata),
    intent: routing.intent,
    aliases: routing.aliases,
    fallback_chains: routing.chains,
    retry: routing.retry,
    health_check: routing.health,
    streaming: routing.streaming,
    routing,
    limits,
    cors,
    cache,
    rag: { ...rag, store: deps.documents.index?.id ?? 'object' },
  };
  return async (c) => {
    // What waits for the database; it may be in the same trouble.
    const waiting = (await rows?.status().catch(() => null)) ?? null;
    const pods = await reportsOf(deps).catch(() => null);
    const learned = (await learning?.status().catch(() => null)) ?? null;
    return c.json({
      ...info,
      learned: learned === null ? null : learnedReport(learned),
      pods,
      request_log: { ...requestLog, queue: usesQueue, rows: waiting },
    });
  };
}

/** What was learned from the deployment's own traffic. */
function learnedReport({ version, isOn, trainedAtMs, evaluation, outcomes, quality, today }: LearningStatus): LearnedReport {
  return {
    version,
    in_force: isOn,
    trained_at: trainedAtMs === null ? null : new Date(trainedAtMs).toISOString(),
    outcomes,
    evaluation: evaluation === null ? null : evaluationReport(evaluation),
    quality: quality === null ? null : qualityReport(quality),
    today: { shadow_calls: today.shadows, ungraded: today.ungraded, cost_nano_usd: today.costNanoUsd },
  };
}

function evaluationReport({ ours, theirs, lead, gap, outcomes, weight }: Evaluation) {
  const [own, shipped] = [apgrOf(ours, gap), apgrOf(theirs, gap)];
  const digits = (value: number | null): number | null => (value === null ? null : fourDigits(value));
  return {
    outcomes,
    weight,
    mean_gain: fourDigits(gap),
    apgr: digits(own),
    apgr_shipped: digits(shipped),
    lead: intervalReport(lead),
  };
}

function qualityReport({ pairs, shownSmall, givenUp }: Quality) {
  return { compared: pairs, answered_by_small: shownSmall, given_up: intervalReport(givenUp) };
}

function intervalReport({ value, low, high }: Interval) {
  return { value: fourDigits(value), low: fourDigits(low), high: fourDigits(high) };
}

/** Which of the versions of `/admin/config` this isolate runs with. */
function configVersionOf({ overridden }: Deps) {
  if (overridden === null) return { version: 0, at: null, actor: null, in_force: true };
  const { version, atMs, actor, mistakes } = overridden;
  return { version, at: new Date(atMs).toISOString(), actor, in_force: mistakes.length === 0 };
}

/** Scores by name, with what they were measured on. */
function evaluationOf({ date, dataSha256, rows, scores }: LearnedWeights['metadata']) {
  const named = Object.entries(scores).map(([name, score]) => [snakeCase(name), fourDigits(score)]);
  return { trained_on: date, data_sha256: dataSha256, rows, scores: Object.fromEntries(named) };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function mapped<T, U>(entries: Readonly<Record<string, T>>, change: (one: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(entries).map(([id, one]) => [id, change(one)]));
}
