/**
 * A handle on a running gateway, its model servers and their gate. All over HTTP, so it works the same for a gateway that a global set-up
 * started in another process and for one that a test file started itself.
 */
import OpenAI from 'openai';
import type { Stats } from '../../shared/records.ts';
import type { RoutingMetadata } from '../../shared/routing-metadata.ts';
import type { ControlBody } from '../standin/control.ts';
import type { GateControlBody } from '../standin/gate-behaviour.ts';
import type { GateLogEntry } from '../standin/gate.ts';
import type { LogEntry } from '../standin/request-log.ts';
import { type ChatOptions, type Exchange, postChat } from './chat-client.ts';
import { pause, until } from './waiting.ts';

export const clientKey = 'pointsman-local-rig-client';
export const adminToken = 'pointsman-local-rig-admin';
export const upstreamKey = 'pointsman-local-rig-upstream';

/** Longer than an isolate collects entries before it sends them. */
const bookedWithinMs = 700;

/** Where everything listens; plain data, so that a global set-up can hand it to test files. */
export interface Addresses {
  readonly url: string;
  /** Model server id → its own origin. */
  readonly servers: Readonly<Record<string, string>>;
  /** Model server id → its control surface. */
  readonly controls: Readonly<Record<string, string>>;
  readonly gate: string;
}

export interface HealthPage {
  readonly status: string;
  readonly models: Readonly<
    Record<
      string,
      {
        readonly status: string;
        readonly instances: readonly { readonly last_probe: string | null; readonly consecutive_failures: number }[];
      }
    >
  >;
  readonly tunnels: Readonly<Record<string, { readonly status: string }>>;
}

/** What clients and operators ask of a gateway. */
export interface GatewayClient {
  readonly url: string;
  /** The official client with the test key; it makes no retries of its own. */
  readonly client: OpenAI;
  /** `POST /v1/chat/completions` with the rig's key unless it is given another. A string is sent as it is. */
  chat(body: unknown, headers?: Readonly<Record<string, string>>, sender?: Sender): Promise<Response>;
  /** The same by a client that can drive more than the gateway can take, and leave in the middle. */
  open(body: unknown, options?: Partial<ChatOptions>): Exchange;
  get(path: string, token?: string): Promise<Response>;
  /** With the admin token. */
  admin(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Response>;
  /** Makes an API key. */
  makeKey(body?: Readonly<Record<string, unknown>>): Promise<MadeKey>;
  stats(): Promise<Stats>;
  health(): Promise<HealthPage>;
}

/** Control of the model servers and their gate by a test. */
export interface Surroundings {
  control(modelServer: string, body: ControlBody): Promise<void>;
  setGate(body: GateControlBody): Promise<void>;
  /** Every request one model server saw, probes included. */
  log(modelServer: string): Promise<readonly LogEntry[]>;
  /** Chat calls of all model servers. */
  chatCalls(): Promise<readonly (LogEntry & { readonly server: string })[]>;
  gateLog(): Promise<readonly GateLogEntry[]>;
}

export interface GatewayUnderTest extends GatewayClient, Surroundings {
  /** Waits until every model server listens and every model is up, for the health object as for the isolate. */
  recovered(): Promise<void>;
  /** Everything healthy, no fault active, logs empty; waits until the gateway has noticed. */
  resetState(): Promise<void>;
}

export interface Sender {
  readonly key?: string;
  readonly signal?: AbortSignal;
}

export interface MadeKey {
  readonly id: string;
  readonly key: string;
}

export function connect(addresses: Addresses): GatewayUnderTest {
  const { servers, controls, gate } = addresses;
  const client = clientOf(addresses.url);
  const around = surroundingsOf(addresses);
  const modelStatuses = async (): Promise<string[]> => {
    const list: { data: { health_status?: string }[] } = await read(await client.get('/v1/models', clientKey));
    return list.data.flatMap((model) => model.health_status ?? []);
  };
  const recovered = async () => {
    let hasAsked = false;
    for (const [id, origin] of Object.entries(servers)) await until(`${id} listens`, () => listens(origin));
    await until('every model is up', async () => {
      // A model that failed calls comes back only through an answer.
      for (const [model, { status }] of Object.entries((await client.health()).models)) {
        if (status === 'up') continue;
        hasAsked = true;
        await (await client.chat({ model, messages: [{ role: 'user', content: '[[tokens:1]]Hello' }] })).text();
      }
      const isHealthy = (await client.health()).status === 'healthy';
      return isHealthy && (await modelStatuses()).every((status) => status === 'up');
    });
    // Wait until these answers are booked, before the test counts anything.
    if (hasAsked) await pause(bookedWithinMs);
  };
  return {
    ...client,
    ...around,
    recovered,
    async resetState() {
      await around.setGate({ behaviour: 'pass' });
      const whole = { healthy: true, modelLoaded: true, down: false, fault: null };
      for (const id of Object.keys(controls)) await around.control(id, whole);
      await recovered();
      for (const address of Object.values(controls)) await send(`${address}/__log`, 'DELETE', null);
      await send(`${gate}/__gate/log`, 'DELETE', null);
    },
  };
}

function clientOf(url: string): GatewayClient {
  const headersFor = (token: string) => ({ authorization: `Bearer ${token}` });
  const get = (path: string, token = adminToken) => fetch(url + path, { headers: headersFor(token) });
  const admin: GatewayClient['admin'] = (method, path, body) =>
    fetch(url + path, {
      method,
      headers: { ...headersFor(adminToken), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    url,
    client: new OpenAI({ apiKey: clientKey, baseURL: `${url}/v1`, maxRetries: 0 }),
    chat: (body, headers = {}, { key = clientKey, signal } = {}) =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { ...headersFor(key), 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      }),
    open: (body, options) => postChat(url, body, { key: clientKey, ...options }),
    get,
    admin,
    async makeKey(body = {}) {
      const response = await admin('POST', '/admin/keys', { name: 'test', ...body });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      return JSON.parse(text);
    },
    stats: async () => read(await get('/stats')),
    health: async () => read(await get('/health')),
  };
}

function surroundingsOf({ controls, gate }: Addresses): Surroundings {
  const log = async (modelServer: string): Promise<LogEntry[]> => read(await fetch(`${controls[modelServer]}/__log`));
  return {
    control: (modelServer, body) => send(`${controls[modelServer]}/__control`, 'POST', body),
    setGate: (body) => send(`${gate}/__gate/control`, 'POST', body),
    log,
    async chatCalls() {
      const logs = await Promise.all(Object.keys(controls).map(async (server) => ({ server, entries: await log(server) })));
      return logs.flatMap(({ server, entries }) =>
        entries.filter(({ path }) => path === '/v1/chat/completions').map((entry) => ({ ...entry, server })),
      );
    },
    gateLog: async () => read(await fetch(`${gate}/__gate/log`)),
  };
}

/** The routing metadata of an answer's header. */
export function routingOf(response: Response): RoutingMetadata {
  return JSON.parse(response.headers.get('x-routing-metadata') ?? 'null');
}

export async function read<T>(response: Response): Promise<T> {
  return JSON.parse(await response.text());
}

function listens(origin: string): Promise<boolean> {
  return fetch(`${origin}/ping`).then(
    (response) => response.ok,
    () => false,
  );
}

async function send(address: string, method: string, body: unknown): Promise<void> {
  const response = await fetch(address, { method, ...(body === null ? {} : { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${address}: ${response.status} ${text}`);
}
