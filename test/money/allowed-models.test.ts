/** A key's models are a wall: what it may not use answers nothing of it, however the request is put and whatever breaks meanwhile. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, until } from '../../infra/rig/waiting.ts';
import { type Asked, type MadeKey, type MoneyLab, openLab } from './money-lab.ts';

const [small, large] = ['qwen2.5-7b', 'qwen2.5-32b'] as const;
const hard = 'Prove step by step that there are infinitely many primes, and analyse the trade-offs of three proofs.';
let lab: MoneyLab;
let keys: Record<'small' | 'large', MadeKey>;

/** Everything that can bring another model in is on. */
const everything = {
  routing: {
    aliases: { cheap: small, best: large },
    escalation: { enabled: true },
    rescue: { enabled: true, max_rescues: 3 },
    agents: { judge: { critical: true } },
    experiments: {
      watch: {
        enabled: true,
        arms: { small: { weight: 1, model: small }, large: { weight: 1, model: large } },
        shadow: { model: large, share: 1 },
      },
    },
  },
};

beforeAll(async () => {
  lab = await openLab(everything);
  keys = { small: await lab.makeKey({ allowed_models: [small] }), large: await lab.makeKey({ allowed_models: [large] }) };
});

afterAll(() => lab.stop());

const serversOf = () => [...new Set(lab.calls().map(({ server }) => server))];

function clearLogs(): void {
  for (const model of Object.values(lab.fleet.models)) model.clearLog();
}

describe('a name that the key may not use', () => {
  test.each([
    ['small', large, small],
    ['small', 'Qwen/Qwen2.5-32B-Instruct-AWQ', small],
    ['small', 'large', small],
    ['small', 'best', small],
    ['large', small, large],
    ['large', 'small', large],
    ['large', 'cheap', large],
  ] as const)('with only the %s tier allowed, %s: 403 that names the field and what is allowed', async (who, model, allowed) => {
    clearLogs();
    for (const stream of [false, true]) {
      const response = await lab.ask(keys[who].key, { body: { model, stream } });
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual({
        error: {
          message: `This key may not use that model. Allowed: ${allowed}.`,
          type: 'permission_error',
          param: 'model',
          code: 'model_not_allowed',
        },
      });
    }
    expect(serversOf()).toEqual([]);
  });

  test('is refused by the dry run as well', async () => {
    const response = await fetch(`${lab.url}/v1/route`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.small.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'large', messages: [{ role: 'user', content: hard }] }),
    });
    expect(response.status).toBe(403);
  });

  test('is in no list of models', async () => {
    const headers = { authorization: `Bearer ${keys.small.key}` };
    const list = (await (await fetch(`${lab.url}/v1/models`, { headers })).json()) as { data: { id: string }[] };
    const ids = list.data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([small, 'small', 'auto', 'auto:quality', 'cheap', 'gpt-4o']));
    expect(ids.filter((id) => [large, 'large', 'best'].includes(id))).toEqual([]);
    const get = async (id: string) => (await fetch(`${lab.url}/v1/models/${id}`, { headers })).status;
    expect(await Promise.all(['small', 'cheap', 'large', 'best', large].map(get))).toEqual([200, 200, 404, 404, 404]);
  });
});

describe('a request that leaves the choice to the router', () => {
  const unsure = `[[say64:${Buffer.from("I'm not sure. I do not know.").toString('base64')}]]`;
  const kinds: readonly (readonly [string, Asked])[] = [
    ['a simple one', {}],
    ['a hard one', { text: hard }],
    ['by strategy', { text: hard, body: { model: 'auto:quality' } }],
    ['by alias', { text: hard, body: { model: 'gpt-4o' } }],
    ['of a critical agent', { headers: { 'x-agent-name': 'judge' } }],
    ['in a conversation', { text: hard, headers: { 'x-session-id': 'walled' } }],
    ['whose answer is doubtful', { text: unsure }],
    ['whose model fails', { text: '[[fault:server-error]]' }],
    ['whose stream breaks off', { text: '[[fault:mid-reset]]', body: { stream: true } }],
    ['whose doubtful stream would be escalated', { text: unsure, body: { stream: true } }],
  ];

  test.each(kinds)('%s: is answered by what is allowed, or not at all', async (_, asked) => {
    for (const [server, { key }] of Object.entries(keys)) {
      clearLogs();
      await (await lab.ask(key, { ...asked, body: { model: 'auto', ...asked.body } })).text();
      // A shadow would come after the answer.
      await pause(150);
      expect(serversOf()).toEqual([server]);
    }
  });

  test.each(kinds.filter(([what]) => /doubtful|fails|breaks off|a simple/.test(what)))(
    '%s: with every model allowed, the other one has a part in it',
    async (_, asked) => {
      const { key } = await lab.makeKey();
      // An experiment draws the first one by lot.
      await until('one request reached both', async () => {
        clearLogs();
        await (await lab.ask(key, { ...asked, body: { model: 'auto', ...asked.body } })).text();
        await pause(150);
        return serversOf().length === 2;
      });
    },
  );

  test('an image that no allowed model can see is refused by the same wall', async () => {
    const own = await openLab({ models: { [large]: { capabilities: ['tools', 'vision'] } } });
    const { key } = await own.makeKey({ allowed_models: [small] });
    const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
    const response = await own.ask(key, { body: { model: 'auto', messages: [{ role: 'user', content: [image] }] } });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain(`Allowed: ${small}.`);
    expect(own.calls()).toEqual([]);
    await own.stop();
  });

  test('an agent that the configuration narrows further is held to what both allow', async () => {
    const own = await openLab({ routing: { agents: { narrow: { allowed_models: [large] } } } });
    const { key } = await own.makeKey({ allowed_models: [small] });
    const asked = { headers: { 'x-agent-name': 'narrow' }, body: { model: 'auto' } };
    const response = await own.ask(key, asked);
    expect([response.status, own.calls().length]).toEqual([403, 0]);
    await own.stop();
  });
});
