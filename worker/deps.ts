/** Wires the ports to their adapters; with `set-up.ts` the only file that knows both. One set per isolate. */
import type { Config } from '../shared/config-prepare.ts';
import type { Result } from '../shared/result.ts';
import { nanoUsdFromUsd } from '../shared/units.ts';
import type { KeyRecord } from './core/auth/key-record.ts';
import type { Occupancy } from './core/admission/admission.ts';
import { loadWeights } from './core/classify/weights/load.ts';
import { healthConfig } from './core/health/health-config.ts';
import type { KeysPort, LogPort, RequestsPort, Tracer } from './core/ports.ts';
import type { LearnPort } from './core/learn/ports.ts';
import { learnedPair } from './core/learn/pair.ts';
import type { PostgresPort, RowsPort, RowStorePort } from './core/rows/ports.ts';
import { surfaces } from './core/surfaces/registry.ts';
import type { Surface } from './core/surfaces/surface.ts';
import { emptyRetryBudget } from './core/route/retry-budget.ts';
import { type Deployment, deploymentOf } from './deployment.ts';
import { type Env, readPodHooks, type Settings } from './env.ts';
import { version } from './generated/config.ts';
import { createAdmissionClient } from './io/admission-client.ts';
import { createAnswerCache } from './io/answer-cache.ts';
import { createAccessVerifier } from './io/access-jwt.ts';
import { bootstrapKeyId, createBootstrapKeys } from './io/bootstrap-keys.ts';
import { type ConfigVersions, createConfigClient } from './io/config-client.ts';
import { openClientPipe } from './io/client-pipe.ts';
import { isSameSecret, sha256Hex } from './io/digest.ts';
import { createDocuments } from './io/documents.ts';
import { createFeedClient, type FeedClient } from './io/feed-client.ts';
import { createHealthClient } from './io/health-client.ts';
import { createKeptClient } from './io/kept-client.ts';
import { createKeyRate } from './io/key-rate.ts';
import { createKeysClient, type KeysAdmin } from './io/keys-client.ts';
import { newId } from './io/new-id.ts';
import { callObject } from './io/object-call.ts';
import { createObjectCalls, type ObjectCalls } from './io/object-calls.ts';
import { createLearnClient } from './io/learn-client.ts';
import { createLedgerClient } from './io/ledger-client.ts';
import { createPages } from './io/pages.ts';
import { createPodsClient } from './io/pods-client.ts';
import { createReaders } from './io/database-readers.ts';
import { createRequestLog } from './io/request-log.ts';
import { createRowStore } from './io/row-store.ts';
import { createRowsClient } from './io/rows-client.ts';
import { consumeRows } from './io/rows-consumer.ts';
import { createSalts } from './io/salts.ts';
import { createSessionClient } from './io/session-client.ts';
import { createTenantClient } from './io/tenant-client.ts';
import { createTracer } from './io/tracer.ts';
import { clock, timers } from './io/timers.ts';
import type { RestartRequest } from './core/health/restart.ts';
import type { HealthWiring } from './objects/health-object.ts';
import type { LearnWiring } from './objects/learn-object.ts';
import type { RowsWiring } from './objects/rows-object.ts';
import type { RagWorld } from './pipeline/rag/rag-world.ts';
import type { PipelineDeps } from './pipeline/run/deps.ts';
import { callPodHook } from './io/pod-hook.ts';
import { probeUpstream } from './pipeline/probe-upstream.ts';
import { loadOver, outlet, setUpOrThrow, wireConfig, wireLog, wirePostgres } from './set-up.ts';

export interface Deps {
  /** The public wires. */
  readonly surfaces: readonly Surface[];
  readonly pipeline: PipelineDeps;
  readonly keys: KeysPort & KeysAdmin;
  readonly deployment: Deployment;
  /** What operators changed of the configuration, in all its versions. */
  readonly configs: ConfigVersions;
  /** The deployed configuration with a merge patch over it, or what is wrong with that. */
  loadWith(overrides: unknown): Result<Config, readonly string[]>;
  /** The version in force here, and why it is not where it does not fit; null where nothing was changed. */
  readonly overridden: Overridden | null;
  /** Null where nobody wants traces. */
  readonly tracer: Tracer | null;
  readonly adminToken: string | null;
  readonly metricsToken: string | null;
  /** Who an Access token was issued to; null when Access is not set up. */
  readonly verifyAccess: ((token: string) => Promise<string | null>) | null;
  /** The word in new keys that says where they belong. */
  readonly keyEnvironment: string;
  /** The platform's own, approximate limit per key. */
  isWithinRate(key: KeyRecord): boolean | Promise<boolean>;
  randomBytes(count: number): Uint8Array;
  digest(secret: string): Promise<string>;
  isSameSecret(a: string, b: string): Promise<boolean>;
  readonly documents: RagWorld;
  readonly feed: FeedClient;
  /** A value that keeps one key's prefix cache on the model servers apart from every other's. */
  saltOf(keyId: string): string | Promise<string>;
  /** Null where there is no database. */
  readonly postgres: PostgresPort | null;
  /** Out of the log; null where there is no database. */
  readonly logged: RequestsPort | null;
  /** A page's HTML; null where the Worker runs without its static assets. */
  readPage(name: string): Promise<ReadableStream | null>;
}

export interface Overridden {
  readonly version: number;
  readonly atMs: number;
  readonly actor: string;
  readonly mistakes: readonly string[];
}

function tracerOf({ traces, environment }: Settings, log: LogPort): Tracer | null {
  const resource = { 'service.name': 'pointsman', 'service.version': version, 'deployment.environment.name': environment };
  return createTracer({ ...traces, resource, clock, log });
}

const keyEnvironments = { development: 'dev', staging: 'test', production: 'live' } as const;

/** Everything a request needs. Throws `not_ready` when the set-up has mistakes; they are logged once. */
export async function createDeps(env: Env): Promise<Deps> {
  const { settings, config, dialectOf, upstream, saltSecret } = setUpOrThrow(env);
  const { log } = outlet(env);
  const isolateId = crypto.randomUUID();
  const digestOfBootstrap = settings.bootstrapApiKey === null ? null : await sha256Hex(settings.bootstrapApiKey);
  const calls = createObjectCalls();
  const { ledger_shards: shards } = config.limits;
  const ledger = createLedgerClient(calls.counted('ledger', env.LEDGER), { calls, senderId: isolateId, shards, clock, log });
  const postgres = wirePostgres(env);
  const readers = createReaders(postgres, config.cache.database, clock, log);
  return {
    ...keptInKeys(env, settings, config, calls, digestOfBootstrap),
    deployment: deploymentOf(settings, version, env.ROWS_QUEUE !== undefined),
    tracer: tracerOf(settings, log),
    adminToken: settings.adminToken,
    metricsToken: settings.metricsToken,
    verifyAccess: settings.accessLogin === null ? null : createAccessVerifier(settings.accessLogin),
    keyEnvironment: keyEnvironments[settings.environment],
    isWithinRate: withinRate(env, log),
    documents: createDocuments(calls.counted('collection', env.COLLECTION), env.DOCUMENT_INDEX, postgres, config.rag),
    feed: createFeedClient(calls.counted('ledger', env.LEDGER), shards),
    ...secretTools,
    postgres,
    logged: readers.logged,
    readPage: createPages(env.PAGES),
    saltOf: createSalts(saltSecret),
    surfaces,
    pipeline: {
      config,
      weights: config.routing.classifier.mode === 'heuristic' ? null : loadWeights(),
      clock,
      timers,
      random: Math.random,
      newId,
      upstream,
      ledger,
      ...objectPorts(env, calls, isolateId),
      answers: createAnswerCache(() => caches.open('answers'), readers.answers, clock, log),
      digest: sha256Hex,
      log,
      requestLog: settings.logsRequests ? createRequestLog(log) : null,
      rows: rowsOf(env, calls),
      dialectOf,
      openPipe: openClientPipe,
      ...isolateMemory(),
    },
  };
}

/** What the keys' object holds: keys, and what operators changed of the configuration. */
function keptInKeys(
  env: Env,
  settings: Settings,
  { limits }: Config,
  calls: ObjectCalls,
  digestOfBootstrap: string | null,
): Pick<Deps, 'keys' | 'configs' | 'loadWith' | 'overridden'> {
  const namespace = calls.counted('keys', env.KEYS);
  const bootstrap = createBootstrapKeys(digestOfBootstrap);
  return {
    keys: createKeysClient(namespace, clock, bootstrap, limits.unknown_keys_per_second),
    configs: createConfigClient(namespace, clock, outlet(env).log),
    loadWith: (overrides) => loadOver(env, settings, overrides),
    overridden: null,
  };
}

const secretTools: Pick<Deps, 'randomBytes' | 'digest' | 'isSameSecret'> = {
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  digest: sha256Hex,
  isSameSecret,
};

function withinRate(env: Env, log: LogPort): Deps['isWithinRate'] {
  const isWithinKeyRate = createKeyRate(env.KEY_RATE, log);
  return (key) => key.id === bootstrapKeyId || isWithinKeyRate(key.id);
}

/** Objects behind their ports, besides the ledger, which takes the counts of calls along. */
function objectPorts(
  env: Env,
  calls: ObjectCalls,
  isolateId: string,
): Pick<PipelineDeps, 'health' | 'pods' | 'admission' | 'tenants' | 'kept' | 'sessions' | 'learning'> {
  const [config, log] = [wireConfig(env), wireLog(env)];
  return {
    ...fleetPorts(env, calls, isolateId),
    admission: createAdmissionClient(calls.counted('admission', env.ADMISSION), { isolateId, config, clock, log }),
    tenants: createTenantClient(calls.counted('tenant', env.TENANT), clock, log),
    kept: createKeptClient(calls.counted('kept', env.KEPT), log),
    sessions: createSessionClient(calls.counted('session', env.SESSION), { ttlMs: config.routing.sessions.ttl_ms, clock, log }),
    learning: learningOf(env, calls),
  };
}

/** Null unless it is wanted, and there is a small and a large model to choose from. */
function learningOf(env: Env, calls: ObjectCalls): LearnPort | null {
  const [config, log] = [wireConfig(env), wireLog(env)];
  const pair = learnedPair(config);
  if (!config.routing.learning.enabled || pair === null) return null;
  const name = `${pair.small}|${pair.large}`;
  const refreshMs = Math.min(30_000, config.routing.learning.train_every_ms);
  return createLearnClient(calls.counted('learn', env.LEARN), { name, refreshMs, clock, log });
}

export function wireLearn(env: Env): LearnWiring {
  const { daily_budget_usd: usd, train_every_ms: trainEveryMs } = wireConfig(env).routing.learning;
  return { dailyBudgetNanoUsd: nanoUsdFromUsd(usd), trainEveryMs, log: wireLog(env) };
}

/** Both are the health object's. Where pods are stopped, what an isolate knows of the fleet may be half as old as they drain. */
function fleetPorts(env: Env, calls: ObjectCalls, isolateId: string): Pick<PipelineDeps, 'health' | 'pods'> {
  const [config, log] = [wireConfig(env), wireLog(env)];
  const namespace = calls.counted('health', env.HEALTH);
  const options = { isolateId, config: healthConfig(config), clock, log };
  const pods = Object.values(config.pods);
  if (pods.length === 0) return { health: createHealthClient(namespace, options), pods: null };
  const shortestDrainMs = Math.min(...pods.map(({ drain_ms: drainMs }) => drainMs));
  const mostAgeMs = shortestDrainMs / 2;
  const health = createHealthClient(namespace, { ...options, coldAfterMs: Math.min(10_000, mostAgeMs) });
  const noteEveryMs = Math.min(30_000, ...pods.map(({ idle_after_ms: idleAfterMs }) => idleAfterMs / 4));
  return {
    health,
    pods: createPodsClient(namespace, { isolateId, clock, log, noteEveryMs, askEveryMs: Math.min(1000, mostAgeMs), ...health }),
  };
}

/** What requests of one isolate leave for those after them. */
function isolateMemory(): Pick<PipelineDeps, 'speeds' | 'endedInARow' | 'retryBudget'> {
  return { speeds: new Map(), endedInARow: new Map(), retryBudget: { current: emptyRetryBudget } };
}

/** The health object probes by the same configuration and through the same door as requests go. */
export function wireHealth(env: Env): HealthWiring {
  const { config, dialectOf, upstream, settings, pods: controls } = setUpOrThrow(env);
  const timeoutMs = config.routing.health.probe_timeout_ms;
  const probe: HealthWiring['probe'] = (id) => probeUpstream(upstream, dialectOf(id), id, AbortSignal.timeout(timeoutMs));
  const occupancyOf = async (modelId: string): Promise<Occupancy> =>
    callObject(
      () => env.ADMISSION.getByName(`model:${modelId}`),
      async (object): Promise<Occupancy> => object.look(modelId),
      { attempts: 2, pauseMs: 50 },
    );
  const pods = Object.keys(config.pods).length === 0 ? null : { config, controls, occupancyOf };
  const log = wireLog(env);
  const hooks = readPodHooks(env, config, settings.access);
  const restarts = new Map(
    [...hooks].map(([id, hook]) => [id, (order: RestartRequest) => callPodHook(hook, order, log)] as const),
  );
  return { config, log, probe, pods, restarts };
}

function rowStoreOf(env: Env): RowStorePort | null {
  const postgres = wirePostgres(env);
  return postgres === null ? null : createRowStore(postgres, wireConfig(env).request_log.retention_days, wireLog(env));
}

function rowsOf(env: Env, calls: ObjectCalls): RowsPort | null {
  const store = rowStoreOf(env);
  if (store === null) return null;
  const outbox = calls.counted('rows', env.ROWS);
  return createRowsClient({ outbox, queue: env.ROWS_QUEUE ?? null, store, clock, ...outlet(env) });
}

/** The outbox of the request log. */
export function wireRows(env: Env): RowsWiring {
  return { store: rowStoreOf(env), maxRows: wireConfig(env).request_log.outbox_rows, log: wireLog(env) };
}

/** Rows that come back from the queue. Where there is no database any more they are kept in the queue until they expire there. */
export async function takeFromQueue(batch: MessageBatch, env: Env): Promise<void> {
  const store = rowStoreOf(env);
  if (store === null) return batch.retryAll({ delaySeconds: 600 });
  await consumeRows(batch, { store, outbox: env.ROWS, log: wireLog(env) });
}
