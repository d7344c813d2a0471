/**
 * Outages: of a model server, of the tunnel, of the credentials. What clients get meanwhile, what `/health` says, and that everything comes
 * back by itself. Has a gateway of its own, whose breakers and probes are fast.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { GateBehaviour } from '../../infra/standin/gate-behaviour.ts';
import { type ErrorCode, errors } from '../../shared/errors.ts';
import type { Fleet } from '../../shared/observed.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { type Reply, readReply } from '../../infra/rig/reply.ts';
import { breakerRig } from '../../infra/rig/configs.ts';
import { pause, until } from '../../infra/rig/waiting.ts';

const small = 'qwen2.5-7b';
const large = 'qwen2.5-32b';

let gateway: Rig;

beforeAll(async () => {
  gateway = await startRig({ on: inject('bundle'), ...breakerRig });
});

afterAll(() => gateway.stop());
beforeEach(() => gateway.resetState());

describe('a model server that dies', () => {
  test('requests go on from the other one, health says so, and it comes back by itself', async () => {
    expect(await ask({ model: 'auto' })).toMatchObject({ status: 200, metadata: { model_id: small, fallback_used: false } });
    await gateway.control('small', { down: true });
    for (let time = 0; time < 12; time += 1) {
      const reply = await ask({ model: 'auto', stream: time % 2 === 0 });
      expect(reply).toMatchObject({
        status: 200,
        errors: [],
        metadata: { model_id: large, fallback_used: true, primary_model: small },
      });
      expect(reply.metadata?.['reason']).toMatch(/qwen2\.5-7b/);
    }
    await until('health says that it is down', async () => (await statusOf(small)) === 'down', 2000);
    expect(await gateway.health()).toMatchObject({
      status: 'degraded',
      models: { [large]: { status: 'up' } },
      tunnels: { main: { status: 'up' } },
    });
    expect(await breakersOfFleet()).toMatchObject({ small: expect.stringMatching(/^(?:open|half_open)$/), large: 'closed' });
    // What the isolate knows of the fleet is up to 2 s old, and an open breaker lets a trial through now and then.
    await until('it is left out from the start', async () => {
      const { status, metadata } = await ask({ model: 'auto' });
      expect([status, metadata?.['model_id'], metadata?.['fallback_used']]).toEqual([200, large, true]);
      return metadata?.['attempts'] === 1;
    });

    await gateway.control('small', { down: false });
    await gateway.recovered();
    expect(await breakersOfFleet()).toMatchObject({ small: 'closed', large: 'closed' });
    expect(await ask({ model: 'auto' })).toMatchObject({ metadata: { model_id: small, fallback_used: false, attempts: 1 } });
  });

  test('while nobody asks: the first request afterwards is answered by the other one', async () => {
    await gateway.control('small', { down: true });
    await until('health says that it is down', async () => (await statusOf(small)) === 'down');
    const seen = new Set<string | undefined>();
    for (let time = 0; time < 20; time += 1) {
      seen.add((await gateway.health()).models[large]?.status);
      await pause(50);
    }
    expect([...seen]).toEqual(['up']);
    expect(await ask({ model: 'auto' })).toMatchObject({ status: 200, metadata: { model_id: large, fallback_used: true } });
  });

  test('both of them: an error in its own words within the limits, and back again', async () => {
    await Promise.all([gateway.control('small', { down: true }), gateway.control('large', { down: true })]);
    for (let time = 0; time < 6; time += 1) expectError(await ask({ stream: time % 2 === 0 }), ['upstream_unreachable']);
    await until('health says that both are down', async () => {
      const statuses = await Promise.all([statusOf(small), statusOf(large)]);
      return statuses.every((status) => status === 'down');
    });
    // The last path is never closed: every request still makes its one try.
    expectError(await ask({}), ['upstream_unreachable']);
    await Promise.all([gateway.control('small', { down: false }), gateway.control('large', { down: false })]);
    await gateway.recovered();
    expect(await ask({ model: 'auto' })).toMatchObject({ status: 200 });
  });

  test('one that answers every chat with 500 is taken out, though its probes are well, and let back in', async () => {
    await gateway.control('small', { healthy: false });
    for (let time = 0; time < 8; time += 1) expect(await ask({})).toMatchObject({ status: 200, metadata: { model_id: large } });
    const callsOfSmall = async () => (await gateway.chatCalls()).filter(({ server }) => server === 'small').length;
    const before = await callsOfSmall();
    expect(before).toBeLessThan(8);
    await gateway.control('small', { healthy: true });
    await until('it answers again', async () => (await ask({})).metadata?.['model_id'] === small);
  });

  test('one without its model is left alone until it has it', async () => {
    await gateway.control('small', { modelLoaded: false });
    expect(await ask({})).toMatchObject({ status: 200, metadata: { model_id: large, fallback_used: true } });
    await until('health says what is missing', async () => (await statusOf(small)) === 'missing', 2000);
    expect(await (await gateway.get('/v1/models/qwen2.5-7b', clientKey)).json()).toMatchObject({
      health_status: 'missing',
    });
    await gateway.control('small', { modelLoaded: true });
    await until('it answers again', async () => (await ask({})).metadata?.['model_id'] === small);
  });
});

describe('the tunnel', () => {
  const rows: readonly (readonly [GateBehaviour, ErrorCode])[] = [
    ['access-302', 'upstream_auth'],
    ['access-403', 'upstream_auth'],
    ['login-page', 'upstream_auth'],
    ['bad-gateway', 'upstream_unreachable'],
    ['connect-timeout', 'upstream_timeout'],
    ['read-timeout', 'upstream_timeout'],
    ['tunnel-down', 'tunnel_down'],
  ];

  describe.each(rows)('%s', (behaviour, code) => {
    test('before every model: a clear error, never a page, a redirect or a 401', async () => {
      await gateway.setGate({ behaviour, waitMs: 10 });
      for (const stream of [false, true, false, true]) expectError(await ask({ stream }), [code]);
    });

    test('before one model: the other answers', async () => {
      await gateway.setGate({ behaviour, target: 'small', waitMs: 10 });
      for (const stream of [false, true]) {
        expect(await ask({ stream })).toMatchObject({ status: 200, metadata: { model_id: large, fallback_used: true } });
      }
    });
  });

  test('down for all: it counts as the tunnel, not as the models, and ends with the outage', async () => {
    await gateway.setGate({ behaviour: 'tunnel-down' });
    for (let time = 0; time < 4; time += 1) await ask({});
    await until(
      'health says that the tunnel is down',
      async () => (await gateway.health()).tunnels['main']?.status === 'down',
      3000,
    );
    await gateway.setGate({ behaviour: 'pass' });
    await until('requests pass again', async () => (await ask({})).status === 200);
    await until('health says that it is up', async () => (await gateway.health()).tunnels['main']?.status === 'up');
  });

  test('silent: 504 within the limits', async () => {
    await gateway.setGate({ behaviour: 'stall' });
    expectError(await ask({}), ['upstream_timeout']);
  });

  test.each(['cut', 'clean-cut'] as const)('%s in the middle of an answer: never a success', async (behaviour) => {
    await gateway.setGate({ behaviour, afterBytes: 900 });
    const streamed = await ask({ stream: true });
    expect(streamed).toMatchObject({ status: 200, errors: [{ code: 'upstream_truncated' }], finishReasons: [], isDone: false });
    expectError(await ask({}), ['upstream_truncated']);
  });

  test('cut in the middle of plain JSON: never a success', async () => {
    await gateway.setGate({ behaviour: 'cut', afterBytes: 300 });
    expectError(await ask({ max_tokens: 30 }), ['upstream_invalid_answer']);
  });

  test('late, but within the limits: nobody notices', async () => {
    await gateway.setGate({ behaviour: 'delay', waitMs: 300 });
    expect(await ask({})).toMatchObject({ status: 200, metadata: { model_id: small, attempts: 1 } });
  });
});

describe('a model server without a tunnel and without anybody to stand in', () => {
  const rows: readonly (readonly [string, ErrorCode])[] = [
    ['reset', 'upstream_unreachable'],
    ['close-before-headers', 'upstream_unreachable'],
    ['not-http', 'upstream_unreachable'],
    ['refused;ms=300', 'upstream_unreachable'],
    ['mid-reset', 'upstream_truncated'],
    ['mid-hang-up', 'upstream_truncated'],
    ['short-body', 'upstream_invalid_answer'],
  ];

  test.each(rows)('%s', async (fault, code) => {
    expectError(await ask({ model: 'direct' }, `[[fault:${fault}]]`), [code]);
  });

  test('an error that heals with the second try is not shown', async () => {
    const reply = await ask({ model: 'direct' }, '[[fault:reset;times=1]]');
    expect(reply).toMatchObject({ status: 200, metadata: { attempts: 2, fallback_used: false } });
  });

  test('a short Retry-After is waited out, and a 429 is no mark against the model', async () => {
    const startedAtMs = performance.now();
    const reply = await ask({ model: 'direct' }, '[[fault:rate-limit;after=1;times=1]]');
    expect(reply).toMatchObject({ status: 200, metadata: { attempts: 2 } });
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(1000);
    expect(await gateway.health()).toMatchObject({ models: { direct: { instances: [{ consecutive_failures: 0 }] } } });
  });
});

/** Asks the small model unless told otherwise. */
async function ask(body: Readonly<Record<string, unknown>>, directives = ''): Promise<Reply> {
  const content = `${directives}[[tokens:12]]Name a harbour.`;
  return readReply(await gateway.chat({ model: 'small', messages: [{ role: 'user', content }], ...body }));
}

async function statusOf(model: string): Promise<string | undefined> {
  return (await gateway.health()).models[model]?.status;
}

/** The true status where the headers could wait, the error envelope, and nothing of what came from upstream. */
function expectError(reply: Reply, codes: readonly ErrorCode[]): void {
  const code = codes.find((known) => known === reply.errors[0]?.['code']);
  expect(code, reply.raw).toBeDefined();
  if (code === undefined) return;
  const { status, type } = errors[code];
  expect(reply).toMatchObject({ errors: [{ code, type }], finishReasons: [], isDone: false });
  if (!reply.isStream) expect(reply.status).toBe(status);
  expect([429, 502, 503, 504]).toContain(status);
  expect(reply.raw).not.toMatch(/<html|<!doctype|127\.0\.0\.1|cloudflareaccess|1033/i);
  for (const name of ['location', 'set-cookie', 'server', 'cf-ray']) expect(reply.headers.has(name)).toBe(false);
  if (status === 429 || status === 503) expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d{0,3}$/);
}

/** By server. */
async function breakersOfFleet(): Promise<Record<string, string>> {
  const fleet = (await (await gateway.get('/admin/fleet')).json()) as Fleet;
  return Object.fromEntries(
    fleet.models.flatMap(({ instances }) => instances.map(({ upstream, breaker }) => [upstream, breaker])),
  );
}
