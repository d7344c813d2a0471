/**
 * The whole product for a test: the Worker under `wrangler dev` before stand-in model servers and a tunnel gate, all on loopback ports.
 * A handle speaks to everything over HTTP, so it is the same for a gateway that a global set-up started and for one of a file's own.
 */
import OpenAI from 'openai';
import { startGateway } from '../../../infra/gateway.ts';
import type { ControlBody } from '../../../infra/standin/control.ts';
import { type FleetModel, startFleet } from '../../../infra/standin/fleet.ts';
import type { GateControlBody } from '../../../infra/standin/gate-behaviour.ts';
import type { GateLogEntry } from '../../../infra/standin/gate.ts';
import type { LogEntry } from '../../../infra/standin/request-log.ts';
import type { Stats } from '../../../shared/records.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import { pause, until } from './until.ts';

export const clientKey = 'pointsman-test-client-key';
export const adminToken = 'pointsman-test-admin-token';
export const upstreamKey = 'pointsman-test-upstream-key';

/** Longer than an isolate keeps what it has to book. */
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

export interface GatewayUnderTest {
  readonly url: string;
  /** The official client with the test key; it makes no retries of its own. */
  readonly client: OpenAI;
  /** `POST /v1/chat/completions` with the test key. A string is sent as it is. */
  chat(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  get(path: string, token?: string): Promise<Response>;
  stats(): Promise<Stats>;
  health(): Promise<HealthPage>;
  control(modelServer: string, body: ControlBody): Promise<void>;
  setGate(body: GateControlBody): Promise<void>;
  /** Every request one model server saw, probes included. */
  log(modelServer: string): Promise<readonly LogEntry[]>;
  /** Chat calls of all model servers. */
  chatCalls(): Promise<readonly (LogEntry & { readonly server: string })[]>;
  gateLog(): Promise<readonly GateLogEntry[]>;
  /** Waits until every model server listens and every model is up, for the health object as for the isolate. */
  recovered(): Promise<void>;
  /** Everything healthy again, no fault standing, logs empty; waits until the gateway has noticed. */
  resetState(): Promise<void>;
}

export interface OwnGateway extends GatewayUnderTest {
  /** Stops the Worker and starts it anew on the same port, data and model servers. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface HarnessOptions {
  /** Merge patch over the configuration. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** Further model servers; reached without the gate, under the variable `<ID>_UPSTREAM_URL`. */
  readonly direct?: readonly FleetModel[];
  /** Keeps the Durable Objects' data in this folder. */
  readonly persistTo?: string;
}

const pair: readonly FleetModel[] = [
  { id: 'small', servedName: 'Qwen/Qwen2.5-7B-Instruct', role: 'small' },
  // One of the two speaks with parsers, as vLLM does when told so.
  { id: 'large', servedName: 'Qwen/Qwen2.5-32B-Instruct-AWQ', role: 'large', toolParser: 'hermes', reasoningParser: true },
];

/** Starts the model servers and the Worker; takes about five seconds. */
export async function startHarness(options: HarnessOptions): Promise<OwnGateway & { readonly addresses: Addresses }> {
  // Nothing outside this machine is needed; the look-up of Request.cf would only wait for its own failure.
  process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false';
  const direct = options.direct ?? [];
  const fleet = await startFleet({
    models: [...pair, ...direct],
    shared: { timeScale: 0, apiKey: upstreamKey, logsBodies: true, control: true },
    gateControlPort: 0,
  });
  const start = (port: number) =>
    startGateway({
      port,
      vars: {
        ENVIRONMENT: 'development',
        BOOTSTRAP_API_KEY: clientKey,
        ADMIN_TOKEN: adminToken,
        UPSTREAM_API_KEY: upstreamKey,
        ACCESS_CLIENT_ID: fleet.clientId,
        ACCESS_CLIENT_SECRET: fleet.clientSecret,
        SMALL_UPSTREAM_URL: fleet.urls['small'] ?? '',
        LARGE_UPSTREAM_URL: fleet.urls['large'] ?? '',
        ...Object.fromEntries(direct.map(({ id }) => [`${id.toUpperCase()}_UPSTREAM_URL`, fleet.directUrls[id] ?? ''])),
        CONFIG_OVERRIDES: JSON.stringify(options.overrides),
      },
      ...(options.persistTo === undefined ? {} : { persistTo: options.persistTo }),
    });
  let gateway = await start(0).catch(async (error: unknown) => {
    await fleet.close();
    throw error;
  });
  const addresses: Addresses = {
    url: gateway.url,
    servers: fleet.directUrls,
    controls: Object.fromEntries(Object.values(fleet.models).map(({ id, controlUrl }) => [id, controlUrl ?? ''])),
    gate: fleet.gate?.controlUrl ?? '',
  };
  // Whatever was tested: no secret may have stood in the log.
  const stopGateway = async (): Promise<void> => {
    await gateway.stop();
    if (gateway.leaks().length > 0) throw new Error(`In the log of the gateway: ${gateway.leaks().join(', ')}`);
  };
  return {
    addresses,
    ...connect(addresses),
    async restart() {
      await stopGateway();
      gateway = await start(Number(new URL(addresses.url).port));
    },
    async stop() {
      try {
        await stopGateway();
      } finally {
        await fleet.close();
      }
    },
  };
}

/** A handle on something that runs already. */
export function connect({ url, servers, controls, gate }: Addresses): GatewayUnderTest {
  const headersFor = (token: string) => ({ authorization: `Bearer ${token}` });
  const get = (path: string, token = adminToken) => fetch(url + path, { headers: headersFor(token) });
  const control = async (modelServer: string, body: ControlBody) => {
    await send(`${controls[modelServer]}/__control`, 'POST', body);
  };
  const setGate = async (body: GateControlBody) => {
    await send(`${gate}/__gate/control`, 'POST', body);
  };
  const log = async (modelServer: string): Promise<LogEntry[]> => read(await fetch(`${controls[modelServer]}/__log`));
  const health = async (): Promise<HealthPage> => read(await get('/health'));
  const modelStatuses = async (): Promise<string[]> => {
    const list: { data: { health_status?: string }[] } = await read(await get('/v1/models', clientKey));
    return list.data.flatMap((model) => model.health_status ?? []);
  };
  const recovered = async () => {
    let hasAsked = false;
    for (const [id, origin] of Object.entries(servers)) await until(`${id} listens`, () => listens(origin));
    await until('every model is up', async () => {
      // Only an answer lets a model back in that has failed its calls.
      for (const [model, { status }] of Object.entries((await health()).models)) {
        if (status === 'up') continue;
        hasAsked = true;
        await (await chat({ model, messages: [{ role: 'user', content: '[[tokens:1]]Hello' }] })).text();
      }
      const isHealthy = (await health()).status === 'healthy';
      return isHealthy && (await modelStatuses()).every((status) => status === 'up');
    });
    // These answers are booked before anything else is counted.
    if (hasAsked) await pause(bookedWithinMs);
  };
  const chat: GatewayUnderTest['chat'] = (body, headers = {}) =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { ...headersFor(clientKey), 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return {
    url,
    client: new OpenAI({ apiKey: clientKey, baseURL: `${url}/v1`, maxRetries: 0 }),
    get,
    control,
    setGate,
    log,
    health,
    recovered,
    chat,
    stats: async (): Promise<Stats> => read(await get('/stats')),
    gateLog: async (): Promise<GateLogEntry[]> => read(await fetch(`${gate}/__gate/log`)),
    async chatCalls() {
      const logs = await Promise.all(Object.keys(controls).map(async (server) => ({ server, entries: await log(server) })));
      return logs.flatMap(({ server, entries }) =>
        entries.filter(({ path }) => path === '/v1/chat/completions').map((entry) => ({ ...entry, server })),
      );
    },
    async resetState() {
      await setGate({ behaviour: 'pass' });
      const whole = { healthy: true, modelLoaded: true, down: false, fault: null, latency: null };
      for (const id of Object.keys(controls)) await control(id, whole);
      await recovered();
      for (const address of Object.values(controls)) await send(`${address}/__log`, 'DELETE', null);
      await send(`${gate}/__gate/log`, 'DELETE', null);
    },
  };
}

/** The routing metadata of an answer's header. */
export function routingOf(response: Response): RoutingMetadata {
  return JSON.parse(response.headers.get('x-routing-metadata') ?? 'null') as RoutingMetadata;
}

export async function read<T>(response: Response): Promise<T> {
  return (await response.json()) as T;
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
