/** A gateway on one of the shipped profiles with its stand-ins: what the situations of the published originals are asked of. */
import { inject } from 'vitest';
import { compileConfigs } from '../../infra/config/compile.ts';
import { clientKey, upstreamKey } from '../../infra/rig/connect.ts';
import { standinsFor } from '../../infra/rig/profile.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { repoFolder } from '../../infra/wrangler.ts';

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

export interface ProfileGateway extends Rig {
  /** `POST /v1/route`. */
  route(body: Record<string, unknown>, headers?: Record<string, string>): Promise<RouteAnswer>;
}

export async function startProfile(profile: string, overrides: Record<string, unknown> = {}): Promise<ProfileGateway> {
  const config = compileConfigs(`${repoFolder}configs`).profiles[profile];
  if (config === undefined) throw new Error(`no profile ${profile}`);
  const standins = standinsFor(config);
  const isTunnelled = ({ id }: { readonly id: string }): boolean => config.upstreams[id]?.access === true;
  const keys = Object.values(config.upstreams).map(({ key_var: name }) => [name, upstreamKey] as const);
  const rig = await startRig({
    on: inject('bundle'),
    overrides,
    fleet: { models: standins.filter(isTunnelled) },
    direct: standins.filter((one) => !isTunnelled(one)),
    vars: { ...Object.fromEntries(keys), CONFIG_PROFILE: profile },
  });
  return {
    ...rig,
    async route(body, headers = {}) {
      const response = await fetch(`${rig.url}/v1/route`, {
        method: 'POST',
        headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return JSON.parse(await response.text());
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
