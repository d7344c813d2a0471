/** An engine that dies while its API answers: its stream goes on elsewhere, it is left out, its pod is told once, and it comes back. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { breakerRig } from '../../infra/rig/configs.ts';
import { readReply } from '../../infra/rig/reply.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { until } from '../../infra/rig/waiting.ts';
import type { Fleet } from '../../shared/observed.ts';

const secret = 'a-secret-of-the-pod-hook';
const [small, large] = ['qwen2.5-7b', 'qwen2.5-32b'];
/** Long enough that the engine dies in the middle of it. */
const question = '[[tokens:60]][[pace:60]]Describe the harbour of a small town.';

interface Order {
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

const orders: Order[] = [];
let hook: Server;
let gateway: Rig;

beforeAll(async () => {
  hook = createServer(async (request, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part as Uint8Array);
    orders.push({ authorization: request.headers.authorization, body: JSON.parse(Buffer.concat(parts).toString()) });
    // The first one is lost: the order is repeated.
    response.writeHead(orders.length === 1 ? 503 : 202).end();
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { overrides, direct } = breakerRig;
  gateway = await startRig({
    on: inject('bundle'),
    direct,
    overrides: {
      ...overrides,
      upstreams: {
        ...overrides.upstreams,
        small: { ...overrides.upstreams.small, pod_hook: { url_var: 'POD_HOOK_URL', secret_var: 'POD_HOOK_SECRET' } },
      },
      routing: { ...overrides.routing, health: { ...overrides.routing.health, wedge: { still_ms: 1000 } } },
    },
    vars: { POD_HOOK_URL: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/restart`, POD_HOOK_SECRET: secret },
  });
});

afterAll(async () => {
  await gateway.stop();
  await new Promise((resolve) => hook.close(resolve));
});

const body = (model: string, content = question) => ({
  model,
  stream: true,
  max_tokens: 100,
  messages: [{ role: 'user', content }],
});
const shortly = '[[tokens:4]]Describe the harbour of a small town.';
const wedgedSince = async () => {
  const { models } = (await (await gateway.get('/admin/fleet')).json()) as Fleet;
  return models.find(({ id }) => id === small)?.instances[0]?.wedged_since ?? null;
};

test('its stream goes on elsewhere with each word once, it is left out and restarted by order, and serves again', async () => {
  const whole = await readReply(await gateway.chat(body('small')));
  const begun = Date.now();
  const asked = gateway.chat(body('small'));
  await until('the answer has begun', async () =>
    (await gateway.chatCalls()).some(({ receivedAtMs, firstByteAtMs }) => receivedAtMs >= begun && firstByteAtMs !== null),
  );
  await gateway.control('small', { wedged: true });
  const reply = await readReply(await asked);
  expect(reply).toMatchObject({ status: 200, errors: [], isDone: true, finishReasons: ['stop'], metadata: { rescued: 1 } });
  expect(reply.text).toBe(whole.text);

  await until('it is known to be dead', async () => (await wedgedSince()) !== null, 10_000);
  expect(await gateway.health()).toMatchObject({ models: { [small]: { status: 'down' }, [large]: { status: 'up' } } });
  await until('its pod has been told', async () => orders.length === 2, 10_000);
  expect(orders[1]).toMatchObject({
    authorization: `Bearer ${secret}`,
    body: { action: 'restart', server: 'small', models: [small], reason: 'wedged' },
  });
  expect(await (await gateway.get('/metrics')).text()).toContain(`pointsman_server_wedged{model="${small}",upstream="small"} 1`);
  // Its own picture of the fleet is as old as its last request.
  await (await gateway.chat(body('large', shortly))).text();
  const elsewhere = await readReply(await gateway.chat({ ...body('auto', shortly), stream: false }));
  expect(elsewhere).toMatchObject({ status: 200, metadata: { model_id: large, attempts: 1 } });

  await gateway.control('small', { wedged: false });
  await until(
    'it answers again',
    async () => (await readReply(await gateway.chat(body('auto', shortly)))).metadata?.['model_id'] === small,
    20_000,
  );
  // The news of its answer is on its way.
  await until('it is known to be alive', async () => (await wedgedSince()) === null, 10_000);
  expect(orders).toHaveLength(2);
}, 60_000);
