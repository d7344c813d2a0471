/** Wires the ports to their adapters: the only file that knows both. One set per isolate. */
import type { Config } from '../shared/config-prepare.ts';
import { GatewayError } from '../shared/errors.ts';
import { fail, ok, type Result } from '../shared/result.ts';
import { loadConfig } from './config.ts';
import type { KeyRecord } from './core/auth/key-record.ts';
import { loadWeights } from './core/classify/weights/load.ts';
import { healthConfig } from './core/health/health-config.ts';
import { type HideSecrets, secretHider } from './core/log/known-secrets.ts';
import type { KeysPort, LogPort, UpstreamPort } from './core/ports.ts';
import { surfaces } from './core/surfaces/registry.ts';
import type { Surface } from './core/surfaces/surface.ts';
import { emptyRetryBudget } from './core/route/retry-budget.ts';
import type { DialectOf } from './core/upstreams/dialect.ts';
import { dialects, dialectsOf } from './core/upstreams/registry.ts';
import { type Env, readSettings, readTargets, secretsIn, type Settings } from './env.ts';
import { defaultProfile, profiles } from './generated/config.ts';
import { createAdmissionClient } from './io/admission-client.ts';
import { createAccessVerifier } from './io/access-jwt.ts';
import { bootstrapKeyId, createBootstrapKeys } from './io/bootstrap-keys.ts';
import { openClientPipe } from './io/client-pipe.ts';
import { createConsoleLog } from './io/console-log.ts';
import { isSameSecret, sha256Hex } from './io/digest.ts';
import { createHealthClient } from './io/health-client.ts';
import { createKeyRate } from './io/key-rate.ts';
import { createKeysClient, type KeysAdmin } from './io/keys-client.ts';
import { createLedgerClient } from './io/ledger-client.ts';
import { withRequestLog } from './io/request-log.ts';
import { createSessionClient } from './io/session-client.ts';
import { createTenantClient } from './io/tenant-client.ts';
import { clock, timers } from './io/timers.ts';
import { createUpstreamFetch } from './io/upstream-fetch.ts';
import type { HealthWiring } from './objects/health-object.ts';
import type { PipelineDeps } from './pipeline/run/deps.ts';
import { probeUpstream } from './pipeline/probe-upstream.ts';
import { deploymentMistakes } from './readiness.ts';

export interface Deps {
  /** The public wires. */
  readonly surfaces: readonly Surface[];
  readonly pipeline: PipelineDeps;
  readonly keys: KeysPort & KeysAdmin;
  readonly adminToken: string | null;
  /** Who an Access token was issued to; null when Access is not set up. */
  readonly verifyAccess: ((token: string) => Promise<string | null>) | null;
  /** The word in new keys that says where they belong. */
  readonly keyEnvironment: string;
  /** The platform's own, approximate limit per key. */
  isWithinRate(key: KeyRecord): Promise<boolean>;
  randomBytes(count: number): Uint8Array;
  digest(secret: string): Promise<string>;
  isSameSecret(a: string, b: string): Promise<boolean>;
  /** A value that keeps one key's prefix cache on the model servers apart from every other's. */
  saltOf(keyId: string): Promise<string>;
}

const keyEnvironments = { development: 'dev', staging: 'test', production: 'live' } as const;

interface Setup {
  readonly settings: Settings;
  readonly config: Config;
  readonly dialectOf: DialectOf;
  readonly upstream: UpstreamPort;
  /** What the tenants' salts are derived from: every model server's key. */
  readonly saltSecret: string;
}

/** Settings, configuration and addresses, or every mistake in them, for the operator's eyes. */
function setUp(env: Env): Result<Setup, readonly string[]> {
  const settings = readSettings(env);
  if (!settings.ok) return settings;
  const config = loadConfig(
    profiles,
    settings.value.profile ?? defaultProfile,
    settings.value.configOverrides,
    Object.keys(dialects),
  );
  if (!config.ok) return config;
  const { targets, mistakes: unread } = readTargets(env, config.value);
  const mistakes = [...unread, ...deploymentMistakes(settings.value, [...targets.values()])];
  if (mistakes.length > 0) return fail(mistakes);
  const dialectOf = dialectsOf(config.value.upstreams, outlet(env).hideSecrets);
  const servers = [...targets].map(([id, { origin, usesAccess, key }]) => {
    return [id, { origin, usesAccess, headers: dialectOf(id).headers(key) }] as const;
  });
  const upstream = createUpstreamFetch(new Map(servers), settings.value.access);
  const saltSecret = [...new Set([...targets.values()].flatMap(({ key }) => key ?? []))].join(':');
  return ok({ settings: settings.value, config: config.value, dialectOf, upstream, saltSecret });
}

/** Everything a request needs. Throws `not_ready` when the set-up has mistakes; they are logged once. */
export async function createDeps(env: Env): Promise<Deps> {
  const { settings, config, dialectOf, upstream, saltSecret } = setUpOrThrow(env);
  const { log } = outlet(env);
  const isolateId = crypto.randomUUID();
  const digestOfBootstrap = settings.bootstrapApiKey === null ? null : await sha256Hex(settings.bootstrapApiKey);
  const ledger = createLedgerClient(env.LEDGER, {
    senderId: isolateId,
    shards: config.limits.ledger_shards,
    clock,
    log,
  });
  const salts = new Map<string, string>();
  const isWithinKeyRate = createKeyRate(env.KEY_RATE, log);
  return {
    keys: createKeysClient(env.KEYS, clock, createBootstrapKeys(digestOfBootstrap), config.limits.unknown_keys_per_second),
    adminToken: settings.adminToken,
    verifyAccess: settings.accessLogin === null ? null : createAccessVerifier(settings.accessLogin),
    keyEnvironment: keyEnvironments[settings.environment],
    isWithinRate: async (key) => key.id === bootstrapKeyId || isWithinKeyRate(key.id),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    digest: sha256Hex,
    isSameSecret,
    async saltOf(keyId) {
      const known = salts.get(keyId);
      if (known !== undefined) return known;
      const salt = (await sha256Hex(`${saltSecret}:${keyId}`)).slice(0, 32);
      if (salts.size < 10_000) salts.set(keyId, salt);
      return salt;
    },
    surfaces,
    pipeline: {
      config,
      weights: config.routing.classifier.mode === 'heuristic' ? null : loadWeights(),
      clock,
      timers,
      random: Math.random,
      newId,
      upstream,
      health: createHealthClient(env.HEALTH, { isolateId, config: healthConfig(config), clock, log }),
      ledger: settings.logsRequests ? withRequestLog(ledger, log) : ledger,
      admission: createAdmissionClient(env.ADMISSION, { isolateId, config, clock, log }),
      tenants: createTenantClient(env.TENANT, clock, log),
      sessions: createSessionClient(env.SESSION, { ttlMs: config.routing.sessions.ttl_ms, clock, log }),
      log,
      dialectOf,
      openPipe: openClientPipe,
      retryBudget: { current: emptyRetryBudget },
    },
  };
}

/** The health object probes by the same configuration and through the same door as requests go. */
export function wireHealth(env: Env): HealthWiring {
  const { config, dialectOf, upstream } = setUpOrThrow(env);
  const timeoutMs = config.routing.health.probe_timeout_ms;
  const probe: HealthWiring['probe'] = (id) => probeUpstream(upstream, dialectOf(id), id, AbortSignal.timeout(timeoutMs));
  return { config, log: wireLog(env), probe };
}

/** The configuration alone, for objects that need nothing else. */
export function wireConfig(env: Env): Config {
  return setUpOrThrow(env).config;
}

/** The log alone, for objects that need nothing else. */
export function wireLog(env: Env): LogPort {
  return outlet(env).log;
}

interface Outlet {
  readonly log: LogPort;
  /** For words of a model server that a client is told. */
  readonly hideSecrets: HideSecrets;
}

let isolateOutlet: Outlet | null = null;

/** What leaves the gateway in words, kept clear of the deployment's secrets: there before anything else, for a set-up with mistakes as well. */
function outlet(env: Env): Outlet {
  if (isolateOutlet === null) {
    const hideSecrets = secretHider(secretsIn(env, profiles));
    isolateOutlet = { log: createConsoleLog(hideSecrets), hideSecrets };
  }
  return isolateOutlet;
}

/** The environment does not change while an isolate lives: the Worker and every object in it share one set-up, or one list of mistakes. */
let isolateSetup: Result<Setup, readonly string[]> | null = null;

function setUpOrThrow(env: Env): Setup {
  if (isolateSetup === null) {
    isolateSetup = setUp(env);
    if (!isolateSetup.ok) outlet(env).log.write('error', 'not_ready', { mistakes: isolateSetup.failure });
  }
  if (isolateSetup.ok) return isolateSetup.value;
  throw new GatewayError({ code: 'not_ready', detail: 'The operator finds the reason in the log.' });
}

/** 122 random bits. */
function newId(): string {
  return crypto.randomUUID().replaceAll('-', '');
}
