/** Requests made from an operation: sound ones, which must be accepted; any that the document allows; and wrong ones, which must be refused. */
import { pick, type Random } from '../standin/random.ts';
import { sound } from './sound.ts';
import type { FuzzedOperation, FuzzedSurface, Parameter } from './surface.ts';
import { hostileTexts, spoiled, valueOf } from './values.ts';

/** `sound`: has to be accepted. `allowed`: fits the document. `wrong`: must be refused, with a field that is named where it has one. */
export type RequestKind = 'sound' | 'allowed' | 'wrong';

export interface FuzzRequest {
  readonly kind: RequestKind;
  /** What is wrong with it; empty of the other kinds. */
  readonly fault: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As it is sent; null for none. */
  readonly body: string | null;
}

export interface Credentials {
  readonly key: string;
  readonly admin: string;
}

/** Ids that exist in the gateway, by the name of a path's variable part; without one, an id is made up. */
export type KnownIds = Readonly<Record<string, string | undefined>>;

interface Parts {
  readonly path: Record<string, string>;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  body: unknown;
}

export function makeRequest(
  surface: FuzzedSurface,
  operation: FuzzedOperation,
  random: Random,
  credentials: Credentials,
  known: KnownIds,
): FuzzRequest {
  const chance = random();
  const kind: RequestKind = chance < 0.3 ? 'sound' : chance < 0.55 ? 'allowed' : 'wrong';
  const maker = { random, components: surface.components, fullness: kind === 'sound' ? 0.12 : 0.2 };
  const parts: Parts = { path: {}, query: {}, headers: {}, body: undefined };
  for (const { name, in: place, required, schema } of operation.parameters) {
    if (!required && random() > 0.25) continue;
    const value = String(valueOf(maker, schema));
    if (place === 'path') parts.path[name] = (kind === 'wrong' ? undefined : known[`${operation.path} ${name}`]) ?? value;
    else if (place === 'query') parts.query[name] = value;
    // Free text in the document, with forms of their own: they are tried by the tests of each header.
  }
  if (operation.body !== null && (operation.isBodyRequired || random() < 0.7)) parts.body = valueOf(maker, operation.body);
  if (kind === 'sound') sound(operation.title, parts);
  // What a run must not do to a gateway that serves others.
  if (operation.path.startsWith('/admin/config') && operation.method !== 'GET') parts.query['dry_run'] = 'true';
  const headers = credentialsFor(operation, credentials);
  if (kind !== 'wrong') return { kind, fault: '', ...sent(operation, parts, headers) };
  return wrongRequest(surface, operation, random, parts, headers);
}

function credentialsFor({ security }: FuzzedOperation, { key, admin }: Credentials): Record<string, string> {
  if (security === null || security === 'feedTicket') return {};
  const token = security === 'adminToken' || security === 'metricsToken' ? admin : key;
  return { authorization: `Bearer ${token}` };
}

function sent(operation: FuzzedOperation, parts: Parts, headers: Record<string, string>) {
  const query = new URLSearchParams(parts.query).toString();
  // Without one of its parts it would be another path.
  const path = operation.path.replaceAll(/\{([^}]*)\}/g, (_, name: string) => encodedPath(parts.path[name] || 'x'));
  const hasBody = parts.body !== undefined;
  return {
    path: query === '' ? path : `${path}?${query}`,
    headers: { ...headers, ...(hasBody ? { 'content-type': 'application/json' } : {}) },
    body: hasBody ? JSON.stringify(parts.body) : null,
  };
}

function encodedPath(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

type Wrong = Pick<FuzzRequest, 'fault' | 'path' | 'headers' | 'body'>;

function wrongRequest(
  surface: FuzzedSurface,
  operation: FuzzedOperation,
  random: Random,
  parts: Parts,
  headers: Record<string, string>,
): FuzzRequest {
  const ways: (() => Wrong | null)[] = [];
  const query = operation.parameters.filter((one) => one.in === 'query' && one.name !== 'dry_run');
  const send = (fault: string, more: Partial<Parts> = {}): Wrong => ({
    fault,
    ...sent(operation, { ...parts, ...more }, headers),
  });
  if (operation.body !== null) {
    ways.push(
      ...Array.from({ length: 6 }, () => () => spoiledBody(surface, operation, random, parts, send)),
      () => ({ ...send('not JSON', { body: {} }), body: pick(random, ['{', '[1,', '{"a":}', 'nonsense', '\u0000']) }),
      () => ({ ...send('another media type', { body: {} }), headers: { ...headers, 'content-type': 'text/plain' } }),
    );
  }
  for (const { name } of operation.parameters) {
    const values = Object.hasOwn(wrongHeaders, name) ? wrongHeaders[name] : undefined;
    if (values !== undefined) ways.push(() => wrongHeader(random, name, values, send));
  }
  if (query.length > 0) ways.push(() => wrongQuery(random, query, parts, send));
  if (operation.security !== null && operation.security !== 'feedTicket') {
    ways.push(
      () => ({ ...send('no key'), headers: withoutKey(send('').headers) }),
      () => ({ ...send('an unknown key'), headers: { ...send('').headers, authorization: 'Bearer pm_dev_nobody' } }),
    );
  }
  const made = ways.length === 0 ? null : (pick(random, ways as [() => Wrong | null])() ?? null);
  return made === null ? { kind: 'allowed', fault: '', ...sent(operation, parts, headers) } : { kind: 'wrong', ...made };
}

/** Values of headers that are refused by name. */
const wrongHeaders: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'x-agent-name': ['two words', 'a/b', 'x'.repeat(129)],
  'x-session-id': ['two words', 'é', 'x'.repeat(129)],
  'x-routing-strategy': ['nonsense', 'cost,quality'],
  'idempotency-key': ['two words', 'x'.repeat(256)],
  'x-resumable': ['maybe', '1'],
  'last-event-id': ['-1', 'nonsense', '1e3'],
};

function wrongHeader(
  random: Random,
  name: string,
  values: readonly [string, ...string[]],
  send: (fault: string) => Wrong,
): Wrong {
  const made = send(`header ${name}`);
  return { ...made, headers: { ...made.headers, [name]: pick(random, values) } };
}

function withoutKey({ authorization: _key, ...headers }: Readonly<Record<string, string>>): Record<string, string> {
  return headers;
}

/** Null where the changed body is one that the document allows. */
function spoiledBody(
  surface: FuzzedSurface,
  operation: FuzzedOperation,
  random: Random,
  parts: Parts,
  send: (fault: string, more: Partial<Parts>) => Wrong,
): Wrong | null {
  const body = spoiled(random, parts.body ?? {});
  const mistakes = surface.bodyMistakes(operation, body);
  return mistakes.length === 0 || body === undefined ? null : send(mistakes.at(-1) ?? '', { body });
}

function wrongQuery(
  random: Random,
  query: readonly Parameter[],
  parts: Parts,
  send: (fault: string, more: Partial<Parts>) => Wrong,
): Wrong | null {
  const { name, schema } = pick(random, query as [Parameter, ...Parameter[]]);
  const value = pick(random, hostileTexts).toWellFormed();
  const isFree = schema['type'] === 'string' && schema['pattern'] === undefined && schema['enum'] === undefined;
  if (isFree || (typeof schema['pattern'] === 'string' && new RegExp(schema['pattern'], 'u').test(value))) return null;
  return send(`query ${name}`, { query: { ...parts.query, [name]: value } });
}
