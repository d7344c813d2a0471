/** Keys are listed in pages, changed, deleted, and no larger than a row; what cannot be reached is said to be that on every path. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import { codeOf, type MadeKey, type MoneyLab, openLab, times } from './money-lab.ts';

let lab: MoneyLab;
let now = 0;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab.stop());

interface Page {
  readonly data: readonly { readonly id: string; readonly spent_usd: number; readonly last_used_at: string | null }[];
  readonly has_more: boolean;
  readonly last_id: string | null;
}

const path = (id: string) => `/admin/keys/${id}`;
const page = async (query: string) => (await (await lab.admin('GET', `/admin/keys?${query}`)).json()) as Page;

describe('the list', () => {
  test('comes in pages that together hold every key once', async () => {
    const made = await Promise.all(times(7, () => lab.makeKey()));
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { data, has_more: hasMore, last_id: lastId }: Page = await page(`limit=3${after === null ? '' : `&after=${after}`}`);
      expect(data.length).toBeLessThanOrEqual(3);
      seen.push(...data.map(({ id }) => id));
      after = hasMore ? lastId : null;
    } while (after !== null);
    expect(seen).toEqual([...new Set(seen)].toSorted());
    expect(seen).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
  });

  test.each(['limit=0', 'limit=501', 'limit=x', 'after=a%20b'])('refuses %s by the parameter’s name', async (query) => {
    const response = await lab.admin('GET', `/admin/keys?${query}`);
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { code: 'invalid_value', param: query.split('=')[0] } },
    ]);
  });

  test('says what a key has spent and when it was last used', async () => {
    const { id, key } = await lab.makeKey();
    const one = async () => (await (await lab.admin('GET', path(id))).json()) as Page['data'][number];
    expect(await one()).toMatchObject({ id, spent_usd: 0, last_used_at: null });
    await (await lab.ask(key)).text();
    const booked = await lab.booked(id, 1);
    const { spent_usd: spent, last_used_at: lastUsed } = await one();
    expect([Math.round(spent * 1e9), Date.parse(lastUsed ?? '') > 0]).toEqual([booked, true]);
    expect((await page('limit=500')).data.find((row) => row.id === id)?.spent_usd).toBe(spent);
  });
});

describe('a change', () => {
  const change = (id: string, body: object) => lab.admin('PATCH', path(id), body);

  test('touches what is given, limits field by field, and holds at once', async () => {
    const limits = { requests_per_minute: 100, max_concurrent: 5 };
    const { id, key } = await lab.makeKey({ limits, metadata: { team: 'a' }, agents: ['planner'] });
    const changed = await (await change(id, { limits: { requests_per_minute: null }, agents: null, name: 'renamed' })).json();
    expect(changed).toMatchObject({
      id,
      name: 'renamed',
      agents: null,
      limits: { requests_per_minute: null, max_concurrent: 5 },
      metadata: { team: 'a' },
    });
    expect((await lab.ask(key)).status).toBe(200);
    await change(id, { scopes: ['usage'] });
    expect(await codeOf(await lab.ask(key))).toBe('forbidden');
  });

  test('of a budget refills nothing', async () => {
    const { id, key } = await lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
    await (await lab.ask(key)).text();
    const { spentNanoUsd } = await lab.settled(id);
    await change(id, { budgets: [{ period: 'day', limit_usd: spentNanoUsd / 1e9 }] });
    expect(await codeOf(await lab.ask(key))).toBe('budget_exceeded');
  });

  test.each([
    ['a field that is none', { colour: 'red' }, 'colour'],
    ['a limit that is none', { limits: { requests_per_hour: 5 } }, 'limits.requests_per_hour'],
    ['a model that is none', { allowed_models: ['gpt-17'] }, 'allowed_models'],
    ['a plan that is none', { plan: 'gold' }, 'plan'],
    ['an end in the past', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['too much metadata', { metadata: Object.fromEntries(times(33, (index) => [`n${index}`, 'x'])) }, 'metadata'],
  ])('to %s is refused by the name of the field', async (_, body, param) => {
    const { id } = await lab.makeKey();
    const response = await change(id, body);
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'invalid_value', param } }]);
  });

  test('and a new key alike: what is missing, and a plan that is none', async () => {
    for (const [body, code, param] of [
      [{}, 'missing_field', 'name'],
      [{ name: 'shop', plan: 'gold' }, 'invalid_value', 'plan'],
    ] as const) {
      const response = await lab.admin('POST', '/admin/keys', body);
      expect([response.status, await response.json()]).toMatchObject([400, { error: { code, param } }]);
    }
  });

  test('of a revoked key is refused; of none is not found', async () => {
    const { id } = await lab.makeKey();
    await lab.admin('POST', `${path(id)}/revoke`);
    expect(await codeOf(await change(id, { name: 'x' }))).toBe('invalid_request');
    expect(await codeOf(await change('key_none', { name: 'x' }))).toBe('not_found');
  });

  test('does not bring back what was revoked at the same moment', async () => {
    const { id, key } = await lab.makeKey();
    await Promise.all([
      change(id, { name: 'x' }),
      lab.admin('POST', `${path(id)}/revoke`),
      change(id, { metadata: { at: 'once' } }),
    ]);
    expect((await lab.ask(key)).status).toBe(401);
  });
});

describe('a deleted key', () => {
  test('is refused, not listed, not found, and deleted once in the audit log', async () => {
    const { id, key } = await lab.makeKey();
    expect((await lab.ask(key)).status).toBe(200);
    expect(await (await lab.admin('DELETE', path(id))).json()).toEqual({ object: 'key', id, deleted: true });
    expect((await lab.ask(key)).status).toBe(401);
    expect((await page('limit=500')).data.map((row) => row.id)).not.toContain(id);
    expect(await codeOf(await lab.admin('GET', path(id)))).toBe('not_found');
    expect(await codeOf(await lab.admin('DELETE', path(id)))).toBe('not_found');
    const audit = (await (await lab.admin('GET', '/admin/audit')).json()) as { data: { action: string; subject: string }[] };
    expect(audit.data.filter(({ subject }) => subject === id).map(({ action }) => action)).toEqual(['key.delete', 'key.create']);
  });
});

describe('a key that has expired', () => {
  test('is not rotated back to life, and may be given another end', async () => {
    const { id, key } = await lab.makeKey({ expires_at: new Date(Date.now() + now + 3_600_000).toISOString() });
    await lab.clock((now += 3_700_000));
    expect(await codeOf(await lab.ask(key))).toBe('expired_api_key');
    const rotated = await lab.admin('POST', `${path(id)}/rotate`, {});
    expect([rotated.status, await rotated.text()]).toEqual([400, expect.stringContaining('has expired')]);
    await lab.admin('PATCH', path(id), { expires_at: null });
    expect((await lab.ask(key)).status).toBe(200);
    expect((await lab.admin('POST', `${path(id)}/rotate`, {})).status).toBe(201);
  });
});

/** A silent object takes seconds to be given up: each binding has a lab of its own, and they wait side by side. */
describe.concurrent('an object that fails or does not answer', () => {
  const everyPath = (own: MoneyLab, { id, key }: MadeKey): Promise<Response>[] => {
    const asClient = (method: string, to: string, body?: object) =>
      fetch(own.url + to, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    return [
      own.ask(key),
      own.ask(key, { headers: { 'idempotency-key': `down-${Math.random()}` } }),
      asClient('GET', '/v1/models'),
      asClient('GET', '/v1/usage?group_by=day'),
      asClient('POST', '/v1/feedback', { request_id: 'some-request', score: 1 }),
      asClient('POST', '/v1/route', { messages: [{ role: 'user', content: 'Hi' }] }),
      ...['/health', '/readyz', '/stats', '/router/info', '/admin/keys', path(id), '/admin/audit'].map((to) =>
        own.admin('GET', to),
      ),
      own.admin('POST', '/admin/keys', { name: 'x' }),
      own.admin('PATCH', path(id), { name: 'x' }),
    ];
  };

  test.each(['HEALTH', 'ADMISSION', 'KEPT', 'KEYS', 'TENANT', 'SESSION', 'LEDGER'])(
    '%s: every path answers, with 503 and the envelope where it cannot do without',
    async (binding) => {
      const own = await openLab();
      const client = await own.makeKey({ limits: { requests_per_minute: 1000 }, budgets: [{ period: 'day', limit_usd: 1 }] });
      await (await own.ask(client.key)).text();
      for (const wire of [{ loseRequest: 1 }, { hold: 'reply' }] as const) {
        await own.wire(binding, wire);
        const answers = await Promise.all(everyPath(own, client));
        await own.wire(binding, null);
        for (const answer of answers) {
          const text = await answer.text();
          expect([200, 201, 404, 503]).toContain(answer.status);
          if (answer.status === 503)
            expect(JSON.parse(text)).toMatchObject({ error: { code: 'state_unavailable', param: null } });
        }
        await until('the key’s object is free again', async () => (await own.held(client.id)).leases === 0);
      }
      await own.stop();
    },
  );
});
