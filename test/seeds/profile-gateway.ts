/** A gateway on one of the shipped profiles with its stand-ins: what the situations of the published originals are asked of. */
import { compileConfigs } from '../../infra/config/compile.ts';
import { startGateway } from '../../infra/gateway.ts';
import { startStandins, varsFor } from '../../infra/profile-fleet.ts';
import type { Fleet } from '../../infra/standin/fleet.ts';
import { repoFolder } from '../../infra/wrangler.ts';

const apiKey = 'pointsman-seeds-key';
const adminToken = 'pointsman-seeds-admin';

export interface RouteAnswer {
  readonly decision: {
    readonly model_id: string | null;
    readonly tier: string;
    readonly intent: string;
    readonly score: number;
    readonly confidence: number;
    readonly complexity: string;
    readonly reason: string;
    readonly rule: string;
  };
  readonly plan: readonly { readonly model_id: string }[];
  readonly explain: Record<string, unknown>;
}

export interface ProfileGateway {
  readonly url: string;
  readonly fleet: Fleet;
  /** `POST /v1/route`. */
  route(body: Record<string, unknown>, headers?: Record<string, string>): Promise<RouteAnswer>;
  /** `POST /v1/chat/completions`. */
  chat(body: Record<string, unknown>, headers?: Record<string, string>): Promise<Response>;
  stats(): Promise<Record<string, never>>;
  operate(method: 'GET' | 'POST', path: string): Promise<Response>;
  /** What the Worker and its objects have logged. */
  log(): string;
  stop(): Promise<void>;
}

export async function startProfile(profile: string, overrides: Record<string, unknown> = {}): Promise<ProfileGateway> {
  const config = compileConfigs(`${repoFolder}configs`).profiles[profile];
  if (config === undefined) throw new Error(`no profile ${profile}`);
  const fleet = await startStandins(config, {}, 0, 'seeds-upstream-key');
  if (fleet === null) throw new Error('no stand-ins');
  const vars = varsFor(config, {}, fleet, profile, 'seeds-upstream-key');
  let output = '';
  const gateway = await startGateway({
    port: 0,
    onOutput: (text) => {
      output += text;
    },
    vars: { ...vars, BOOTSTRAP_API_KEY: apiKey, ADMIN_TOKEN: adminToken, CONFIG_OVERRIDES: JSON.stringify(overrides) },
  });
  const post = (path: string, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
    fetch(gateway.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const operate = (method: 'GET' | 'POST', path: string) =>
    fetch(gateway.url + path, { method, headers: { authorization: `Bearer ${adminToken}` } });
  return {
    url: gateway.url,
    fleet,
    async route(body, headers) {
      const response = await post('/v1/route', body, headers);
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return JSON.parse(await response.text());
    },
    chat: (body, headers) => post('/v1/chat/completions', body, headers),
    async stats() {
      return JSON.parse(await (await operate('GET', '/stats')).text());
    },
    operate,
    log: () => output,
    async stop() {
      await gateway.stop();
      await fleet.close();
    },
  };
}

export function ask(text: string): { messages: { role: 'user'; content: string }[] } {
  return { messages: [{ role: 'user', content: text }] };
}

/** A plain question to which the stand-in is told, where no classifier looks, to answer exactly this. */
export function answered(text: string): { role: 'system' | 'user'; content: string }[] {
  return [
    { role: 'system', content: `[[say64:${Buffer.from(text).toString('base64')}]]` },
    { role: 'user', content: 'Which one is it?' },
  ];
}

export const picture = {
  type: 'image_url',
  image_url: {
    url: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  },
};
