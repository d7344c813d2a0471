/**
 * A deployment learns from its own traffic, from end to end: the other model is asked unseen within the day's budget, clients rate answers,
 * the object's alarm trains, the head comes into force, and `/router/info` and a decision's reason say so.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import type { LearnedReport } from '../../shared/observed.ts';
import { type MoneyLab, openLab } from './money-lab.ts';

const learning = { enabled: true, shadow_share: 1, daily_budget_usd: 5, train_every_ms: 1000 };
let lab: MoneyLab;
let key: string;

beforeAll(async () => {
  lab = await openLab({ routing: { learning } });
  ({ key } = await lab.makeKey());
});

afterAll(() => lab.stop());

async function learned(of: MoneyLab): Promise<LearnedReport> {
  const response = await of.admin('GET', '/router/info');
  return ((await response.json()) as { learned: LearnedReport }).learned;
}

const post = (path: string, body: unknown) =>
  fetch(`${lab.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const asked = (content: string) => ({ model: 'auto', max_tokens: 20, messages: [{ role: 'user', content }] });

async function decide(content: string): Promise<{ tier: string; reason: string }> {
  const response = await post('/v1/route', asked(content));
  return ((await response.json()) as { decision: { tier: string; reason: string } }).decision;
}

const names = [
  'Ada',
  'Berta',
  'Carl',
  'Dora',
  'Emil',
  'Frida',
  'Gustav',
  'Hilde',
  'Ivan',
  'Jutta',
  'Karl',
  'Lotte',
  'Max',
  'Nina',
];
/** The small model’s answers to the first kind are rated bad; the shipped router sends it there all the same. */
const poem = (name: string) => `Write a haiku for ${name}`;
const greeting = (name: string) => `Say hello to ${name}`;
const proof = (name: string) => `Prove that there are infinitely many primes, as ${name} did`;

describe('a deployment that learns', () => {
  test('compares answers, takes ratings, trains, switches the head on and says so', async () => {
    expect(await decide(poem('Zoe'))).toMatchObject({ tier: 'small' });
    expect(await learned(lab)).toMatchObject({ version: 0, in_force: false, evaluation: null });
    const kinds = [
      [poem, 0],
      [greeting, 1],
      [proof, 1],
    ] as const;
    for (const name of names) {
      await Promise.all(
        kinds.map(async ([write, score], kind) => {
          const id = `${name}-${kind}`;
          const content = `[[tokens:5]]${write(name)}`;
          const answer = await lab.chat(asked(content), { 'x-request-id': id }, { key });
          await answer.text();
          await until(`${id} may be rated`, async () => (await post('/v1/feedback', { request_id: id, score })).status === 200);
        }),
      );
    }
    await until('both models answered everything', async () => (await learned(lab)).outcomes.pairs >= 3 * names.length - 3);
    await until('the head is in force', async () => (await learned(lab)).in_force);
    const { evaluation, today, outcomes, quality } = await learned(lab);
    expect(outcomes.rated).toBe(3 * names.length);
    expect(evaluation?.lead.low).toBeGreaterThan(0);
    expect(evaluation?.apgr).toBeGreaterThan(evaluation?.apgr_shipped ?? 1);
    expect(quality?.compared).toBe(outcomes.pairs);
    expect(quality?.answered_by_small).toBeLessThan(quality?.compared ?? 0);
    expect(quality?.given_up.low).toBeLessThan(quality?.given_up.value ?? 0);
    expect(quality?.given_up.value).toBeLessThan(quality?.given_up.high ?? 0);
    expect(today.shadow_calls).toBeGreaterThan(0);
    expect(today.cost_nano_usd).toBeGreaterThan(0);
    expect(today.cost_nano_usd).toBeLessThan(learning.daily_budget_usd * 1e9);
    await until('an isolate has it', async () => (await decide(poem('Zoe'))).reason.includes('own outcomes (version'));
    const [haiku, hello] = [await decide(poem('Zoe')), await decide(greeting('Zoe'))];
    expect(haiku).toMatchObject({ tier: 'large' });
    expect(hello).toMatchObject({ tier: 'small' });
    expect(haiku.reason).toMatch(/own outcomes \(version \d+\) expect the large model to be \d+ points better/);
  });

  test('rates an answer for the key that asked only, and knows no other answers', async () => {
    const stranger = await lab.makeKey();
    const response = await fetch(`${lab.url}/v1/feedback`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stranger.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ request_id: 'Ada-0', score: 1 }),
    });
    expect(response.status).toBe(404);
    expect((await post('/v1/feedback', { request_id: 'never-asked', score: 1 })).status).toBe(404);
  });
});

describe('the day’s budget', () => {
  test('ends shadow calls before it is passed, and nothing else', async () => {
    // Room for one call at its worst, and not for two.
    const own = await openLab({ routing: { learning: { ...learning, daily_budget_usd: 0.0006 } } });
    const { key: ownKey } = await own.makeKey();
    for (const name of names.slice(0, 6)) {
      const answer = await own.chat(asked(`[[tokens:5]]${greeting(name)}`), {}, { key: ownKey });
      expect(answer.status).toBe(200);
      await answer.text();
    }
    await until('a shadow call has run', async () => (await learned(own)).outcomes.pairs > 0);
    const { today } = await learned(own);
    expect(today.shadow_calls).toBeLessThan(6);
    expect(today.cost_nano_usd).toBeLessThanOrEqual(600_000);
    await own.stop();
  });
});
