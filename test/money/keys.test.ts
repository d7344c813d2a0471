/** Keys end when they should: revoked, rotated, expired; and two keys never share anything, however alike they are. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatKey } from '../../worker/core/auth/key-format.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import { pause, until } from '../../infra/rig/waiting.ts';
import { codeOf, countBy, type MadeKey, type MoneyLab, openLab, times } from './money-lab.ts';

let lab: MoneyLab;
let now = 0;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab.stop());

async function pass(ms: number): Promise<void> {
  now += ms;
  await lab.clock(now);
}

const statusOf = async (key: string) => (await lab.ask(key)).status;
const revoke = (id: string) => lab.admin('POST', `/admin/keys/${id}/revoke`, {});

/** Revokes a key as another isolate would: past the memory of the one under test. */
async function revokeElsewhere(id: string): Promise<void> {
  const record = JSON.parse(String(await lab.object('KEYS', 'keys', { do: 'call', method: 'get', args: [id] }))) as object;
  const revokedAtMs = Date.now() + now;
  const line = { atMs: revokedAtMs, actor: 'test', action: 'key.revoke', subject: id };
  await lab.object('KEYS', 'keys', { do: 'call', method: 'put', args: [[{ ...record, revokedAtMs }], line] });
}

describe('a revoked key', () => {
  test('is refused at once by the isolate that revoked it', async () => {
    const { id, key } = await lab.makeKey();
    expect(await statusOf(key)).toBe(200);
    expect((await revoke(id)).status).toBe(200);
    expect(await statusOf(key)).toBe(401);
    expect(await codeOf(await lab.ask(key))).toBe('invalid_api_key');
  });

  test('is refused within a minute by an isolate that has not heard of it, whether or not it is used meanwhile', async () => {
    const used = await lab.makeKey();
    const idle = await lab.makeKey();
    for (const { key } of [used, idle]) expect(await statusOf(key)).toBe(200);
    for (const { id } of [used, idle]) await revokeElsewhere(id);
    await pass(29_000);
    expect(await statusOf(used.key)).toBe(200);
    await pass(2000);
    // From the half minute on, using it renews what is known of it.
    await statusOf(used.key);
    await until('the renewal has been heard', async () => (await statusOf(used.key)) === 401);
    await pass(29_000);
    expect(await statusOf(idle.key)).toBe(401);
  });

  test('stays revoked when a rotation that began before it is stored after it', async () => {
    const { id, key } = await lab.makeKey();
    const before = JSON.parse(String(await lab.object('KEYS', 'keys', { do: 'call', method: 'get', args: [id] }))) as object;
    await revoke(id);
    const line = { atMs: 0, actor: 'test', action: 'key.rotate', subject: id };
    const inGrace = { ...before, revokedAtMs: Date.now() + now + 3_600_000 };
    await lab.object('KEYS', 'keys', { do: 'call', method: 'put', args: [[inGrace], line] });
    await pass(61_000);
    expect(await statusOf(key)).toBe(401);
  });

  test('stays refused after its object was evicted and broken', async () => {
    const { id, key } = await lab.makeKey();
    await revoke(id);
    await lab.object('KEYS', 'keys', { do: 'evict' });
    await lab.object('KEYS', 'keys', { do: 'break' }).catch(() => undefined);
    await pass(61_000);
    expect(await statusOf(key)).toBe(401);
  });
});

describe('a rotated key', () => {
  test('works on for its grace period and not a second longer, beside the new one', async () => {
    const { id, key } = await lab.makeKey();
    const fresh = (await (await lab.admin('POST', `/admin/keys/${id}/rotate`, { grace_seconds: 120 })).json()) as MadeKey;
    expect([await statusOf(key), await statusOf(fresh.key)]).toEqual([200, 200]);
    await pass(119_000);
    expect(await statusOf(key)).toBe(200);
    await pass(2000);
    expect([await statusOf(key), await statusOf(fresh.key)]).toEqual([401, 200]);
  });

  test('without grace is refused at once', async () => {
    const { id, key } = await lab.makeKey();
    await lab.admin('POST', `/admin/keys/${id}/rotate`, {});
    expect(await statusOf(key)).toBe(401);
  });

  test('cannot be rotated again', async () => {
    const { id } = await lab.makeKey();
    await lab.admin('POST', `/admin/keys/${id}/rotate`, {});
    expect((await lab.admin('POST', `/admin/keys/${id}/rotate`, {})).status).toBe(400);
  });

  test.each([0, 600])('ten times at the same moment, with %i s of grace: one new key, the others are told', async (grace) => {
    const { id, key } = await lab.makeKey();
    await lab.counts(true);
    // All have read the old key before the first new one is stored.
    await lab.wire('KEYS', { hold: 'reply' });
    const rotations = times(10, () => lab.admin('POST', `/admin/keys/${id}/rotate`, { grace_seconds: grace }));
    await until('all have asked for it', async () => (await lab.counts()).calls['KEYS.get'] === 10);
    await pause(50);
    await lab.wire('KEYS', null);
    const answers = await Promise.all(rotations);
    expect(countBy(answers.map(({ status }) => status))).toEqual({ 201: 1, 409: 9 });
    const bodies = await Promise.all(answers.map((answer) => answer.json() as Promise<Partial<MadeKey> & { error?: object }>));
    expect(bodies.find(({ error }) => error !== undefined)?.error).toEqual({
      message: 'Another request has changed it at the same moment. The key was rotated or revoked; no new key was made.',
      type: 'invalid_request_error',
      param: null,
      code: 'conflict',
    });
    const { data } = (await (await lab.admin('GET', '/admin/keys')).json()) as { data: { id: string; tenant_id: string }[] };
    const made = bodies.find((body) => body.key !== undefined);
    const line = data.filter((known) => known.tenant_id === id).map((known) => known.id);
    expect(new Set(line)).toEqual(new Set([id, made?.id]));
    expect([await statusOf(key), await statusOf(made?.key ?? '')]).toEqual([grace === 0 ? 401 : 200, 200]);
  });

  test('while it is revoked: no new key', async () => {
    const { id } = await lab.makeKey();
    await lab.counts(true);
    await lab.wire('KEYS', { hold: 'reply' });
    const rotating = lab.admin('POST', `/admin/keys/${id}/rotate`, { grace_seconds: 600 });
    await until('it has asked for the key', async () => (await lab.counts()).calls['KEYS.get'] === 1);
    await pause(50);
    await revokeElsewhere(id);
    await lab.wire('KEYS', null);
    const { status, headers } = await rotating;
    expect([status, headers.get('x-should-retry')]).toEqual([409, 'false']);
  });

  test('is stored once when its call comes twice, and not when another was stored before it', async () => {
    const { id } = await lab.makeKey();
    const old = JSON.parse(String(await lab.object('KEYS', 'keys', { do: 'call', method: 'get', args: [id] }))) as object;
    const line = { atMs: 0, actor: 'test', action: 'key.rotate', subject: id };
    const rotate = (name: string) => {
      const fresh = { ...old, id: `${id}-${name}`, hashHex: `${id}-${name}`, rotatedFrom: id };
      const args = [[{ ...old, revokedAtMs: Date.now() + now }, fresh], line];
      return lab.object('KEYS', 'keys', { do: 'call', method: 'put', args });
    };
    expect([await rotate('a'), await rotate('a'), await rotate('b'), await rotate('a')]).toEqual([true, true, false, true]);
  });
});

describe('an expiring key', () => {
  test('is refused from its expiry on, by its own code', async () => {
    const expires = new Date(Date.now() + now + 90_000).toISOString();
    const { key } = await lab.makeKey({ expires_at: expires });
    expect(await statusOf(key)).toBe(200);
    await pass(91_000);
    const response = await lab.ask(key);
    expect([response.status, await codeOf(response)]).toEqual([401, 'expired_api_key']);
  });
});

describe('what a key may do', () => {
  test.each([
    ['a scope it lacks', { scopes: ['usage'] }, {}, 403, 'forbidden'],
    [
      'a model that is not its own, by id',
      { allowed_models: ['qwen2.5-7b'] },
      { body: { model: 'qwen2.5-32b' } },
      403,
      'model_not_allowed',
    ],
    [
      'a model that is not its own, by served name',
      { allowed_models: ['qwen2.5-7b'] },
      { body: { model: 'Qwen/Qwen2.5-32B-Instruct-AWQ' } },
      403,
      'model_not_allowed',
    ],
    ['an agent that is not its own', { agents: ['writer'] }, { headers: { 'x-agent-name': 'planner' } }, 403, 'forbidden'],
    ['no agent at all, with a list of agents', { agents: ['writer'] }, {}, 403, 'forbidden'],
    [
      'the agent in the metadata of the body',
      { agents: ['writer'] },
      { body: { metadata: { agent: 'planner' } } },
      403,
      'forbidden',
    ],
  ] as const)('%s: refused', async (_, made, asked, status, code) => {
    const { key } = await lab.makeKey(made);
    const response = await lab.ask(key, asked);
    expect([response.status, await codeOf(response)]).toEqual([status, code]);
  });

  test('with only the small model allowed, nothing of it ever reaches the large one, not even a fallback', async () => {
    const { key } = await lab.makeKey({ allowed_models: ['qwen2.5-7b'] });
    const before = lab.fleet.model('large').log().length;
    const hard = 'Prove step by step that there are infinitely many primes, and analyse the trade-offs of three proofs.';
    expect((await lab.ask(key, { text: hard, body: { model: 'auto' } })).status).toBe(200);
    expect((await lab.ask(key, { text: '[[fault:server-error]]' })).status).toBe(502);
    const chats = lab.fleet
      .model('large')
      .log()
      .slice(before)
      .filter(({ path }) => path.startsWith('/v1/chat'));
    expect(chats).toEqual([]);
  });

  test('the models of others are not in its list', async () => {
    const { key } = await lab.makeKey({ allowed_models: ['qwen2.5-7b'] });
    const get = (path: string) => fetch(lab.url + path, { headers: { authorization: `Bearer ${key}` } });
    expect(await (await get('/v1/models')).text()).not.toContain('32b');
    expect((await get('/v1/models/qwen2.5-32b')).status).toBe(404);
  });
});

describe('two keys that differ in one character', () => {
  test('share no entry: a key with another last character is refused, however warm the first one is', async () => {
    const { key } = await lab.makeKey();
    expect(await statusOf(key)).toBe(200);
    for (const position of [key.length - 1, key.length - 7, 12, 3]) {
      const other = key.slice(0, position) + (key[position] === 'a' ? 'b' : 'a') + key.slice(position + 1);
      expect(await statusOf(other)).toBe(401);
    }
    expect(await statusOf(key)).toBe(200);
  });

  test('both real, each has its own limits, prefix cache and books', async () => {
    const bytes = (last: number) => new Uint8Array(24).fill(7).with(23, last);
    const [one, two] = [1, 2].map((last) => formatKey('dev', bytes(last)));
    if (one?.ok !== true || two?.ok !== true) throw new Error('the keys could not be written');
    const records = await Promise.all(
      [one, two].map(async ({ value: { token } }, index) => ({ token, ...(await adopt(token, index)) })),
    );
    const [a, b] = records;
    if (a === undefined || b === undefined) throw new Error('no records');
    expect(a.token.slice(0, -8)).toBe(b.token.slice(0, -8));
    const statuses = await Promise.all(times(8, async () => [await statusOf(a.token), await statusOf(b.token)].join(' ')));
    expect(countBy(statuses.join(' ').split(' '))).toEqual({ 200: 4, 429: 12 });
    const salts = new Set(
      lab.fleet
        .model('small')
        .log()
        // Health probes have no body.
        .filter(({ body }) => body !== null)
        .slice(-4)
        .map(({ body }) => (body as { cache_salt: string }).cache_salt),
    );
    expect(salts.size).toBe(2);
    await lab.booked(a.id, 2);
    await lab.booked(b.id, 2);
  });
});

/** Stores a key of the test's own making, by its hash, as the admin route would. */
async function adopt(token: string, index: number): Promise<{ id: string }> {
  const made = await lab.makeKey({ limits: { requests_per_minute: 2 } });
  const record = JSON.parse(String(await lab.object('KEYS', 'keys', { do: 'call', method: 'get', args: [made.id] }))) as object;
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('hex');
  const id = `key_near_${index}`;
  const line = { atMs: 0, actor: 'test', action: 'key.create', subject: id };
  await lab.object('KEYS', 'keys', {
    do: 'call',
    method: 'put',
    args: [[{ ...record, id, tenantId: id, hashHex: digest }], line],
  });
  return { id };
}

describe('looking keys up', () => {
  test('made-up and mistyped keys are refused without asking the object', async () => {
    const { key } = await lab.makeKey();
    await lab.counts(true);
    for (const token of ['x'.repeat(40), `${key.slice(0, -1)}!`, `pm_dev_${'A'.repeat(33)}_AAAAAA`])
      expect(await statusOf(token)).toBe(401);
    expect((await lab.counts()).calls['KEYS.find']).toBeUndefined();
  });

  test('while the object is down, a key that was used a moment ago works on for a minute, others get a 503', async () => {
    const known = await lab.makeKey();
    const other = await lab.makeKey();
    expect(await statusOf(known.key)).toBe(200);
    await lab.wire('KEYS', { loseRequest: 1 });
    await pass(45_000);
    expect(await statusOf(known.key)).toBe(200);
    const response = await lab.ask(other.key);
    expect([response.status, await codeOf(response)]).toEqual([503, 'state_unavailable']);
    expect(response.headers.get('retry-after')).toBe('1');
    await pass(16_000);
    expect(await statusOf(known.key)).toBe(503);
    await lab.wire('KEYS', null);
    expect([await statusOf(known.key), await statusOf(other.key)]).toEqual([200, 200]);
  });
});

describe('the bootstrap key', () => {
  test.each(['staging', 'production'])(
    'stops the whole gateway in %s, so that it cannot be forgotten there',
    async (environment) => {
      const own = await openLab({}, { ENVIRONMENT: environment, ALLOW_CONFIG_OVERRIDES: 'true' }, { expectsNotReady: true });
      const response = await own.ask(clientKey);
      expect([response.status, await codeOf(response)]).toEqual([503, 'not_ready']);
      expect((await own.ask(clientKey)).status).toBe(503);
      expect((await own.admin('GET', '/stats')).status).toBe(503);
      await until('it is logged', async () => own.output().length > 0);
      // Once for the isolate, however many requests come.
      expect(own.output().split('BOOTSTRAP_API_KEY is for development only')).toHaveLength(2);
      await own.stop();
    },
  );

  test('unset, it is no key', async () => {
    const own = await openLab(
      {},
      {
        BOOTSTRAP_API_KEY: '',
        ADMIN_TOKEN: 'a-token-of-its-own',
        UPSTREAM_API_KEY: 'a-key-of-its-own',
        ACCESS_CLIENT_SECRET: 'a-secret-of-its-own',
        ENVIRONMENT: 'production',
        ALLOW_CONFIG_OVERRIDES: 'true',
      },
    );
    expect((await own.ask(clientKey)).status).toBe(401);
    await own.stop();
  });
});
