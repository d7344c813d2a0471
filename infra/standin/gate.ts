/**
 * The tunnel gate: what stands between the Worker and a model server in production (Cloudflare Access and cloudflared), on loopback.
 * Demands the service token, streams both ways without holding anything back, and can misbehave the way the edge does.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';
import { edgeAnswer, GateControlBody } from './gate-behaviour.ts';
import type { EdgeAnswer, GateBehaviour, GateSetting } from './gate-behaviour.ts';
import type { Listener } from './http.ts';
import { goneSignal, headerOf, listen, readBody, reply } from './http.ts';
import { tryParse } from './json.ts';
import { pause, untilGone } from './sse-writer.ts';

export interface GateOptions {
  /** Route name → origin of the model server. Every route gets a listener, and so an origin, of its own. */
  readonly routes: Readonly<Record<string, string>>;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What a request without the right token gets. */
  readonly refusal?: 'access-302' | 'access-403';
  /** Route name → port; any free one where it is missing. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Opens the control surface; null or missing leaves it closed. */
  readonly controlPort?: number | null;
  /** 524 after so long without a byte from the model server. Cloudflare's is 120 s. */
  readonly readTimeoutMs?: number;
}

export interface GateCounters {
  seen: number;
  passed: number;
  refused: number;
  /** Answered by a behaviour instead of the model server. */
  disturbed: number;
  /** The model server could not be reached or broke off. */
  originFailed: number;
  clientGone: number;
}

export interface GateLogEntry {
  readonly atMs: number;
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly requestId: string | null;
  readonly headerNames: readonly string[];
  /** Both service-token headers were there, right or wrong. */
  readonly hasServiceToken: boolean;
  readonly outcome: 'passed' | 'refused' | GateBehaviour;
}

export interface Gate {
  /** Route name → origin. */
  readonly urls: Readonly<Record<string, string>>;
  readonly controlUrl: string | null;
  set(body: GateControlBody): void;
  log(): readonly GateLogEntry[];
  counters(): Readonly<Record<string, Readonly<GateCounters>>>;
  clear(): void;
  close(): Promise<void>;
}

const MAX_LOG_ENTRIES = 50_000;
const READ_TIMEOUT_MS = 120_000;
/** Spoken between two neighbours only (RFC 9110, 7.6.1); the rest travels. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
const TOKEN_HEADERS = ['cf-access-client-id', 'cf-access-client-secret'];

interface Route {
  readonly name: string;
  readonly target: string;
  readonly counters: GateCounters;
  setting: GateSetting;
}

interface GateState {
  readonly options: GateOptions;
  readonly agent: Agent;
  readonly routes: readonly Route[];
  log: GateLogEntry[];
}

const passing: GateSetting = { behaviour: 'pass', waitMs: 0, afterBytes: 0 };

/** Starts the gate. Rejects when a port is taken. */
export async function startGate(options: GateOptions): Promise<Gate> {
  const routes = Object.entries(options.routes).map(([name, target]): Route => ({ name, target, counters: noCounts(), setting: passing }));
  const state: GateState = { options, agent: new Agent({ keepAlive: true, maxFreeSockets: 100 }), routes, log: [] };
  const listeners = new Map<string, Listener>();
  for (const route of routes) {
    const port = options.ports?.[route.name] ?? 0;
    listeners.set(route.name, await listen(port, (request, response) => void pass(state, route, request, response)));
  }
  const set = (body: GateControlBody) => {
    const { target, ...setting } = GateControlBody.parse(body);
    for (const route of routes) if (target === undefined || target === route.name) route.setting = setting;
  };
  const gate = {
    urls: Object.fromEntries([...listeners].map(([name, { url }]) => [name, url])),
    set,
    log: () => state.log,
    counters: () => Object.fromEntries(routes.map(({ name, counters }) => [name, counters])),
    clear() {
      state.log = [];
      for (const { counters } of routes) Object.assign(counters, noCounts());
    },
  };
  const surface = typeof options.controlPort === 'number' ? await startGateControl(options.controlPort, gate) : null;
  return {
    ...gate,
    controlUrl: surface?.url ?? null,
    async close() {
      await Promise.all([...[...listeners.values()].map((listener) => listener.close()), surface?.close()]);
      state.agent.destroy();
    },
  };
}

function noCounts(): GateCounters {
  return { seen: 0, passed: 0, refused: 0, disturbed: 0, originFailed: 0, clientGone: 0 };
}

/** GET and POST /__gate/control, GET and DELETE /__gate/log. */
function startGateControl(port: number, gate: Pick<Gate, 'set' | 'log' | 'counters' | 'clear'>): Promise<Listener> {
  return listen(port, async (request, response) => {
    switch (`${request.method} ${request.url}`) {
      case 'POST /__gate/control': {
        const parsed = GateControlBody.safeParse(tryParse((await readBody(request, 1_000_000)) ?? ''));
        if (parsed.success) gate.set(parsed.data);
        const body = parsed.success ? gate.counters() : { error: parsed.error.message };
        return reply(response, { status: parsed.success ? 200 : 400, body });
      }
      case 'GET /__gate/control':
        return reply(response, { status: 200, body: gate.counters() });
      case 'GET /__gate/log':
        return reply(response, { status: 200, body: gate.log() });
      case 'DELETE /__gate/log':
        gate.clear();
        return reply(response, { status: 200, body: { cleared: true } });
      default:
        return reply(response, { status: 404, body: { error: 'GET|POST /__gate/control, GET|DELETE /__gate/log' } });
    }
  });
}

/** What this request meets, and uses up one of a limited number. */
function takeSetting(route: Route): GateSetting {
  const { setting } = route;
  if (setting.requests === undefined) return setting;
  route.setting = setting.requests > 1 ? { ...setting, requests: setting.requests - 1 } : passing;
  return setting;
}

async function pass(state: GateState, route: Route, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { counters } = route;
  const gone = goneSignal(response);
  const hasToken = TOKEN_HEADERS.every((name) => headerOf(request, name) !== null);
  const isKnown =
    headerOf(request, 'cf-access-client-id') === state.options.clientId &&
    headerOf(request, 'cf-access-client-secret') === state.options.clientSecret;
  counters.seen += 1;
  response.setHeader('server', 'cloudflare');
  response.setHeader('cf-ray', `${counters.seen.toString(16).padStart(16, '8')}-FRA`);
  const setting = takeSetting(route);
  note(state, route, request, hasToken, setting.behaviour === 'pass' ? (isKnown ? 'passed' : 'refused') : setting.behaviour);

  const answer = edgeAnswer(setting.behaviour);
  if (answer || setting.behaviour === 'stall') counters.disturbed += 1;
  if (answer) {
    request.resume();
    const isLate = setting.behaviour === 'connect-timeout' || setting.behaviour === 'read-timeout';
    if (isLate) await pause(setting.waitMs, gone);
    return sendEdge(response, answer);
  }
  if (setting.behaviour === 'stall') return untilGone(gone);
  if (!isKnown) {
    counters.refused += 1;
    request.resume();
    return sendEdge(response, edgeAnswer(state.options.refusal ?? 'access-302'));
  }
  if (setting.behaviour === 'delay') await pause(setting.waitMs, gone);
  counters.passed += 1;
  forward(state, route, setting, request, response, gone);
}

function note(state: GateState, route: Route, request: IncomingMessage, hasServiceToken: boolean, outcome: GateLogEntry['outcome']): void {
  if (state.log.length >= MAX_LOG_ENTRIES) state.log = state.log.slice(MAX_LOG_ENTRIES / 10);
  state.log.push({
    atMs: Date.now(),
    route: route.name,
    method: request.method ?? '',
    path: request.url ?? '',
    requestId: headerOf(request, 'x-request-id'),
    headerNames: Object.keys(request.headers),
    hasServiceToken,
    outcome,
  });
}

function sendEdge(response: ServerResponse, answer: EdgeAnswer | null): void {
  if (response.destroyed || !answer) return;
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

function forward(
  state: GateState,
  route: Route,
  setting: GateSetting,
  request: IncomingMessage,
  response: ServerResponse,
  gone: AbortSignal,
): void {
  const upstream = httpRequest(`${route.target}${request.url ?? '/'}`, {
    agent: state.agent,
    method: request.method ?? 'GET',
    headers: withoutHeaders(request.headers, [...HOP_BY_HOP, ...TOKEN_HEADERS, 'host']),
  });
  const onGone = () => {
    route.counters.clientGone += 1;
    upstream.destroy();
  };
  gone.addEventListener('abort', onGone, { once: true });
  const lose = () => {
    if (gone.aborted) return;
    gone.removeEventListener('abort', onGone);
    route.counters.originFailed += 1;
    // Before the headers the edge has a page for it; afterwards the connection can only break.
    if (response.headersSent) response.socket?.resetAndDestroy();
    else sendEdge(response, edgeAnswer('bad-gateway'));
  };
  upstream.setTimeout(state.options.readTimeoutMs ?? READ_TIMEOUT_MS, () => {
    if (!response.headersSent) {
      sendEdge(response, edgeAnswer('read-timeout'));
      gone.removeEventListener('abort', onGone);
    }
    upstream.destroy();
  });
  upstream.once('error', lose);
  upstream.once('response', (answer) => {
    const headers = withoutHeaders(answer.headers, [...HOP_BY_HOP, 'server']);
    response.writeHead(answer.statusCode ?? 502, headers);
    response.flushHeaders();
    relay(answer, response, setting, () => {
      gone.removeEventListener('abort', onGone);
      upstream.destroy();
    });
    answer.once('error', lose);
    answer.once('aborted', lose);
  });
  request.pipe(upstream);
}

/** Passes the answer on as it comes; `cut` and `clean-cut` end it early. */
function relay(answer: IncomingMessage, response: ServerResponse, setting: GateSetting, onCut: () => void): void {
  if (setting.behaviour !== 'cut' && setting.behaviour !== 'clean-cut') {
    answer.pipe(response);
    return;
  }
  let left = setting.afterBytes;
  answer.on('data', (bytes: Buffer) => {
    const part = bytes.subarray(0, left);
    left -= part.length;
    response.write(part, () => {
      if (left > 0) return;
      onCut();
      if (setting.behaviour === 'clean-cut') response.end();
      else response.socket?.resetAndDestroy();
    });
  });
  answer.once('end', () => response.end());
}

function withoutHeaders(headers: IncomingMessage['headers'], names: readonly string[]): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}
