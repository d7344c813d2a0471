/** The tunnel gate and the fleet behind it: the service token, streaming and aborts both ways, and every way the edge can answer. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet } from '../../../infra/standin/fleet.ts';
import { startFleet } from '../../../infra/standin/fleet.ts';
import type { GateBehaviour } from '../../../infra/standin/gate-behaviour.ts';
import { gateBehaviours } from '../../../infra/standin/gate-behaviour.ts';
import type { Asked, Parsed } from './chat-client.ts';
import { ask, contentOf, eventually, finishOf, user } from './chat-client.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ gateControlPort: 0, gateReadTimeoutMs: 150 });
});
afterAll(() => fleet.close());
afterEach(() => fleet.gate?.set({ behaviour: 'pass' }));

const token = () => ({ 'cf-access-client-id': fleet.clientId, 'cf-access-client-secret': fleet.clientSecret });
const url = (id: string) => fleet.urls[id] ?? '';
const chat = (text: string, id = 'small', maxMs = 3000) =>
  ask(url(id), { stream: true, ...user(text) }, { headers: token(), maxMs });

describe('the gate', () => {
  it('passes a stream unchanged when the service token is right, and keeps the token to itself', async () => {
    const direct = await ask(fleet.directUrls['small'] ?? '', { stream: true, ...user('Tell me about boats') });
    const answer = await chat('Tell me about boats');
    expect(contentOf(answer)).toBe(contentOf(direct));
    expect([answer.status, answer.isDone, answer.headers.get('server')]).toEqual([200, true, 'cloudflare']);
    expect(fleet.model('small').log().at(-1)?.headerNames).not.toContain('cf-access-client-secret');
    expect(fleet.gate?.log().at(-1)).toMatchObject({ route: 'small', hasServiceToken: true, outcome: 'passed' });
  });

  it.each([
    ['no token', () => ({})],
    ['half a token', () => ({ 'cf-access-client-id': fleet.clientId })],
    ['a wrong secret', () => ({ ...token(), 'cf-access-client-secret': 'wrong' })],
  ])('sends %s to the login page and bothers no model server', async (_name, headers) => {
    const before = fleet.model('small').log().length;
    const answer = await ask(url('small'), user('hi'), { headers: headers() });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, expect.stringContaining('/cdn-cgi/access/login')]);
    expect([answer.text, answer.headers.get('set-cookie')]).toEqual([
      expect.stringContaining('<html>'),
      expect.stringContaining('CF_'),
    ]);
    expect(fleet.model('small').log()).toHaveLength(before);
  });

  const edge: Record<GateBehaviour, { maxMs?: number; check: (answer: Asked) => unknown }> = {
    pass: { check: (answer) => expect([answer.status, answer.isDone]).toEqual([200, true]) },
    delay: { check: (answer) => expect([answer.status, answer.isDone]).toEqual([200, true]) },
    'access-302': { check: (answer) => expect([answer.status, answer.headers.has('location')]).toEqual([302, true]) },
    'access-403': { check: (answer) => expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('<html>')]) },
    'login-page': {
      check: (answer) =>
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]),
    },
    'bad-gateway': {
      check: (answer) => expect([answer.status, answer.text]).toEqual([502, expect.stringContaining('Bad gateway')]),
    },
    'connect-timeout': { check: (answer) => expect(answer.status).toBe(522) },
    'read-timeout': { check: (answer) => expect(answer.status).toBe(524) },
    'tunnel-down': {
      check: (answer) =>
        expect([answer.status, answer.text, answer.headers.get('retry-after')]).toEqual([530, 'error code: 1033', '120']),
    },
    stall: { maxMs: 60, check: (answer) => expect([answer.status, answer.broke]).toEqual([0, 'left after maxMs']) },
    cut: {
      check: (answer) => {
        expect([answer.status, answer.broke === null, answer.isDone]).toEqual([200, false, false]);
        expect(answer.text.length).toBeLessThanOrEqual(500);
      },
    },
    'clean-cut': { check: (answer) => expect([answer.broke, finishOf(answer), answer.isDone]).toEqual([null, null, false]) },
  };

  it.each(Object.entries(edge))('can answer with %s, for so many requests', async (behaviour, { maxMs, check }) => {
    const set = await fetch(`${fleet.gate?.controlUrl}/__gate/control`, {
      method: 'POST',
      body: JSON.stringify({ target: 'small', behaviour, requests: 1, waitMs: 10, afterBytes: 500 }),
    });
    expect(set.status).toBe(200);
    check(await chat('Tell me about boats', 'small', maxMs ?? 3000));
    expect((await chat('Tell me about boats')).isDone).toBe(true);
  });

  it('knows no other behaviour than its table and says so', async () => {
    expect(Object.keys(edge).toSorted()).toEqual(Object.keys(gateBehaviours).toSorted());
    const answer = await fetch(`${fleet.gate?.controlUrl}/__gate/control`, { method: 'POST', body: '{"behaviour":"explode"}' });
    expect(answer.status).toBe(400);
  });

  it('can disturb all targets at once', async () => {
    fleet.gate?.set({ behaviour: 'tunnel-down' });
    expect([(await chat('hi')).status, (await chat('hi', 'large')).status]).toEqual([530, 530]);
  });

  it('hands a lost client on to the model server', async () => {
    const server = fleet.model('large');
    const answer = await chat('Write an essay [[tokens:2000]] [[pace:5]]', 'large', 80);
    expect(answer.broke).toBe('left after maxMs');
    await eventually(() => server.log().at(-1)?.ending === 'client_gone', 'the model server notices');
  });

  it('hands a reset of the model server on as a break, and one before the headers as a 502 page', async () => {
    expect((await chat('Tell me about boats [[fault:mid-reset]]')).broke).not.toBeNull();
    expect((await chat('Tell me about boats [[fault:reset]]')).status).toBe(502);
  });

  it('answers 524 when the model server stays silent too long', async () => {
    expect((await chat('x [[fault:never-answers]]')).status).toBe(524);
  });

  it('keeps a log of what it saw', async () => {
    fleet.gate?.clear();
    await chat('hi');
    await ask(url('small'), user('hi'));
    fleet.gate?.set({ behaviour: 'access-403', requests: 1, target: 'small' });
    await chat('hi');
    expect(fleet.gate?.log().map(({ outcome }) => outcome)).toEqual(['passed', 'refused', 'access-403']);
  });
});

describe('a fleet', () => {
  it('serves any list of models, with or without a gate', async () => {
    const trio = await startFleet({
      gate: false,
      models: ['coder', 'reasoner', 'vision'].map((id) => ({ id, servedName: `some/${id}` })),
    });
    const names = await Promise.all(
      Object.values(trio.urls).map(async (origin) => ((await (await fetch(`${origin}/v1/models`)).json()) as Parsed).data[0].id),
    );
    await trio.close();
    expect(names).toEqual(['some/coder', 'some/reasoner', 'some/vision']);
    expect(() => trio.model('small')).toThrow('coder, reasoner, vision');
  });

  it('stops what has started when a part cannot start', async () => {
    const taken = Number(new URL(url('small')).port);
    await expect(startFleet({ models: [{ id: 'a' }, { id: 'b', port: taken }] })).rejects.toThrow('EADDRINUSE');
  });
});
