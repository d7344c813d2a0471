/**
 * The tunnel gate: plays what is between the Worker and a model server in production (Cloudflare Access and cloudflared), on loopback.
 * Requires the service token, streams both ways without buffering, and can misbehave as the edge does.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent } from 'node:http';
import { edgeAnswer, GateControlBody } from './gate-behaviour.ts';
import type { GateBehaviour, GateSetting } from './gate-behaviour.ts';
import { forward, sendEdgeAnswer } from './gate-forward.ts';
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
  clear(): void;
  close(): Promise<void>;
}

const MAX_LOG_ENTRIES = 50_000;
const READ_TIMEOUT_MS = 120_000;
const TOKEN_HEADERS = ['cf-access-client-id', 'cf-access-client-secret'];

interface Route {
  readonly name: string;
  readonly target: string;
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
  const routes = Object.entries(options.routes).map(([name, target]): Route => ({
    name,
    target,
    setting: passing,
  }));
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
    clear() {
      state.log = [];
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

/** POST /__gate/control, GET and DELETE /__gate/log. */
function startGateControl(port: number, gate: Pick<Gate, 'set' | 'log' | 'clear'>): Promise<Listener> {
  return listen(port, async (request, response) => {
    switch (`${request.method} ${request.url}`) {
      case 'POST /__gate/control': {
        const parsed = GateControlBody.safeParse(tryParse((await readBody(request, 1_000_000)) ?? ''));
        if (parsed.success) gate.set(parsed.data);
        const body = parsed.success ? { set: true } : { error: parsed.error.message };
        return reply(response, { status: parsed.success ? 200 : 400, body });
      }
      case 'GET /__gate/log':
        return reply(response, { status: 200, body: gate.log() });
      case 'DELETE /__gate/log':
        gate.clear();
        return reply(response, { status: 200, body: { cleared: true } });
      default:
        return reply(response, { status: 404, body: { error: 'POST /__gate/control, GET|DELETE /__gate/log' } });
    }
  });
}

/** The setting for this request; counts down a limited one. */
function takeSetting(route: Route): GateSetting {
  const { setting } = route;
  if (setting.requests === undefined) return setting;
  route.setting = setting.requests > 1 ? { ...setting, requests: setting.requests - 1 } : passing;
  return setting;
}

async function pass(state: GateState, route: Route, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = goneSignal(response);
  const hasToken = TOKEN_HEADERS.every((name) => headerOf(request, name) !== null);
  const isKnown =
    headerOf(request, 'cf-access-client-id') === state.options.clientId &&
    headerOf(request, 'cf-access-client-secret') === state.options.clientSecret;
  response.setHeader('server', 'cloudflare');
  response.setHeader('cf-ray', `${randomBytes(8).toString('hex')}-FRA`);
  const setting = takeSetting(route);
  note(state, route, request, hasToken, setting.behaviour === 'pass' ? (isKnown ? 'passed' : 'refused') : setting.behaviour);

  const answer = edgeAnswer(setting.behaviour);
  if (answer) {
    request.resume();
    const isLate = setting.behaviour === 'connect-timeout' || setting.behaviour === 'read-timeout';
    if (isLate) await pause(setting.waitMs, gone);
    return sendEdgeAnswer(response, answer);
  }
  if (setting.behaviour === 'stall') return untilGone(gone);
  const refusal = isKnown ? null : edgeAnswer(state.options.refusal ?? 'access-302');
  if (refusal) {
    request.resume();
    return sendEdgeAnswer(response, refusal);
  }
  if (setting.behaviour === 'delay') await pause(setting.waitMs, gone);
  await forward({
    request,
    response,
    gone,
    agent: state.agent,
    target: route.target,
    setting,
    dropHeaders: TOKEN_HEADERS,
    readTimeoutMs: state.options.readTimeoutMs ?? READ_TIMEOUT_MS,
  });
}

function note(
  state: GateState,
  route: Route,
  request: IncomingMessage,
  hasServiceToken: boolean,
  outcome: GateLogEntry['outcome'],
): void {
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
