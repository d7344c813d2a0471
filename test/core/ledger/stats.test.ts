import { describe, expect, it } from 'vitest';
import { aggregate, deltaOfRefusal } from '../../../worker/core/ledger/aggregate.ts';
import { emptyDelta, type LedgerDelta, mergeDeltas } from '../../../worker/core/ledger/delta.ts';
import { groupStatsOf, keyUsage, toStats as toStatsWatched } from '../../../worker/core/ledger/stats.ts';
import { plainAttempt, plainEntry } from './entry.ts';

const largeEntry = {
  ...plainEntry,
  routedModel: 'large-model',
  servedModel: 'large-model',
  tier: 'large',
  costNanoUsd: 12_000,
} as const;
const large = { ...largeEntry, attemptUsages: [{ ...plainAttempt, model: 'large-model', costNanoUsd: 12_000 }] };

const watch = { escalation: { alert_rate: 0.1 }, classifier: {} };
const toStats = (total: LedgerDelta) => toStatsWatched(total, watch, plainEntry.atMs);

describe('toStats', () => {
  it('shows zeros and nulls before the first request', () => {
    const stats = toStats(emptyDelta);
    expect(stats.totals).toMatchObject({ requests: 0, refused: 0, cost_nano_usd: 0, tokens: { total: 0 } });
    expect(stats.latency_ms).toEqual({ count: 0, mean: null, p50: null, p95: null, p99: null });
    expect(stats.savings).toEqual({ nano_usd: 0, usd: 0, percent: null });
    expect(stats.routing_split.small).toEqual({ requests: 0, percent: null });
    expect(stats.escalations).toEqual({ count: 0, judged: 0, rate: null });
    expect(stats).toMatchObject({ days: {}, alerts: [] });
    expect(stats.first_at).toBeNull();
  });

  it('reproduces the split of the published rule on its own workload: 40 small and 20 large are 66.67 / 33.33', () => {
    const stats = toStats(aggregate(Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? large : plainEntry))));
    expect(stats.routing_split).toEqual({
      small: { requests: 40, percent: 66.67 },
      large: { requests: 20, percent: 33.33 },
      vision: { requests: 0, percent: 0 },
    });
    expect(stats.savings.percent).toBe(58.33);
  });

  it('counts tokens, money and savings', () => {
    const stats = toStats(aggregate([plainEntry, large]));
    expect(stats.totals).toMatchObject({
      requests: 2,
      succeeded: 2,
      cost_nano_usd: 13_500,
      all_large_cost_nano_usd: 24_000,
      tokens: { prompt: 20, completion: 10, cached: 4, reasoning: 0, estimated: 0, total: 30 },
    });
    expect(stats.savings).toEqual({ nano_usd: 10_500, usd: 0.0000105, percent: 43.75 });
  });

  it('counts refusals apart from requests', () => {
    const stats = toStats(
      mergeDeltas([aggregate([plainEntry]), deltaOfRefusal('invalid_api_key', 0), deltaOfRefusal('budget_exceeded', 0)]),
    );
    expect(stats.totals).toMatchObject({ requests: 1, refused: 2 });
    expect({ ...stats.refusals }).toEqual({ invalid_api_key: 1, budget_exceeded: 1 });
  });

  it('counts fallbacks, escalations, rescues, forced models and endings', () => {
    const stats = toStats(
      aggregate([
        { ...plainEntry, fallbackUsed: true, isForced: true },
        { ...plainEntry, escalated: true, attempts: 2, judged: { model: 'small-model', isEscalated: true } },
        { ...plainEntry, rescued: true, isStream: true, judged: { model: 'small-model', isEscalated: false } },
        { ...plainEntry, ending: 'timeout', errorCode: 'upstream_timeout' },
      ]),
    );
    expect(stats).toMatchObject({ fallbacks: 1, escalations: { count: 1, judged: 2, rate: 0.5 }, rescues: 1 });
    expect(stats.models['small-model']?.judged).toEqual({ answers: 2, escalated: 1, rate: 0.5 });
    expect(stats.totals).toMatchObject({ forced: 1, streamed: 1, attempts: 5, succeeded: 3 });
    expect({ ...stats.endings }).toEqual({ ok: 3, timeout: 1 });
    expect({ ...stats.errors }).toEqual({ upstream_timeout: 1 });
  });

  it('reads percentiles within 2.5 % and keeps the mean exact', () => {
    const stats = toStats(aggregate(Array.from({ length: 60 }, (_, index) => ({ ...plainEntry, latencyMs: (index + 1) * 100 }))));
    expect(stats.latency_ms.mean).toBe(3050);
    expect(Math.abs((stats.latency_ms.p50 ?? 0) / 3100 - 1)).toBeLessThan(0.025);
    expect(Math.abs((stats.latency_ms.p95 ?? 0) / 5800 - 1)).toBeLessThan(0.025);
    expect(stats.models['small-model']?.latency_ms).toEqual(stats.latency_ms);
  });

  it('takes hostile agent names for names', () => {
    const hostile = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const stats = toStats(aggregate(hostile.map((agent) => ({ ...plainEntry, agent }))));
    expect(Object.keys(stats.agents)).toEqual(hostile);
    for (const name of hostile) expect(stats.agents[name]?.requests).toBe(1);
    expect(Object.keys(JSON.parse(JSON.stringify(stats.agents)))).toEqual(hostile);
    expect(({} as Record<string, unknown>)['requests']).toBeUndefined();
  });

  it('sums one agent up, and shows zeros for one never seen', () => {
    const delta = aggregate([
      { ...plainEntry, agent: 'builder' },
      { ...large, agent: 'builder' },
    ]);
    expect(groupStatsOf(delta.agents, 'builder')).toMatchObject({ requests: 2, routing: { small: 1, large: 1, vision: 0 } });
    expect(groupStatsOf(delta.agents, 'nobody').requests).toBe(0);
  });
});

it('counts the time of cards in all, by the model that used it, by key and by agent, and once', () => {
  const [small, other] = [
    { ...plainAttempt, gpuMs: 40, gpuNanoUsd: 4000 },
    { ...plainAttempt, model: 'large-model', gpuMs: 900, gpuNanoUsd: 90_000 },
  ];
  const escalated = { ...plainEntry, agent: 'writer', attemptUsages: [small, other] };
  const total = mergeDeltas([
    aggregate([escalated, { ...plainEntry, keyId: 'other', attemptUsages: [small] }]),
    aggregate([plainEntry]),
  ]);
  const stats = toStats(total);
  expect(stats.totals).toMatchObject({ gpu_ms: 980, gpu_cost_nano_usd: 98_000 });
  expect([stats.models['small-model']?.gpu_ms, stats.models['large-model']?.gpu_ms]).toEqual([80, 900]);
  expect([stats.keys[plainEntry.keyId]?.gpu_ms, stats.keys['other']?.gpu_ms]).toEqual([940, 40]);
  expect([stats.agents['writer']?.gpu_ms, stats.agents['none']?.gpu_ms]).toEqual([940, 40]);
  expect(keyUsage(total, 'other').usage).toMatchObject({ gpu_seconds: 0.04 });
});

describe('keyUsage', () => {
  const since = new Date(plainEntry.atMs).toISOString();
  const none = { prompt: 0, completion: 0, cached: 0, reasoning: 0, estimated: 0, total: 0 };

  it('has the key’s own requests, tokens and cost, and nobody else’s', () => {
    const total = aggregate([plainEntry, large, { ...large, keyId: 'stranger' }]);
    expect(keyUsage(total, plainEntry.keyId)).toEqual({
      since,
      usage: {
        requests: 2,
        succeeded: 2,
        replayed: 0,
        tokens: { prompt: 20, completion: 10, cached: 4, reasoning: 0, estimated: 0, total: 30 },
        cost_usd: 0.0000135,
        gpu_seconds: 0,
        by_tier: { small: 1, large: 1, vision: 0 },
      },
    });
  });

  it('is zero for a key that has asked nothing', () => {
    expect(keyUsage(emptyDelta, 'k')).toMatchObject({ since: null, usage: { requests: 0, tokens: none, cost_usd: 0 } });
  });

  it('is unknown, not zero, for a key that is counted together with others', () => {
    const total = aggregate(Array.from({ length: 501 }, (_, index) => ({ ...plainEntry, keyId: `k${index}` })));
    expect(keyUsage(total, 'k500')).toEqual({ since, usage: null });
    expect(keyUsage(total, 'k499').usage?.requests).toBe(1);
  });
});
