/** Sends requests made from the OpenAPI document to a gateway, and collects what the answers have that the document does not. */
import { pause } from '../rig/waiting.ts';
import { type Random, seededRandom } from '../standin/random.ts';
import { type FuzzAnswer, judge } from './judge.ts';
import { type Credentials, type FuzzRequest, type KnownIds, makeRequest } from './request.ts';
import { type FuzzedOperation, type FuzzedSurface, fuzzedSurface } from './surface.ts';

export interface FuzzOptions extends Credentials {
  readonly url: string;
  readonly seed: string;
  /** For each operation. */
  readonly requests: number;
  /** Titles that contain it. */
  readonly only?: string;
  /** Operations that change something of the gateway are sent, too. */
  readonly changes: boolean;
  readonly step?: () => void;
}

export interface FuzzFault {
  readonly operation: string;
  readonly what: string;
  readonly request: FuzzRequest;
  readonly answer: string;
}

export interface FuzzedRow {
  readonly operation: string;
  readonly sent: number;
  readonly accepted: number;
  readonly refused: number;
  readonly slowestMs: number;
  readonly faults: readonly FuzzFault[];
}

/** An answer must be there by then; a stream whole. */
export const hangMs = 10_000;

/** Change nothing that anybody else could notice, whatever is sent to them. */
const harmlessPosts =
  /^POST \/(?:v1\/(?:chat\/completions|completions|responses|responses\/input_tokens|messages|messages\/count_tokens|route|embeddings|classify|rerank|rag\/query|rag\/chat\/completions|feedback)|admin\/(?:config|config\/rollback|feed\/ticket))$/;

export function chosenOperations(
  surface: FuzzedSurface,
  { only = '', changes }: Pick<FuzzOptions, 'only' | 'changes'>,
): readonly FuzzedOperation[] {
  return surface.operations.filter(({ title, method }) => {
    // A WebSocket is no answer that can be judged here: its upgrade is left to the tests of the feed.
    const mayBeSent = changes || method === 'GET' || title === 'PUT /admin/config' || harmlessPosts.test(title);
    return title.includes(only) && mayBeSent && title !== 'GET /admin/feed';
  });
}

/** One row for each operation, in the order of the document. */
export async function fuzz(options: FuzzOptions): Promise<FuzzedRow[]> {
  const surface = fuzzedSurface();
  const known = options.changes ? await makeThings(options) : readable;
  const rows: FuzzedRow[] = [];
  for (const operation of chosenOperations(surface, options)) {
    rows.push(await fuzzOperation(surface, operation, options, known));
    options.step?.();
  }
  return rows;
}

async function fuzzOperation(
  surface: FuzzedSurface,
  operation: FuzzedOperation,
  options: FuzzOptions,
  known: KnownIds,
): Promise<FuzzedRow> {
  const random = seededRandom(options.seed, operation.title);
  const faults: FuzzFault[] = [];
  let [accepted, refused, slowestMs] = [0, 0, 0];
  const one = async (request: FuzzRequest): Promise<void> => {
    const path = request.path.includes(freshKey) ? request.path.replace(freshKey, await makeKey(options)) : request.path;
    const beganAt = performance.now();
    const answer = await send(options.url, operation.method, { ...request, path });
    const tookMs = performance.now() - beganAt;
    slowestMs = Math.max(slowestMs, tookMs);
    const found = typeof answer === 'string' ? [answer] : judge(surface, operation, request, answer);
    if (typeof answer !== 'string' && answer.status < 400) accepted += 1;
    else refused += 1;
    const shown = typeof answer === 'string' ? '' : `${answer.status} ${answer.text.slice(0, 300)}`;
    faults.push(...found.map((what) => ({ operation: operation.title, what, request, answer: shown })));
  };
  const requests = makeRequests(surface, operation, random, options, known);
  for (let at = 0; at < requests.length; at += atOnce) await Promise.all(requests.slice(at, at + atOnce).map(one));
  return { operation: operation.title, sent: requests.length, accepted, refused, slowestMs: Math.round(slowestMs), faults };
}

const atOnce = 4;

function makeRequests(
  surface: FuzzedSurface,
  operation: FuzzedOperation,
  random: Random,
  options: FuzzOptions,
  known: KnownIds,
): FuzzRequest[] {
  return Array.from({ length: options.requests }, () => makeRequest(surface, operation, random, options, known));
}

/** @returns a sentence where nothing came, or not all of it */
async function send(url: string, method: string, { path, headers, body }: FuzzRequest): Promise<FuzzAnswer | string> {
  try {
    const signal = AbortSignal.timeout(hangMs);
    const response = await fetch(url + path, { method, headers, signal, redirect: 'manual', ...(body === null ? {} : { body }) });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    return `no answer within ${hangMs / 1000} s: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Stands in a path for the id of a key that is made for this one request, since a request may end it. */
const freshKey = 'FRESH-KEY';

async function post(
  url: string,
  token: string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  const own = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers };
  return fetch(url + path, { method: 'POST', headers: own, body: JSON.stringify(body) });
}

async function makeKey({ url, admin }: FuzzOptions): Promise<string> {
  const { id } = Object(await (await post(url, admin, '/admin/keys', { name: 'fuzz' })).json());
  return String(id);
}

const readable: KnownIds = { '/v1/models/{model} model': 'auto' };

/** An answer that streams can be picked up from and whose record can be looked at; ids of keys and documents that the run itself makes. */
async function makeThings({ url, key, admin }: FuzzOptions): Promise<KnownIds> {
  const chat = { model: 'small', stream: true, max_tokens: 5, messages: [{ role: 'user', content: 'Hello!' }] };
  const response = await post(url, key, '/v1/chat/completions', chat, { 'x-resumable': 'true' });
  await response.text();
  const stream = response.headers.get('x-stream-id') ?? undefined;
  const request = response.headers.get('x-request-id') ?? undefined;
  const { id: stored } = Object(
    await (await post(url, key, '/v1/responses', { model: 'small', input: 'Hello!', max_output_tokens: 5 })).json(),
  );
  const look = `${url}/admin/requests/${request ?? ''}`;
  // It is booked within a second.
  for (let i = 0; i < 100; i += 1) {
    const seen = await fetch(look, { headers: { authorization: `Bearer ${admin}` } });
    await seen.text();
    if (seen.ok) break;
    await pause(50);
  }
  return {
    ...readable,
    '/admin/keys/{id} id': freshKey,
    '/admin/keys/{id}/rotate id': freshKey,
    '/admin/keys/{id}/revoke id': freshKey,
    '/v1/rag/documents/{document} document': 'fuzz',
    '/v1/responses/{id} id': String(stored),
    '/v1/responses/{id}/cancel id': String(stored),
    '/v1/responses/{id}/input_items id': String(stored),
    '/v1/streams/{id} id': stream,
    '/v1/streams/{id}/cancel id': stream,
    '/admin/requests/{id} id': request,
  };
}
