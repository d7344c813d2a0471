/**
 * One model server with vLLM's routes and wire. Reads a request, logs it, and hands chats to chat-route.ts; knows nothing of other
 * servers, tunnels or the gateway.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { handleChat } from './chat-route.ts';
import type { ControlSurface, ServerControls } from './control.ts';
import { serverControls, startControl } from './control.ts';
import { faultBook } from './fault-book.ts';
import type { FaultBook } from './fault-book.ts';
import type { Flavour } from './flavours/flavour.ts';
import { flavours } from './flavours/registry.ts';
import type { Listener } from './http.ts';
import { headerOf, listen, readBody, reply } from './http.ts';
import { metricsPage } from './metrics.ts';
import { handlePooling, poolingPaths } from './pooling/pooling-route.ts';
import type { ModelServerOptions } from './options.ts';
import { modelServerDefaults } from './options.ts';
import { simpleEngine, stoppableEngine, type StoppableEngine } from './pacer.ts';
import type { Refusal } from './refusal.ts';
import type { LogEntry, RequestLog } from './request-log.ts';
import { requestLog } from './request-log.ts';
import { type ServedTokens, noTokens } from './token-counts.ts';
import { tokenizeAnswer } from './tokenize.ts';

const MAX_BODY_BYTES = 64_000_000;
/** A 7B model on one A40, alone: assumed. */
const SIMPLE_PACE = { firstTokenMs: 60, prefillTokensPerSecond: 4000, tokenMs: 28 };

/** What every request of one server shares. */
export interface ModelServerState {
  readonly options: ModelServerOptions;
  readonly engine: StoppableEngine;
  readonly tokens: ServedTokens;
  readonly log: RequestLog;
  readonly faults: FaultBook;
  readonly controls: ServerControls;
}

export interface ModelServer {
  readonly id: string;
  readonly servedName: string;
  /** Origin without a path. */
  readonly url: string;
  readonly port: number;
  /** Null unless `control` was set. */
  readonly controlUrl: string | null;
  /** The same controls in-process, whether or not the surface is open. */
  readonly controls: ServerControls;
  log(): readonly LogEntry[];
  clearLog(): void;
  close(): Promise<void>;
}

/** Starts a server; whatever is not given has the defaults of options.ts. Rejects when a port is taken. */
export async function startModelServer(given: Partial<ModelServerOptions> = {}): Promise<ModelServer> {
  const options = { ...modelServerDefaults, ...given };
  const faults = faultBook(options.id);
  let listener: Listener | null = null;
  const engine = stoppableEngine(options.engine ?? simpleEngine({ ...SIMPLE_PACE, timeScale: options.timeScale }));
  const setDown = (isDown: boolean) => listener?.setDown(isDown) ?? Promise.resolve();
  const controls = serverControls(faults, { setDown, setWedged: engine.stop });
  const state: ModelServerState = {
    options,
    engine,
    tokens: noTokens(),
    log: requestLog(options.maxLogEntries),
    faults,
    controls,
  };
  listener = await listen(options.port, (request, response) => void serve(state, request, response));
  const surface: ControlSurface | null = options.control ? await startControl(options.controlPort, controls, state.log) : null;
  const { url, port } = listener;
  const model = listener;
  return {
    id: options.id,
    servedName: options.servedName,
    url,
    port,
    controlUrl: surface?.url ?? null,
    controls,
    log: state.log.entries,
    clearLog: state.log.clear,
    async close() {
      await Promise.all([model.close(), surface?.close()]);
    },
  };
}

async function serve(state: ModelServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://stand-in').pathname;
  const entry = state.log.open({
    id: headerOf(request, 'x-request-id') ?? randomUUID().replaceAll('-', ''),
    receivedAtMs: Date.now(),
    method: request.method ?? '',
    path,
    headerNames: Object.keys(request.headers),
    traceparent: typeof request.headers['traceparent'] === 'string' ? request.headers['traceparent'] : null,
    hasAuthorization: request.headers.authorization !== undefined,
  });
  const flavour: Flavour = flavours[state.options.flavour];
  response.setHeader('server', flavour.server);
  try {
    const refusal = mayEnter(state, flavour, request, path)
      ? await route(state, flavour, request, response, path, entry)
      : flavour.words.unauthorized;
    if (refusal) {
      entry.ending = entry.ending === 'open' ? 'refused' : entry.ending;
      reply(response, refusal);
    }
  } catch {
    // A client that leaves while its body is read; anything else is a defect here and must not look like an answer.
    if (entry.ending === 'open') entry.ending = 'client_gone';
    response.destroy();
  }
  entry.status ??= response.headersSent ? response.statusCode : null;
  entry.endedAtMs = Date.now();
  if (entry.ending === 'open') entry.ending = 'complete';
}

function mayEnter({ options }: ModelServerState, flavour: Flavour, request: IncomingMessage, path: string): boolean {
  const isOwn = path === flavour.paths.chat || path === flavour.paths.models;
  const isGuarded = isOwn || path === '/v1' || path.startsWith('/v1/') || (flavour.guardsMetrics && path === '/metrics');
  return !isGuarded || options.apiKey === null || flavour.keyIn(request.headers) === options.apiKey;
}

/** Answers a request, or returns what is left to be answered plainly. */
async function route(
  state: ModelServerState,
  flavour: Flavour,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  entry: LogEntry,
): Promise<Refusal | null> {
  const { options, controls } = state;
  if (request.method === 'POST' && options.kind !== 'chat') {
    const isServed = poolingPaths[options.kind].includes(path);
    return isServed ? handlePooling(state, request, response, entry, await readText(request)) : flavour.words.notFound;
  }
  const { paths } = flavour;
  switch (`${request.method} ${path}`) {
    case 'GET /health':
      return controls.state().isHealthy ? { status: 200, body: flavour.health.well } : { status: 503, body: flavour.health.sick };
    case 'GET /ping':
      return { status: 200, body: '' };
    case 'GET /metrics':
      return {
        status: 200,
        body: metricsPage(state.engine.load(), state.tokens, flavour.metricsStyle, state.options.servedName),
        headers: { 'content-type': 'text/plain; version=0.0.4' },
      };
    case `GET ${paths.models}`:
      return { status: 200, body: flavour.modelList(options, controls.state().isModelLoaded ? listedNames(options) : []) };
    case `POST ${paths.chat}`:
      return handleChat(state, request, response, entry, await readText(request));
    case 'POST /tokenize':
      return tokenizeAnswer(await readText(request), flavour, options);
    case 'POST /v1/embeddings':
      return flavour.words.noVectors;
    default:
      return ['/health', '/metrics', paths.models, paths.chat].includes(path)
        ? flavour.words.methodNotAllowed
        : flavour.words.notFound;
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  return (await readBody(request, MAX_BODY_BYTES)) ?? '';
}

function listedNames({ servedName, aliases, listedNames: others }: ModelServerOptions): readonly string[] {
  return others ?? [servedName, ...aliases];
}
