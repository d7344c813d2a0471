/** Turns the ledger's total into the JSON of `GET /stats`. Names from outside become keys of objects without a prototype. */
import type {
  DayStats,
  DriftStats,
  GroupStats,
  JudgedStats,
  KeyBreakdown,
  KeySeen,
  KeyUsage,
  LatencyStats,
  RatingStats,
  Stats,
} from '../../../shared/records.ts';
import { countIds, groupIds } from '../../../shared/records.ts';
import { fourDigits, isoTime, percentOf, usdFromNanoUsd } from '../../../shared/units.ts';
import { savings } from '../cost/price.ts';
import { alertsOf, type WatchConfig } from './alerts.ts';
import { otherName, sumCounters, zeroCounters, type Counters, type Named } from './counters.ts';
import { forEach } from './dimensions.ts';
import { sumCounts, type CountList, type DayCounts } from './days.ts';
import type { LedgerDelta, Rating } from './delta.ts';
import { type DayRange, type KeyBook, type KeyBookId, type KeyCounts, keyCountIds, withinDays } from './key-book.ts';
import { driftOf, total as sumOf } from './drift.ts';
import { emptyHistogram, quantileMs, type Histogram } from './histogram.ts';

/** The statistics of everything a delta counts. Percents are of all admitted requests. */
export function toStats(total: LedgerDelta, watch: WatchConfig, nowMs: number): Stats {
  const { judged = [], days = [] } = total;
  // What was stored before a counter existed has none of it.
  const totals = sumCounters([total.totals]);
  const judgedOf = new Map(judged);
  const whole = judgedStats(sumCounts(judged.map(([, counts]) => counts)));
  const saved = savings(totals.costNanoUsd, totals.allLargeCostNanoUsd);
  const routed = totals.small + totals.large + totals.vision;
  const latencies = new Map(total.modelLatency);
  const firstBytes = new Map(total.modelFirstByte ?? []);
  const armLatencies = new Map(total.armLatency);
  return {
    ...forEach(groupIds, (id) => byName(total[id] ?? [], groupStats)),
    ...forEach(countIds, (id) => byName(total[id] ?? [], (count) => count)),
    totals: {
      requests: totals.requests,
      succeeded: totals.succeeded,
      refused: total.refusals.reduce((sum, [, count]) => sum + count, 0),
      streamed: totals.streamed,
      forced: totals.forced,
      attempts: totals.attempts,
      replayed: totals.replays,
      tokens: tokenStats(totals),
      cost_nano_usd: totals.costNanoUsd,
      all_large_cost_nano_usd: totals.allLargeCostNanoUsd,
      all_small_cost_nano_usd: totals.allSmallCostNanoUsd,
      cache_saved_nano_usd: totals.cacheSavedNanoUsd,
      gpu_ms: totals.gpuMs,
      gpu_cost_nano_usd: totals.gpuNanoUsd,
    },
    savings: { nano_usd: saved.nanoUsd, usd: usdFromNanoUsd(saved.nanoUsd), percent: saved.percent },
    latency_ms: latencyStats(total.latency),
    first_byte_ms: latencyStats(total.firstByte),
    routing_split: {
      small: { requests: totals.small, percent: percentOf(totals.small, routed) },
      large: { requests: totals.large, percent: percentOf(totals.large, routed) },
      vision: { requests: totals.vision, percent: percentOf(totals.vision, routed) },
    },
    fallbacks: totals.fallbacks,
    escalations: { count: totals.escalations, judged: whole.answers, rate: whole.rate },
    rescues: totals.rescues,
    models: byName(total.models, (counters, name) => ({
      ...groupStats(counters),
      latency_ms: latencyStats(latencies.get(name) ?? emptyHistogram),
      first_byte_ms: latencyStats(firstBytes.get(name) ?? emptyHistogram),
      judged: judgedStats(judgedOf.get(name) ?? []),
    })),
    arms: byName(total.arms, (counters, name) => ({
      ...groupStats(counters),
      latency_ms: latencyStats(armLatencies.get(name) ?? emptyHistogram),
    })),
    feedback: byName(total.feedback, ratingStats),
    shadows: byName(total.shadows, ratingStats),
    first_at: isoTime(total.firstAtMs),
    last_at: isoTime(total.lastAtMs),
    days: byName(days, (day) => dayStats(day, watch)),
    alerts: alertsOf(days, watch, nowMs).map((alert) => ({ ...alert, value: fourDigits(alert.value) })),
  };
}

function dayStats({ scores, judged }: DayCounts, { classifier: { reference } }: WatchConfig): DayStats {
  return {
    judged: byName(judged, judgedStats),
    scores: byName(scores, (counts, version) => ({
      requests: sumOf(counts),
      counts,
      drift: reference?.version === version ? shortDrift(driftOf(reference.counts, counts)) : null,
    })),
  };
}

function shortDrift(drift: DriftStats | null): DriftStats | null {
  return drift === null ? null : { ...drift, psi: fourDigits(drift.psi), by_chance: fourDigits(drift.by_chance) };
}

function judgedStats([answers = 0, escalated = 0]: CountList): JudgedStats {
  return { answers, escalated, rate: answers === 0 ? null : fourDigits(escalated / answers) };
}

function ratingStats({ count, scoreMilli, costNanoUsd }: Rating): RatingStats {
  return { count, mean_score: count === 0 ? null : fourDigits(scoreMilli / count / 1000), cost_nano_usd: costNanoUsd };
}

/** One agent's (key's, model's) statistics; zeros for a name never seen. */
export function groupStatsOf(groups: Named<Counters>, name: string): GroupStats {
  return groupStats(groups.find(([known]) => known === name)?.[1] ?? zeroCounters);
}

/** What one key has used on these days, from its own book, which is never counted together with another's. */
export function keyUsageWithin({ firstAtMs }: LedgerDelta, book: KeyBook, days: DayRange): KeyUsage {
  return { since: isoTime(firstAtMs), usage: usageOfGroup(groupStats(countersOf(withinDays(book, days).total))) };
}

/** What one key has used; beyond the bound of keys, the last ones are counted together and cannot be separated. */
export function keyUsage({ keys, firstAtMs }: LedgerDelta, keyId: string): KeyUsage {
  const since = isoTime(firstAtMs);
  const names = keys.map(([name]) => name);
  if (!names.includes(keyId) && names.includes(otherName)) return { since, usage: null };
  return { since, usage: usageOfGroup(groupStatsOf(keys, keyId)) };
}

function usageOfGroup({ requests, succeeded, replayed, tokens, cost_nano_usd, gpu_ms, routing }: GroupStats): KeyUsage['usage'] {
  return {
    requests,
    succeeded,
    replayed,
    tokens,
    cost_usd: usdFromNanoUsd(cost_nano_usd),
    gpu_seconds: gpu_ms / 1000,
    by_tier: routing,
  };
}

/** A key's own book along one of its dimensions, the largest cost first; days the newest first. */
export function keyBreakdown(book: KeyBook, by: KeyBookId, days: DayRange | null = null): KeyBreakdown {
  const rows = withinDays(book, days)[by].map(([name, counts]) => {
    const { requests, succeeded, tokens, cost_nano_usd, gpu_ms } = groupStats(countersOf(counts));
    return { [by]: name, requests, succeeded, tokens, cost_usd: usdFromNanoUsd(cost_nano_usd), gpu_seconds: gpu_ms / 1000 };
  });
  return by === 'day' ? rows : rows.toSorted((a, b) => b.cost_usd - a.cost_usd);
}

function countersOf(counts: KeyCounts): Counters {
  return { ...zeroCounters, ...Object.fromEntries(keyCountIds.map((id, at) => [id, counts[at] ?? 0])) };
}

/** For the list of keys: what one has spent, and when it was last used. */
export function keySeen({ total, lastAtMs }: KeyBook): KeySeen {
  const costNanoUsd = total[keyCountIds.indexOf('costNanoUsd')] ?? 0;
  return { spent_usd: usdFromNanoUsd(costNanoUsd), last_used_at: isoTime(lastAtMs === 0 ? null : lastAtMs) };
}

function groupStats(stored: Counters): GroupStats {
  const counters = sumCounters([stored]);
  return {
    requests: counters.requests,
    succeeded: counters.succeeded,
    tokens: tokenStats(counters),
    cost_nano_usd: counters.costNanoUsd,
    all_large_cost_nano_usd: counters.allLargeCostNanoUsd,
    gpu_ms: counters.gpuMs,
    gpu_cost_nano_usd: counters.gpuNanoUsd,
    routing: { small: counters.small, large: counters.large, vision: counters.vision },
    fallbacks: counters.fallbacks,
    escalations: counters.escalations,
    rescues: counters.rescues,
    replayed: counters.replays,
  };
}

function tokenStats(counters: Counters): GroupStats['tokens'] {
  return {
    prompt: counters.promptTokens,
    completion: counters.completionTokens,
    cached: counters.cachedTokens,
    reasoning: counters.reasoningTokens,
    estimated: counters.estimatedTokens,
    total: counters.promptTokens + counters.completionTokens,
  };
}

export function latencyStats(histogram: Histogram): LatencyStats {
  const { count, sumMs } = histogram;
  return {
    count,
    mean: count === 0 ? null : Math.round(sumMs / count),
    p50: roundedMs(quantileMs(histogram, 50)),
    p95: roundedMs(quantileMs(histogram, 95)),
    p99: roundedMs(quantileMs(histogram, 99)),
  };
}

/** One decimal: below what the histogram resolves. */
function roundedMs(durationMs: number | null): number | null {
  return durationMs === null ? null : Math.round(durationMs * 10) / 10;
}

export function byName<T, U>(groups: Named<T>, read: (value: T, name: string) => U): Readonly<Record<string, U>> {
  const object: Record<string, U> = Object.create(null);
  for (const [name, value] of groups) object[name] = read(value, name);
  return object;
}
