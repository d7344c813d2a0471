/**
 * What the security checks run against: the Worker under `wrangler dev` before stand-in model servers, a listener that nobody may ever
 * call, a key server for Access tokens, and secrets that must never be seen again. Everything that is answered is kept for the last checks.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGateway } from '../gateway.ts';
import { type Fleet, startFleet } from '../standin/fleet.ts';
import type { LogEntry } from '../standin/request-log.ts';
import { type EchoFront, type Quote, startEchoFront } from './echo-front.ts';
import { type RawAnswer, sendRaw } from './raw-http.ts';

/** Words that stand for secrets: each says where it must stay. */
export const secrets = {
  clientKey: 'canary-client-key-5d2f81',
  adminToken: 'canary-admin-token-9b40c7',
  upstreamKey: 'canary-upstream-key-e7a316',
  accessClientId: 'canary-access-id-27f0d9.access',
  accessClientSecret: 'canary-access-secret-c81e54',
} as const;
/** Stands in prompts; only the model servers may read it. */
export const promptCanary = 'canary-prompt-40aa17';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Seen extends Answer {
  readonly what: string;
}

export interface AccessIssuer {
  readonly origin: string;
  readonly audience: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface Stand {
  readonly url: string;
  readonly fleet: Fleet;
  readonly issuer: AccessIssuer;
  /** Origin of the listener that must never be called. */
  readonly canary: string;
  canaryCalls(): readonly string[];
  /** Every answer so far. */
  readonly seen: readonly Seen[];
  /** Every key made so far: their tokens must stay with who got them. */
  readonly madeKeys: readonly string[];
  output(): string;
  readonly stateFolder: string;
  send(
    method: string,
    path: string,
    init?: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string },
  ): Promise<Answer>;
  /** The same of another gateway. */
  sendTo(
    origin: string,
    method: string,
    path: string,
    init?: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string },
  ): Promise<Answer>;
  /** What every model server answers from now on; null lets them answer themselves. */
  quote(quote: Quote | null): void;
  /** With the client's key. An object is sent as JSON. */
  chat(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  admin(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer>;
  makeKey(body?: Readonly<Record<string, unknown>>): Promise<{ readonly id: string; readonly key: string }>;
  /** Bytes as they are, over a connection of their own. */
  raw(bytes: string, withinMs?: number): Promise<RawAnswer>;
  /** Chat calls of all model servers, bodies included. */
  chatCalls(): readonly LogEntry[];
  stop(): Promise<void>;
}

const timeouts_ms = { connect: 1500, first_event: 1500, idle: 1000, total: 5000 };
const overrides = {
  upstreams: { small: { timeouts_ms }, large: { timeouts_ms } },
  routing: {
    retry: { backoff_base_ms: 5, backoff_max_ms: 10, max_retry_after_ms: 200, budget_ratio: 1, budget_floor_per_second: 1000 },
    health: { throttle_max_ms: 1, unhealthy_threshold: 100, breaker: { enabled: false } },
    streaming: { hold_status_ms: 1000, ping_ms: 300 },
  },
  limits: { body_read_timeout_ms: 1000 },
};

/** Takes about five seconds. */
export async function startStand(): Promise<Stand> {
  process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false';
  const canaryCalls: string[] = [];
  const canary = await listen((path) => void canaryCalls.push(path), '{}');
  const { issuer, server: keyServer } = await startIssuer();
  const fleet = await startFleet({
    shared: { timeScale: 0, apiKey: secrets.upstreamKey, logsBodies: true },
    clientId: secrets.accessClientId,
    clientSecret: secrets.accessClientSecret,
  });
  const clientKeys = `${secrets.clientKey} Basic ${Buffer.from(`user:${secrets.clientKey}`).toString('base64')}`;
  const fronts: Record<string, EchoFront> = {};
  for (const [id, url] of Object.entries(fleet.urls)) fronts[id] = await startEchoFront(url, clientKeys);
  const stateFolder = mkdtempSync(join(tmpdir(), 'pointsman-security-'));
  const stopServers = async (): Promise<void> => {
    const servers = [fleet, ...Object.values(fronts)].map((server) => server.close());
    await Promise.all([...servers, close(canary.server), close(keyServer)]);
  };
  let output = '';
  const gateway = await startGateway({
    port: 0,
    persistTo: stateFolder,
    onOutput: (text) => {
      output = (output + text).slice(-5_000_000);
    },
    vars: {
      ENVIRONMENT: 'development',
      BOOTSTRAP_API_KEY: secrets.clientKey,
      ADMIN_TOKEN: secrets.adminToken,
      UPSTREAM_API_KEY: secrets.upstreamKey,
      ACCESS_CLIENT_ID: secrets.accessClientId,
      ACCESS_CLIENT_SECRET: secrets.accessClientSecret,
      ACCESS_TEAM_DOMAIN: issuer.origin,
      ACCESS_AUD: issuer.audience,
      SMALL_UPSTREAM_URL: fronts['small']?.url ?? '',
      LARGE_UPSTREAM_URL: fronts['large']?.url ?? '',
      REQUEST_LOG: 'on',
      CONFIG_OVERRIDES: JSON.stringify(overrides),
    },
  }).catch(async (error: unknown) => {
    await stopServers();
    throw error;
  });
  const seen: Seen[] = [];
  const madeKeys: string[] = [];
  const sendTo: Stand['sendTo'] = async (origin, method, path, init = {}) => {
    const response = await fetch(origin + path, { method, redirect: 'manual', ...init });
    const text = await readAll(response);
    const answer = { what: `${method} ${path}`, status: response.status, headers: response.headers, text };
    seen.push(answer);
    return answer;
  };
  const send: Stand['send'] = (method, path, init) => sendTo(gateway.url, method, path, init);
  const json = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });
  const admin: Stand['admin'] = (method, path, body) =>
    send(method, path, { headers: json(secrets.adminToken), ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return {
    url: gateway.url,
    fleet,
    issuer,
    canary: canary.origin,
    canaryCalls: () => canaryCalls,
    seen,
    madeKeys,
    output: () => output,
    stateFolder,
    send,
    sendTo,
    quote: (quote) => Object.values(fronts).forEach((front) => front.set(quote)),
    admin,
    chat: (body, headers = {}) =>
      send('POST', '/v1/chat/completions', {
        headers: { ...json(secrets.clientKey), ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async makeKey(body = {}) {
      const answer = await admin('POST', '/admin/keys', { name: 'security', ...body });
      const made: { id: string; key: string } = JSON.parse(answer.text);
      if (answer.status !== 201) throw new Error(answer.text);
      madeKeys.push(made.key);
      return made;
    },
    async raw(bytes, withinMs) {
      const answer = await sendRaw(gateway.url, bytes, withinMs);
      if (answer.status > 0) seen.push({ what: bytes.slice(0, 60).replaceAll(/\s+/g, ' '), ...answer, text: answer.received });
      return answer;
    },
    chatCalls: () =>
      Object.values(fleet.models).flatMap((model) => model.log().filter(({ path }) => path === '/v1/chat/completions')),
    async stop() {
      await gateway.stop();
      await stopServers();
      rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}

/** Also what came of an answer that was broken off. */
async function readAll({ body }: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const bytes of body ?? []) text += decoder.decode(bytes, { stream: true });
  } catch {
    // Broken off.
  }
  return text + decoder.decode();
}

/** Plays a team's Access: publishes one RSA key the way Cloudflare does. */
async function startIssuer(): Promise<{ issuer: AccessIssuer; server: Server }> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = 'team-key-1';
  const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }] };
  const { origin, server } = await listen(() => undefined, JSON.stringify(keys));
  return { issuer: { origin, audience: 'pointsman-admin-audience', kid, privateKey, publicKey }, server };
}

function listen(onCall: (path: string) => void, body: string): Promise<{ origin: string; server: Server }> {
  const server = createServer((request, response) => {
    onCall(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve({ origin: `http://127.0.0.1:${address.port}`, server });
    });
  });
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
