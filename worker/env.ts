/** Vars and secrets, read once per isolate into typed settings, with a clear message for everything that is missing or malformed. */
import type { ConfigTree } from '../shared/config.ts';
import { fail, ok, type Result } from '../shared/result.ts';
import type { AdmissionObjectBase } from './objects/admission-object.ts';
import type { HealthObjectBase } from './objects/health-object.ts';
import type { KeysObject } from './objects/keys-object.ts';
import type { LedgerObjectBase } from './objects/ledger-object.ts';
import type { SessionObject } from './objects/session-object.ts';
import type { TenantObjectBase } from './objects/tenant-object.ts';

/** The bindings and variables of wrangler.toml. Variables that configs name (`url_var`, `key_var`) are read by name. */
export interface Env {
  readonly HEALTH: DurableObjectNamespace<HealthObjectBase>;
  readonly ADMISSION: DurableObjectNamespace<AdmissionObjectBase>;
  readonly KEYS: DurableObjectNamespace<KeysObject>;
  readonly SESSION: DurableObjectNamespace<SessionObject>;
  readonly TENANT: DurableObjectNamespace<TenantObjectBase>;
  /** Coarse and per location; exact limits are the tenant object's. Absent where the platform has none. */
  readonly KEY_RATE?: RateLimit;
  readonly LEDGER: DurableObjectNamespace<LedgerObjectBase>;
  readonly [name: string]: unknown;
}

export interface Settings {
  readonly environment: 'development' | 'staging' | 'production';
  readonly profile: string | null;
  /** Parsed JSON of CONFIG_OVERRIDES, not yet validated. */
  readonly configOverrides: unknown;
  readonly access: { readonly clientId: string; readonly clientSecret: string } | null;
  readonly adminToken: string | null;
  /** Set when operators may also come through Cloudflare Access. */
  readonly accessLogin: { readonly issuer: string; readonly audience: string } | null;
  readonly bootstrapApiKey: string | null;
  /** A log line for every request. */
  readonly logsRequests: boolean;
}

const tokenPattern = /^[\x21-\x7e]{16,512}$/;

/** Reads every setting but the upstreams' addresses and keys (`readTargets`). The failure is one sentence per mistake, for the operator only. */
export function readSettings(env: Env): Result<Settings, readonly string[]> {
  const mistakes: string[] = [];
  const text = (name: string): string | null => readText(env, name);
  const token = (name: string): string | null => {
    const value = text(name);
    if (value !== null && !tokenPattern.test(value))
      mistakes.push(`${name} must be 16 to 512 printable characters without spaces.`);
    return value;
  };

  const environment = text('ENVIRONMENT') ?? 'production';
  if (environment !== 'development' && environment !== 'staging' && environment !== 'production') {
    return fail([`ENVIRONMENT is "${environment}"; expected development, staging or production.`]);
  }
  const bootstrapApiKey = token('BOOTSTRAP_API_KEY');
  if (bootstrapApiKey !== null && environment !== 'development') {
    mistakes.push('BOOTSTRAP_API_KEY is for development only; remove it and create keys through /admin/keys.');
  }
  const overrides = text('CONFIG_OVERRIDES');
  let configOverrides: unknown = null;
  if (overrides !== null) {
    if (environment === 'production' && text('ALLOW_CONFIG_OVERRIDES') !== 'true') {
      mistakes.push('CONFIG_OVERRIDES is refused in production unless ALLOW_CONFIG_OVERRIDES=true.');
    }
    try {
      configOverrides = JSON.parse(overrides);
    } catch {
      mistakes.push('CONFIG_OVERRIDES is not valid JSON.');
    }
  }
  const clientId = text('ACCESS_CLIENT_ID');
  const clientSecret = text('ACCESS_CLIENT_SECRET');
  if ((clientId === null) !== (clientSecret === null)) {
    mistakes.push('ACCESS_CLIENT_ID and ACCESS_CLIENT_SECRET go together; only one is set.');
  }
  const adminToken = token('ADMIN_TOKEN');
  const team = text('ACCESS_TEAM_DOMAIN');
  const audience = text('ACCESS_AUD');
  if ((team === null) !== (audience === null)) mistakes.push('ACCESS_TEAM_DOMAIN and ACCESS_AUD go together; only one is set.');
  const issuer = team === null || team.includes('://') ? team : `https://${team}`;
  if (issuer !== null && !URL.canParse(issuer))
    mistakes.push('ACCESS_TEAM_DOMAIN must be a domain such as team.cloudflareaccess.com.');
  if (issuer !== null && environment !== 'development' && !issuer.startsWith('https://'))
    mistakes.push('ACCESS_TEAM_DOMAIN must use https.');
  if (mistakes.length > 0) return fail(mistakes);
  return ok({
    environment,
    profile: text('CONFIG_PROFILE'),
    configOverrides,
    access: clientId !== null && clientSecret !== null ? { clientId, clientSecret } : null,
    adminToken,
    accessLogin: issuer !== null && audience !== null ? { issuer, audience } : null,
    bootstrapApiKey,
    logsRequests: text('REQUEST_LOG') === 'on',
  });
}

/** A variable's text, trimmed; null where it is not set. */
function readText(env: Env, name: string): string | null {
  const value = env[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

const secretName = /TOKEN|SECRET|PASSWORD|KEY|CLIENT_ID/;

/**
 * The values that no log and no answer may hold: of every variable that is named like a secret, or that a configuration names as one,
 * also where the set-up has mistakes.
 */
export function secretsIn(env: Env, profiles: Readonly<Record<string, ConfigTree>> = {}): string[] {
  const named = new Set([...Object.values(profiles), overridesIn(env)].flatMap(keyVariablesIn));
  return Object.entries(env).flatMap(([name, value]) =>
    (secretName.test(name) || named.has(name)) && typeof value === 'string' ? [value.trim()] : [],
  );
}

/** Null where there are none that could be read. */
function overridesIn(env: Env): unknown {
  try {
    return JSON.parse(readText(env, 'CONFIG_OVERRIDES') ?? 'null');
  } catch {
    return null;
  }
}

/** The `key_var` of every upstream, in a tree that nobody has checked. */
function keyVariablesIn(tree: unknown): unknown[] {
  return Object.values(Object(Object(tree)['upstreams'])).map((upstream) => Object(upstream)['key_var']);
}

/** What calling an upstream takes beyond its configuration: values of variables and secrets. */
export interface UpstreamTarget {
  readonly origin: string;
  /** The variable that holds it. */
  readonly originVariable: string;
  /** Null: the server is asked without one. */
  readonly key: string | null;
  readonly keyVariable: string;
  readonly usesAccess: boolean;
}

export interface UpstreamTargets {
  /** By upstream id: of those that a model runs on. */
  readonly targets: ReadonlyMap<string, UpstreamTarget>;
  readonly mistakes: readonly string[];
}

/** Reads the address and the key of every upstream that a model runs on; each mistake is one sentence for the operator. */
export function readTargets(env: Env, { models, upstreams }: ConfigTree): UpstreamTargets {
  const used = new Set(Object.values(models).flatMap((model) => model.upstreams));
  const targets = new Map<string, UpstreamTarget>();
  const mistakes: string[] = [];
  for (const [id, { url_var: originVariable, key_var: keyVariable, access: usesAccess }] of Object.entries(upstreams)) {
    if (!used.has(id)) continue;
    const origin = readOrigin(env, originVariable);
    const key = readText(env, keyVariable);
    if (key !== null && unsendable.test(key)) mistakes.push(`${keyVariable} holds a line break, which no header can carry.`);
    if (!origin.ok) mistakes.push(origin.failure);
    else targets.set(id, { origin: origin.value, originVariable, key, keyVariable, usesAccess });
  }
  return { targets, mistakes };
}

/** With such a key every call would fail as if the server could not be reached. */
const unsendable = /[\r\n\0]/;

/** Reads an upstream's origin from the variable its config names: http(s), no path, no credentials. */
export function readOrigin(env: Env, variable: string): Result<string, string> {
  const value = env[variable];
  if (typeof value !== 'string' || value.trim() === '')
    return fail(`${variable} is not set; it holds the origin of a model server.`);
  if (!URL.canParse(value)) return fail(`${variable} is not a URL.`);
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return fail(`${variable} must begin with https:// or http://.`);
  if (url.username !== '' || url.password !== '') return fail(`${variable} must not carry credentials.`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return fail(`${variable} must be an origin without a path.`);
  return ok(url.origin);
}
