/** Vars and secrets, read once per isolate into typed settings, with a clear message for everything that is missing or malformed. */
import type { ConfigTree, UpstreamConfig } from '../shared/config.ts';
import { fail, ok, type Result } from '../shared/result.ts';
import type { AdmissionObjectBase } from './objects/admission-object.ts';
import type { CollectionObject } from './objects/collection-object.ts';
import type { HealthObjectBase } from './objects/health-object.ts';
import type { KeptObject } from './objects/kept-object.ts';
import type { KeysObject } from './objects/keys-object.ts';
import type { LearnObjectBase } from './objects/learn-object.ts';
import type { LedgerObjectBase } from './objects/ledger-object.ts';
import type { RowsObjectBase } from './objects/rows-object.ts';
import type { SessionObject } from './objects/session-object.ts';
import type { TenantObjectBase } from './objects/tenant-object.ts';

/** The bindings and variables of wrangler.toml. Variables that configs name (`url_var`, `key_var`) are read by name. */
export interface Env {
  readonly HEALTH: DurableObjectNamespace<HealthObjectBase>;
  readonly ADMISSION: DurableObjectNamespace<AdmissionObjectBase>;
  readonly COLLECTION: DurableObjectNamespace<CollectionObject>;
  /** The platform's vector index. Only where a deployment is bound to one. */
  readonly DOCUMENT_INDEX?: Pick<Vectorize, 'upsert' | 'deleteByIds' | 'query'>;
  readonly KEPT: DurableObjectNamespace<KeptObject>;
  readonly KEYS: DurableObjectNamespace<KeysObject>;
  readonly LEARN: DurableObjectNamespace<LearnObjectBase>;
  readonly SESSION: DurableObjectNamespace<SessionObject>;
  readonly TENANT: DurableObjectNamespace<TenantObjectBase>;
  /** Coarse and per location; exact limits are the tenant object's. Absent where the platform has none. */
  readonly KEY_RATE?: RateLimit;
  /** The pages' static assets. Absent where a bundle runs in workerd itself. */
  readonly PAGES?: Fetcher;
  readonly LEDGER: DurableObjectNamespace<LedgerObjectBase>;
  readonly ROWS: DurableObjectNamespace<RowsObjectBase>;
  /** Collects rows of the request log; absent where none is bound. */
  readonly ROWS_QUEUE?: Queue;
  /** The way to a PostgreSQL database where there is one. */
  readonly HYPERDRIVE?: Hyperdrive;
  readonly [name: string]: unknown;
}

export interface Settings {
  readonly environment: 'development' | 'staging' | 'production';
  readonly profile: string | null;
  /** Parsed JSON of CONFIG_OVERRIDES, not yet validated. */
  readonly configOverrides: unknown;
  readonly access: { readonly clientId: string; readonly clientSecret: string } | null;
  readonly adminToken: string | null;
  /** Opens `/metrics` and nothing else. */
  readonly metricsToken: string | null;
  /** Set when operators may also come through Cloudflare Access. */
  readonly accessLogin: { readonly issuer: string; readonly audience: string } | null;
  readonly bootstrapApiKey: string | null;
  /** The commit that was deployed; null where nobody has said. */
  readonly buildCommit: string | null;
  /** Where traces go to. */
  readonly traces: TraceSettings;
  /** A log line for every request. */
  readonly logsRequests: boolean;
  /** A database, by its own address or by way of Hyperdrive; null without one. */
  readonly postgres: PostgresSettings | null;
}

export interface PostgresSettings {
  readonly via: 'hyperdrive' | 'direct';
  readonly url: string;
}

export interface TraceSettings {
  /** Spans of the platform's own. */
  readonly isPlatform: boolean;
  /** A collector that takes OTLP over HTTP; null without one. */
  readonly otlp: { readonly url: string; readonly headers: Readonly<Record<string, string>> } | null;
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
  const metricsToken = token('METRICS_TOKEN');
  const accessLogin = readAccessLogin(env, environment, mistakes);
  const otlp = readOtlp(text('OTLP_ENDPOINT'), text('OTLP_HEADERS'));
  if (!otlp.ok) mistakes.push(otlp.failure);
  const postgres = readPostgres(env, environment, mistakes);
  if (mistakes.length > 0 || !otlp.ok) return fail(mistakes);
  return ok({
    environment,
    profile: text('CONFIG_PROFILE'),
    configOverrides,
    access: clientId !== null && clientSecret !== null ? { clientId, clientSecret } : null,
    adminToken,
    metricsToken,
    accessLogin,
    bootstrapApiKey,
    buildCommit: text('BUILD_COMMIT'),
    traces: { isPlatform: text('PLATFORM_TRACES') === 'on', otlp: otlp.value },
    logsRequests: text('REQUEST_LOG') === 'on',
    postgres,
  });
}

/** Hyperdrive's binding wins. A mistake is added to `mistakes`; what Hyperdrive says is not checked. */
function readPostgres(env: Env, environment: Settings['environment'], mistakes: string[]): PostgresSettings | null {
  const { HYPERDRIVE: hyperdrive } = env;
  if (hyperdrive !== undefined) return { via: 'hyperdrive', url: hyperdrive.connectionString };
  const url = readText(env, 'DATABASE_URL');
  if (url === null) return null;
  if (environment !== 'development') mistakes.push('DATABASE_URL is for development only; bind HYPERDRIVE instead.');
  if (!URL.canParse(url) || !/^postgres(?:ql)?:$/.test(new URL(url).protocol))
    mistakes.push('DATABASE_URL must be an address such as postgres://user:password@host:5432/database.');
  return { via: 'direct', url };
}

/** Where operators may come from Cloudflare Access; what is wrong with it is added to `mistakes`. */
function readAccessLogin(env: Env, environment: Settings['environment'], mistakes: string[]): Settings['accessLogin'] {
  const team = readText(env, 'ACCESS_TEAM_DOMAIN');
  const audience = readText(env, 'ACCESS_AUD');
  if ((team === null) !== (audience === null)) mistakes.push('ACCESS_TEAM_DOMAIN and ACCESS_AUD go together; only one is set.');
  const issuer = team === null || team.includes('://') ? team : `https://${team}`;
  if (issuer !== null && !URL.canParse(issuer))
    mistakes.push('ACCESS_TEAM_DOMAIN must be a domain such as team.cloudflareaccess.com.');
  if (issuer !== null && environment !== 'development' && !issuer.startsWith('https://'))
    mistakes.push('ACCESS_TEAM_DOMAIN must use https.');
  return issuer !== null && audience !== null ? { issuer, audience } : null;
}

/** Endpoint and headers as OpenTelemetry's own variables are written: a base address, and `name=value` pairs with commas between them. */
function readOtlp(endpoint: string | null, headers: string | null): Result<TraceSettings['otlp'], string> {
  if (endpoint === null) return headers === null ? ok(null) : fail('OTLP_HEADERS is set without OTLP_ENDPOINT.');
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    return fail('OTLP_ENDPOINT must be an address that begins with https:// or http://.');
  const pairs = headerPairs(headers);
  if (pairs === null) return fail('OTLP_HEADERS must be name=value pairs with commas between them.');
  const base = endpoint.replace(/\/+$/, '');
  return ok({ url: base.endsWith('/v1/traces') ? base : `${base}/v1/traces`, headers: Object.fromEntries(pairs) });
}

/** Null for text that is none. */
export function headerPairs(text: string | null): (readonly [string, string])[] | null {
  const pairs = (text ?? '').split(',').filter((pair) => pair.trim() !== '');
  const read = pairs.map((pair) => /^\s*([A-Za-z0-9-]+)=([\x20-\x7e]+?)\s*$/.exec(pair));
  return read.some((match) => match === null) ? null : read.map((match) => [match?.[1] ?? '', match?.[2] ?? '']);
}

/** A variable's text, trimmed; null where it is not set. */
export function readText(env: Env, name: string): string | null {
  const value = env[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
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
  /** What calls go through in place of the public internet. */
  readonly vpc?: VpcBinding;
}

type VpcBinding = Pick<Fetcher, 'fetch'>;

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
  for (const [id, upstream] of Object.entries(upstreams)) {
    const { url_var: originVariable, key_var: keyVariable, access: usesAccess, binding, vpc: vpcName } = upstream;
    if (!used.has(id) || (upstream.optional && !isUpstreamSet(env, upstream))) continue;
    if (binding !== undefined && env[binding] === undefined) mistakes.push(`${binding} is no binding of this deployment.`);
    if (originVariable === undefined) continue;
    const origin = readOrigin(env, originVariable);
    const key = readText(env, keyVariable);
    if (key !== null && unsendable.test(key)) mistakes.push(`${keyVariable} holds a line break, which no header can carry.`);
    if (!origin.ok) mistakes.push(origin.failure);
    const vpc = vpcName === undefined ? null : env[vpcName];
    if (vpc !== null && !isVpcBinding(vpc)) mistakes.push(`${vpcName} is no Workers VPC binding of this deployment.`);
    else if (origin.ok)
      targets.set(id, { origin: origin.value, originVariable, key, keyVariable, usesAccess, ...(vpc === null ? {} : { vpc }) });
  }
  return { targets, mistakes };
}

function isVpcBinding(value: unknown): value is VpcBinding {
  return typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function';
}

/** The provider's addresses and keys of the pods that this deployment has. */
export function readPods(env: Env, { pods }: Pick<ConfigTree, 'pods'>): PodTargets {
  const targets = new Map<string, PodTarget>();
  const mistakes: string[] = [];
  for (const [id, { id_var: idVariable, key_var: keyVariable, url_var: urlVariable }] of Object.entries(pods)) {
    const [podId, key, url] = [readText(env, idVariable), readText(env, keyVariable), readText(env, urlVariable)];
    if (podId === null) continue;
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(podId))
      mistakes.push(`${idVariable} must be the id of a pod: letters, digits, "-" and "_".`);
    if (key === null) mistakes.push(`${keyVariable} is not set; it holds the API key of the provider of pod ${id}.`);
    else if (unsendable.test(key)) mistakes.push(`${keyVariable} holds a line break, which no header can carry.`);
    if (url !== null && !URL.canParse(url)) mistakes.push(`${urlVariable} is not a URL.`);
    targets.set(id, { podId, key: key ?? '', url: url?.replace(/\/+$/, '') ?? null });
  }
  return { targets, mistakes };
}

export interface PodTarget {
  readonly podId: string;
  readonly key: string;
  /** Null: the provider's own. */
  readonly url: string | null;
}

interface PodTargets {
  readonly targets: ReadonlyMap<string, PodTarget>;
  readonly mistakes: readonly string[];
}

/** Where a server's machine is asked for a restart. */
export interface PodHookTarget {
  readonly url: string;
  readonly secret: string;
  /** The server's name at the hook. */
  readonly server: string;
  /** Cloudflare Access's service token, where the hook is behind it. */
  readonly access: { readonly clientId: string; readonly clientSecret: string } | null;
}

/** By upstream id: where a server's machine is asked for a restart. Hooks whose address or secret is not set are not there. */
export function readPodHooks(
  env: Env,
  { upstreams }: ConfigTree,
  access: Settings['access'],
): ReadonlyMap<string, PodHookTarget> {
  const hooks = Object.entries(upstreams).flatMap(([id, { pod_hook: hook }]): [string, PodHookTarget][] => {
    const url = hook === undefined ? null : readText(env, hook.url_var);
    const secret = hook === undefined ? null : readText(env, hook.secret_var);
    if (hook === undefined || url === null || secret === null || !URL.canParse(url) || unsendable.test(secret)) return [];
    return [[id, { url, secret, server: hook.server ?? id, access: hook.access ? access : null }]];
  });
  return new Map(hooks);
}

/** Whether this deployment says where the upstream is. */
export function isUpstreamSet(env: Env, { url_var: variable, binding }: UpstreamConfig): boolean {
  return variable === undefined ? binding !== undefined && env[binding] !== undefined : readText(env, variable) !== null;
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
