/**
 * What an isolate reads of its environment once, for the Worker and for every object in it: settings, configuration, addresses, the way out
 * for words, the database. With `deps.ts` the only file that knows concrete adapters.
 */
import type { Config } from '../shared/config-prepare.ts';
import type { PodConfig } from '../shared/config-pods.ts';
import type { UpstreamConfig } from '../shared/config.ts';
import { GatewayError } from '../shared/errors.ts';
import { fail, ok, type Result } from '../shared/result.ts';
import { loadConfig } from './config.ts';
import { type HideSecrets, secretHider } from './core/log/known-secrets.ts';
import type { PodControl } from './core/pods/pods-port.ts';
import type { LogPort, UpstreamPort } from './core/ports.ts';
import type { PostgresPort } from './core/rows/ports.ts';
import type { DialectOf } from './core/upstreams/dialect.ts';
import { dialects, dialectsOf } from './core/upstreams/registry.ts';
import { type Env, isUpstreamSet, readPods, readSettings, readTargets, readText, type Settings } from './env.ts';
import { defaultProfile, profiles } from './generated/config.ts';
import { createConsoleLog } from './io/console-log.ts';
import { createPostgres } from './io/postgres.ts';
import { createRunpod, runpodUrl } from './io/runpod.ts';
import { createUpstreamFetch } from './io/upstream-fetch.ts';
import { createWorkersAiPort } from './io/workers-ai.ts';
import { deploymentMistakes, lacking } from './readiness.ts';
import { secretsIn } from './secrets.ts';

export interface Setup {
  readonly settings: Settings;
  readonly config: Config;
  readonly dialectOf: DialectOf;
  readonly upstream: UpstreamPort;
  /** Rented pods at their providers. */
  readonly pods: Readonly<Record<string, PodControl>>;
  /** What the tenants' salts are derived from: every model server's key. */
  readonly saltSecret: string;
}

/** Settings, configuration and addresses, or every mistake in them, for the operator's eyes. */
function setUp(env: Env): Result<Setup, readonly string[]> {
  const settings = readSettings(env);
  if (!settings.ok) return settings;
  const config = loadOver(env, settings.value, null);
  if (!config.ok) return config;
  const { targets, mistakes: unread } = readTargets(env, config.value);
  const podTargets = readPods(env, config.value);
  const mistakes = [...unread, ...podTargets.mistakes, ...deploymentMistakes(settings.value, [...targets.values()])];
  if (mistakes.length > 0) return fail(mistakes);
  const dialectOf = dialectsOf(config.value.upstreams, outlet(env).hideSecrets);
  const servers = [...targets].map(([id, { origin, usesAccess, key, vpc }]) => {
    return [id, { origin, usesAccess, headers: dialectOf(id).headers(key), vpc: vpc ?? null }] as const;
  });
  const byAddress = createUpstreamFetch(new Map(servers), settings.value.access);
  const upstream = createWorkersAiPort(env, config.value.upstreams, byAddress);
  const saltSecret = [...new Set([...targets.values()].flatMap(({ key }) => key ?? []))].join(':');
  const pods = Object.fromEntries(
    [...podTargets.targets].map(([id, target]) => [id, createRunpod({ ...target, url: target.url ?? runpodUrl })]),
  );
  return ok({ settings: settings.value, config: config.value, dialectOf, upstream, saltSecret, pods });
}

/** The deployed configuration with what was changed at run time over it. @param runtime a JSON merge patch, untrusted, or null */
export function loadOver(env: Env, settings: Settings, runtime: unknown): Result<Config, readonly string[]> {
  const profile = settings.profile ?? defaultProfile;
  const isSet = (upstream: UpstreamConfig): boolean => isUpstreamSet(env, upstream);
  const hasPod = ({ id_var: variable }: PodConfig): boolean => readText(env, variable) !== null;
  return loadConfig(profiles, profile, settings.configOverrides, Object.keys(dialects), isSet, runtime, hasPod);
}

/** The configuration alone, for objects that need nothing else. */
export function wireConfig(env: Env): Config {
  return setUpOrThrow(env).config;
}

let isolatePostgres: PostgresPort | null = null;

/** The database, one port for the whole isolate, which counts connections; null where there is none. */
export function wirePostgres(env: Env): PostgresPort | null {
  const { postgres } = setUpOrThrow(env).settings;
  return postgres === null ? null : (isolatePostgres ??= createPostgres(postgres.url));
}

/** The log alone, for objects that need nothing else. */
export function wireLog(env: Env): LogPort {
  return outlet(env).log;
}

export interface Outlet {
  readonly log: LogPort;
  /** For words of a model server that a client is told. */
  readonly hideSecrets: HideSecrets;
}

let isolateOutlet: Outlet | null = null;

/** What leaves the gateway in words, kept clear of the deployment's secrets: there before anything else, for a set-up with mistakes as well. */
export function outlet(env: Env): Outlet {
  if (isolateOutlet === null) {
    const hideSecrets = secretHider(secretsIn(env, profiles));
    isolateOutlet = { log: createConsoleLog(hideSecrets), hideSecrets };
  }
  return isolateOutlet;
}

/** The environment does not change while an isolate lives: the Worker and every object in it share one set-up, or one list of mistakes. */
let isolateSetup: Result<Setup, readonly string[]> | null = null;

export function setUpOrThrow(env: Env): Setup {
  if (isolateSetup === null) {
    isolateSetup = setUp(env);
    if (!isolateSetup.ok) outlet(env).log.write('error', 'not_ready', { mistakes: isolateSetup.failure });
  }
  if (isolateSetup.ok) return isolateSetup.value;
  const detail = `Missing or wrong: ${lacking(isolateSetup.failure)}. The operator finds each reason in the log.`;
  throw new GatewayError({ code: 'not_ready', detail });
}
