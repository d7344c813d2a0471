/**
 * The user's own model servers in place of the stand-ins of `npm start`: their addresses, what they serve, and the configuration that
 * follows from it.
 */
import type { ConfigTree } from '../shared/config.ts';
import { asItIs } from '../worker/core/log/known-secrets.ts';
import type { Dialect } from '../worker/core/upstreams/dialect.ts';
import { dialectsOf } from '../worker/core/upstreams/registry.ts';
import { serverOrigin, UsageError } from './command-line.ts';

export interface OwnServer {
  readonly origin: string;
  /** The name to ask for; null: the configured one if the server has it, else the first it lists. */
  readonly wantedName: string | null;
}

export interface ProbedServer {
  readonly upstreamId: string;
  /** The name requests are sent with. */
  readonly name: string;
  /** One line for the person who started it. */
  readonly message: string;
}

interface Flags {
  readonly small?: string;
  readonly large?: string;
  readonly 'small-model'?: string;
  readonly 'large-model'?: string;
  readonly upstream?: readonly string[];
}

/** `--small`, `--large` and `--upstream ID=URL[=MODEL]` by upstream id. Throws a `UsageError` for what fits no upstream of the profile. */
export function readOwnServers(flags: Flags, config: ConfigTree): Record<string, OwnServer> {
  const own: Record<string, OwnServer> = {};
  const known = Object.keys(config.upstreams);
  const add = (option: string, id: string, address: string, wantedName: string | null): void => {
    if (!known.includes(id)) throw new UsageError(`The profile has no upstream "${id}"; it has ${known.join(', ')}.`);
    own[id] = { origin: serverOrigin(option, address), wantedName };
  };
  for (const id of ['small', 'large'] as const) {
    const [address, name] = [flags[id], flags[`${id}-model`]];
    if (address === undefined && name !== undefined)
      throw new UsageError(`--${id}-model needs --${id} URL: which server has it?`);
    if (address !== undefined) add(id, id, address, name ?? null);
  }
  for (const text of flags.upstream ?? []) {
    const [, id = '', address = '', name] = /^([^=]+)=([^=]+)(?:=(.+))?$/.exec(text) ?? [];
    if (id === '') throw new UsageError(`--upstream ${text}: expected ID=URL or ID=URL=MODEL.`);
    add('upstream', id, address, name ?? null);
  }
  return own;
}

const probeTimeoutMs = 3000;

interface Unlisted {
  readonly kind: 'unlisted' | 'locked' | 'silent';
  readonly why: string;
}

type Listing = { readonly kind: 'listed'; readonly names: readonly string[] } | Unlisted;

/** Asks a server what it serves, as a probe of the gateway would. Never rejects. */
async function listModels(origin: string, dialect: Dialect, key: string | null): Promise<Listing> {
  const { models } = dialect.probe;
  if (models === null) return { kind: 'unlisted', why: 'it has no list of models' };
  try {
    const response = await fetch(origin + models.path, {
      signal: AbortSignal.timeout(probeTimeoutMs),
      headers: dialect.headers(key),
    });
    const list = models.read(await response.text().catch(() => ''));
    if (response.status === 401 || response.status === 403) return { kind: 'locked', why: `HTTP ${response.status}` };
    if (!response.ok || list === null) return { kind: 'unlisted', why: `HTTP ${response.status}` };
    return { kind: 'listed', names: list.map(({ name }) => name) };
  } catch (error) {
    return { kind: 'silent', why: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return `silent for ${probeTimeoutMs / 1000} s`;
  const code = typeof error.cause === 'object' && error.cause !== null && 'code' in error.cause ? error.cause.code : null;
  return code === 'ECONNREFUSED' ? 'connection refused' : code === 'ENOTFOUND' ? 'no such host' : String(code ?? 'no answer');
}

/**
 * Every own server, asked at the same time, and the name each is to be asked by. A `UsageError` when two would be one and the same model.
 */
export async function probeServers(
  own: Readonly<Record<string, OwnServer>>,
  config: ConfigTree,
  key: string | null,
): Promise<ProbedServer[]> {
  const dialectOf = dialectsOf(config.upstreams, asItIs);
  const listings = await Promise.all(Object.entries(own).map(([id, { origin }]) => listModels(origin, dialectOf(id), key)));
  const taken = new Set(
    Object.values(config.models)
      .filter(({ upstreams }) => !upstreams.some((id) => Object.hasOwn(own, id)))
      .map((model) => model.served_name),
  );
  return Object.entries(own).map(([upstreamId, server], i) => {
    const expected = Object.values(config.models).find(({ upstreams }) => upstreams.includes(upstreamId))?.served_name ?? '';
    const chosen = chooseName(server, expected, listings[i] ?? { kind: 'silent', why: 'no answer' }, taken);
    if (taken.has(chosen.name))
      throw new UsageError(
        `${upstreamId}: ${server.origin} has only ${chosen.name}, which another model uses already. Leave one of them out.`,
      );
    taken.add(chosen.name);
    return { upstreamId, ...chosen };
  });
}

/** The name to ask a server for, and a line that says why. Names in `taken` belong to other models. */
export function chooseName(
  { origin, wantedName }: OwnServer,
  expected: string,
  listing: Listing,
  taken: ReadonlySet<string>,
): Pick<ProbedServer, 'name' | 'message'> {
  const wanted = wantedName ?? expected;
  if (listing.kind !== 'listed') return { name: wanted, message: `${origin} ${describeUnlisted(listing, wanted)}` };
  const { names } = listing;
  const list = names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
  if (names.includes(wanted)) return { name: wanted, message: `${origin} serves ${wanted}` };
  if (wantedName !== null)
    return { name: wanted, message: `${origin} does not list ${wanted}, but ${list}; it is asked all the same` };
  const first = names.find((name) => !taken.has(name)) ?? names[0];
  if (first === undefined) return { name: wanted, message: `${origin} serves no model yet; it is asked for ${wanted}` };
  const others = names.length > 1 ? ` (of ${list}; --small-model and --large-model choose)` : '';
  return { name: first, message: `${origin} serves ${first}${others}, used in place of ${expected}` };
}

function describeUnlisted({ kind, why }: Unlisted, wanted: string): string {
  if (kind === 'locked') return `refuses the API key (${why}); give the right one with --upstream-key`;
  if (kind === 'unlisted') return `lists no models (${why}); it is asked for ${wanted}`;
  return `does not answer (${why}); until it does, another model answers`;
}

/** What the configuration must say so that the servers are asked by names they know; null when it says so already. */
export function overridesFor(probed: readonly ProbedServer[], config: ConfigTree): Record<string, unknown> | null {
  const models = Object.entries(config.models).flatMap(([id, model]) => {
    const server = probed.find(({ upstreamId }) => model.upstreams[0] === upstreamId);
    return server === undefined || server.name === model.served_name ? [] : [[id, { served_name: server.name }] as const];
  });
  return models.length === 0 ? null : { models: Object.fromEntries(models) };
}
