/** Escalation rate and drift of the scores over HTTP: what `/stats` shows of a day, what it warns of, and that the log says it once. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRouterConfig } from '../../bench/routing/router-config.ts';
import type { Stats } from '../../shared/records.ts';
import { classifierVersion } from '../../worker/core/classify/version.ts';
import { loadWeights } from '../../worker/core/classify/weights/load.ts';
import { answered, ask, type ProfileGateway, startProfile } from './profile-gateway.ts';

const version = classifierVersion(readRouterConfig(), loadWeights());
const doubtful = { messages: answered("I'm not sure, maybe it is possibly the second one."), max_tokens: 30 };
const plain = { ...ask('Hello!'), max_tokens: 5 };

let gateway: ProfileGateway;
let stats: Stats;

beforeAll(async () => {
  gateway = await startProfile('a40-pair', {
    routing: {
      escalation: { enabled: true, alert_rate: 0.1 },
      // A deployment that used to get hard questions only.
      classifier: { reference: { version, counts: spread(20, 19, 5000), source: 'a test', as_of: '2026-11-20' } },
    },
  });
}, 60_000);
afterAll(() => gateway?.stop());

function spread(buckets: number, at: number, count: number): number[] {
  return Array.from({ length: buckets }, (_, bucket) => (bucket === at ? count : 0));
}

async function send(body: Record<string, unknown>, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 10) {
    const batch = Array.from({ length: Math.min(10, count - sent) }, async () => {
      const answer = await gateway.chat(body);
      expect(answer.status).toBe(200);
      await answer.text();
    });
    await Promise.all(batch);
  }
}

async function readStats(): Promise<Stats> {
  return JSON.parse(await (await gateway.admin('GET', '/stats')).text());
}

async function statsAfter(requests: number): Promise<Stats> {
  await expect.poll(async () => (await readStats()).totals.requests, { timeout: 5000 }).toBe(requests);
  return readStats();
}

const today = () => new Date().toISOString().slice(0, 10);
const lines = () => gateway.output().match(/\{[^\n]*"routing_alert"[^\n]*\}/g) ?? [];

describe('the statistics of a day', () => {
  test('raise no alert while few answers were judged', async () => {
    await send(doubtful, 20);
    stats = await statsAfter(20);
    expect(stats.escalations).toEqual({ count: 20, judged: 20, rate: 1 });
    expect(stats.alerts).toEqual([]);
    expect(lines()).toEqual([]);
  });

  test('show the escalation rate per model and in total, and warn above the limit', async () => {
    await send(plain, 180);
    await send({ ...plain, model: 'large' }, 10);
    stats = await statsAfter(210);
    expect(stats.escalations).toEqual({ count: 20, judged: 200, rate: 0.1 });
    expect(stats.alerts.filter(({ code }) => code === 'escalation_rate')).toEqual([]);
    await send(doubtful, 30);
    stats = await statsAfter(240);
    const rate = 0.2174;
    expect(stats.escalations).toEqual({ count: 50, judged: 230, rate });
    expect(stats.models['qwen2.5-7b']?.judged).toEqual({ answers: 230, escalated: 50, rate });
    expect(stats.models['qwen2.5-32b']?.judged).toEqual({ answers: 0, escalated: 0, rate: null });
    expect(stats.days[today()]?.judged['qwen2.5-7b']).toEqual({ answers: 230, escalated: 50, rate });
    expect(stats.alerts).toContainEqual({ code: 'escalation_rate', value: rate, limit: 0.1, window: today(), sample: 230 });
  });

  test('show how the scores are spread, and warn of drift from the reference', () => {
    const scores = stats.days[today()]?.scores[version];
    // A request that names its model says nothing about what the classifier gets.
    expect(scores?.requests).toBe(230);
    expect(scores?.counts.reduce((sum, count) => sum + count, 0)).toBe(230);
    expect(scores?.counts.slice(0, 4).reduce((sum, count) => sum + count, 0)).toBe(230);
    expect(scores?.drift).toMatchObject({ reading: 'shifted' });
    expect(stats.alerts).toContainEqual({
      code: 'score_drift',
      value: scores?.drift?.psi,
      limit: 0.25,
      window: today(),
      sample: 230,
    });
  });

  test('are warned of in the log once each, however many requests follow', async () => {
    await send(doubtful, 20);
    await statsAfter(260);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const codes = lines().map((line) => JSON.parse(line).code);
    expect(codes.sort()).toEqual(['escalation_rate', 'score_drift']);
  });
});
