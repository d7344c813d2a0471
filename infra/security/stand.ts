/**
 * What the security checks run against: the Worker under `wrangler dev` with stand-in model servers, a listener that must never be called,
 * a key server for Access tokens, and secrets that must never leak. All answers are kept for the last checks.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { labOverrides } from '../rig/configs.ts';
import { adminToken, clientKey, type MadeKey, upstreamKey } from '../rig/connect.ts';
import { poolingServers } from '../rig/pooling-servers.ts';
import { type RawAnswer, sendRaw } from '../rig/raw-client.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { accessClientId, accessClientSecret } from '../standin/fleet.ts';
import { type Listener, listen, reply } from '../standin/http.ts';
import { type EchoFront, type Quote, startEchoFront } from './echo-front.ts';

/** None of these may leak. */
export const secrets = { clientKey, adminToken, upstreamKey, accessClientId, accessClientSecret } as const;
/** Part of prompts; only the model servers may receive it. */
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

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Stand extends Pick<Rig, 'url' | 'fleet' | 'output' | 'stateFolder' | 'stop'> {
  readonly issuer: AccessIssuer;
  /** Origin of the listener that must never be called. */
  readonly canary: string;
  canaryCalls(): readonly string[];
  /** Every answer so far. */
  readonly seen: readonly Seen[];
  /** Every key created so far; their tokens must appear nowhere else. */
  readonly madeKeys: readonly string[];
  send(method: string, path: string, init?: Sent): Promise<Answer>;
  /** The same of another gateway. */
  sendTo(origin: string, method: string, path: string, init?: Sent): Promise<Answer>;
  /** What every model server answers from now on; null lets them answer themselves. */
  quote(quote: Quote | null): void;
  /** With the client's key. An object is sent as JSON. */
  chat(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  admin(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer>;
  makeKey(body?: Readonly<Record<string, unknown>>): Promise<MadeKey>;
  /** Raw bytes over a separate connection. */
  raw(bytes: string, withinMs?: number): Promise<RawAnswer>;
  /** Chat calls of all model servers, bodies included. */
  chatCalls: Rig['calls'];
}

/** Takes about five seconds. */
export async function startStand(): Promise<Stand> {
  const canaryCalls: string[] = [];
  const canary = await listen(0, (request, response) => {
    canaryCalls.push(request.url ?? '');
    reply(response, { status: 200, body: {} });
  });
  const { issuer, listener: keyServer } = await startIssuer();
  const fronts: Record<string, EchoFront> = {};
  const stopServers = async (): Promise<void> => {
    await Promise.all([canary, keyServer, ...Object.values(fronts)].map((server) => server.close()));
  };
  const rig = await startGateway(issuer, fronts).catch(async (error: unknown) => {
    await stopServers();
    throw error;
  });
  const { url, fleet, output, stateFolder } = rig;
  return {
    ...clientOf(rig),
    url,
    fleet,
    output,
    stateFolder,
    issuer,
    canary: canary.url,
    canaryCalls: () => canaryCalls,
    quote: (quote) => Object.values(fronts).forEach((front) => front.set(quote)),
    chatCalls: rig.calls,
    async stop() {
      try {
        await rig.stop();
      } finally {
        await stopServers();
      }
    },
  };
}

/** Puts a front before every model server, and names them in `fronts` as soon as they listen. */
function startGateway(issuer: AccessIssuer, fronts: Record<string, EchoFront>): Promise<Rig> {
  const clientKeys = `${clientKey} Basic ${Buffer.from(`user:${clientKey}`).toString('base64')}`;
  return startRig({
    on: 'wrangler dev',
    direct: poolingServers.filter(({ id }) => id === 'embedder'),
    overrides: { ...labOverrides, limits: { body_read_timeout_ms: 1000 } },
    async vars({ urls }) {
      for (const [id, url] of Object.entries(urls)) fronts[id] = await startEchoFront(url, clientKeys);
      return {
        ACCESS_TEAM_DOMAIN: issuer.origin,
        ACCESS_AUD: issuer.audience,
        SMALL_UPSTREAM_URL: fronts['small']?.url ?? '',
        LARGE_UPSTREAM_URL: fronts['large']?.url ?? '',
        REQUEST_LOG: 'on',
      };
    },
  });
}

type StandClient = Pick<Stand, 'seen' | 'madeKeys' | 'send' | 'sendTo' | 'admin' | 'chat' | 'makeKey' | 'raw'>;

/** Asks the gateway, and keeps every answer. */
function clientOf(rig: Rig): StandClient {
  const seen: Seen[] = [];
  const madeKeys: string[] = [];
  const keep = async (what: string, response: Response): Promise<Answer> => {
    const answer = { what, status: response.status, headers: response.headers, text: await readAll(response) };
    seen.push(answer);
    return answer;
  };
  const sendTo: Stand['sendTo'] = async (origin, method, path, init = {}) =>
    keep(`${method} ${path}`, await fetch(origin + path, { method, redirect: 'manual', ...init }));
  const admin: Stand['admin'] = async (method, path, body) => keep(`${method} ${path}`, await rig.admin(method, path, body));
  return {
    seen,
    madeKeys,
    send: (method, path, init) => sendTo(rig.url, method, path, init),
    sendTo,
    admin,
    chat: async (body, headers) => keep('POST /v1/chat/completions', await rig.chat(body, headers)),
    async makeKey(body = {}) {
      const answer = await admin('POST', '/admin/keys', { name: 'security', ...body });
      const made: MadeKey = JSON.parse(answer.text);
      if (answer.status !== 201) throw new Error(answer.text);
      madeKeys.push(made.key);
      return made;
    },
    async raw(bytes, withinMs) {
      const answer = await sendRaw(rig.url, bytes, withinMs);
      if (answer.status > 0) seen.push({ what: bytes.slice(0, 60).replaceAll(/\s+/g, ' '), ...answer, text: answer.received });
      return answer;
    },
  };
}

/** Returns the received part of an answer that broke off. */
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
async function startIssuer(): Promise<{ issuer: AccessIssuer; listener: Listener }> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = 'team-key-1';
  const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }] };
  const listener = await listen(0, (_, response) => reply(response, { status: 200, body: keys }));
  return { issuer: { origin: listener.url, audience: 'pointsman-admin-audience', kid, privateKey, publicKey }, listener };
}
