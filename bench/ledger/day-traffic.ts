/** A day of synthetic traffic as the ledger's entries: more by day than by night, from some keys and agents, with everything that can go wrong. */
import type { Ending, LedgerEntry } from '../../shared/records.ts';
import { pick, type Random, seeded } from '../routing/random.ts';

const dayMs = 86_400_000;
/** Nano-USD for a token. */
const smallPrice = 100;
const largePrice = 800;

/** @param endMs when the day ends; the entries are in the order in which the requests ended */
export function dayOfTraffic(count: number, endMs: number, seed: number): LedgerEntry[] {
  const random = seeded(seed);
  const times = Array.from({ length: count }, () => timeOfDay(random)).toSorted((a, b) => a - b);
  return times.map((share, index) => entryAt(index, Math.floor(endMs - dayMs + share * dayMs), random));
}

function entryAt(index: number, atMs: number, random: Random): LedgerEntry {
  const run = runOf(random);
  const { isLarge, ending, routed, served, fallbackUsed } = run;
  const error = ending === 'timeout' ? 'upstream_timeout' : ending === 'upstream_error' ? 'upstream_error' : null;
  return {
    ...billOf(run, atMs, random),
    requestId: `day-${index}`,
    atMs,
    keyId: `key_${Math.floor(20 * random() ** 2)}`,
    tenantId: 'tenant',
    agent: random() < 0.3 ? null : `agent-${Math.floor(30 * random() ** 2)}`,
    session: null,
    requestedModel: 'auto',
    routedModel: routed,
    servedModel: ending === 'timeout' ? null : served,
    primaryModel: routed,
    rule: 'complexity',
    classificationMs: 0,
    tier: isLarge ? 'large' : 'small',
    intent: pick(['code', 'reasoning', 'general'] as const, random),
    intentBand: pick(['high', 'medium', 'low'] as const, random),
    strategy: 'cost',
    reason: isLarge ? 'score 0.71 reaches 0.60 (asks for a proof)' : 'score 0.21 is below 0.60 (a short question)',
    isForced: false,
    ending,
    errorCode: error,
    errorType: error === null ? null : 'upstream_error',
    isStream: random() < 0.7,
    fallbackUsed,
    fallback: fallbackUsed ? { from: routed, to: served } : null,
    escalated: run.escalated,
    judged: null,
    scored: { version: 'hybrid-1', score: isLarge ? 0.6 + 0.4 * random() : 0.6 * random() },
    rescued: ending === 'ok' && random() < 0.005,
    arm: null,
    toolCalls: { valid: 0, repaired: 0, invalid: 0, unchecked: 0 },
    cache: 'bypass',
    cacheLevel: null,
    cacheSavedNanoUsd: 0,
  };
}

/** Where a request went and how it ended. */
function runOf(random: Random) {
  const isLarge = random() < 0.3;
  const luck = random();
  const ending: Ending = luck < 0.005 ? 'timeout' : luck < 0.01 ? 'upstream_error' : luck < 0.02 ? 'client_abort' : 'ok';
  const fallbackUsed = ending === 'ok' && random() < 0.02;
  const escalated = ending === 'ok' && !isLarge && !fallbackUsed && random() < 0.03;
  const routed = isLarge ? 'qwen2.5-32b' : 'qwen2.5-7b';
  const served = fallbackUsed || escalated ? (isLarge ? 'qwen2.5-7b' : 'qwen2.5-32b') : routed;
  return { isLarge, ending, fallbackUsed, escalated, routed, served, calls: escalated ? [routed, served] : [served] };
}

/** Its calls, how long they took and what they cost. */
function billOf({ ending, served, calls }: ReturnType<typeof runOf>, atMs: number, random: Random) {
  const promptTokens = Math.round(50 + 800 * random() ** 3);
  const completionTokens = ending === 'ok' ? Math.round(20 + 400 * random() ** 2) : Math.round(20 * random());
  const latencyMs = Math.round(150 + completionTokens * (served === 'qwen2.5-7b' ? 12 : 30) * (0.7 + 0.6 * random()));
  const firstByteMs = ending === 'timeout' ? null : Math.round(latencyMs * (0.1 + 0.2 * random()));
  const startedAtMs = atMs - latencyMs;
  const isEstimated = ending !== 'ok';
  const usage = { promptTokens, completionTokens, cachedTokens: null, reasoningTokens: null, isEstimated };
  const costOn = (model: string): number =>
    (promptTokens + completionTokens) * (model === 'qwen2.5-7b' ? smallPrice : largePrice);
  const attemptUsages = calls.map((model, at) => {
    return { model, usage, costNanoUsd: costOn(model), isPartOfAnswer: at === calls.length - 1 };
  });
  const firstByteAtMs = firstByteMs === null ? null : startedAtMs + firstByteMs;
  const times = { startedAtMs, firstByteAtMs, endedAtMs: atMs, outcome: ending };
  return {
    attempts: calls.length,
    latencyMs,
    firstByteMs,
    attemptUsages,
    costNanoUsd: attemptUsages.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
    allLargeCostNanoUsd: costOn('qwen2.5-32b'),
    allSmallCostNanoUsd: costOn('qwen2.5-7b'),
    isEstimated,
    trace: {
      startedAtMs,
      threshold: 0.6,
      confidence: 0.9,
      signals: ['length', 'keywords', 'tools', 'depth', 'structured'].map((id) => ({ id, value: 0.2, contribution: 0.04 })),
      calls: calls.map((model) => ({ model, upstream: model === 'qwen2.5-7b' ? 'small' : 'large', ...times })),
      billedCalls: calls.map((_, at) => at + 1),
    },
  };
}

/** Of 0 to 1: about nine times as much in the afternoon as in the night. */
function timeOfDay(random: Random): number {
  for (;;) {
    const share = random();
    if (random() < 0.5 - 0.4 * Math.cos(2 * Math.PI * (share - 0.1))) return share;
  }
}
