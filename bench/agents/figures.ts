/** What the outcomes of an arm come to: usable answers, split, accuracy, cost, latency. And what a perfect router would have paid. */
import { createHash } from 'node:crypto';
import { nanoUsdFromPicoUsd, percentile } from '../../shared/units.ts';
import type { ArmResult } from './arms.ts';
import type { Outcome } from './play.ts';
import type { Label } from './workload/task.ts';

/** Which model ids are which tier, and what their tokens cost (pico-USD a token). */
export interface Tiers {
  readonly ids: Readonly<Record<Label, string>>;
  readonly picoUsd: Readonly<Record<Label, { readonly input: number; readonly output: number }>>;
}

export interface Spread {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface ArmFigures {
  readonly name: string;
  /** Of the workload; those that were not reached because their conversation failed before are in it. */
  readonly requests: number;
  /** Those that were sent. */
  readonly asked: number;
  readonly usable: number;
  readonly shortcomings: Readonly<Record<string, number>>;
  readonly large: number;
  readonly fallbacks: number;
  /** Share of answered requests that the model of their label answered. */
  readonly accuracy: number;
  readonly costNanoUsd: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly latencyMs: Spread;
  /** Of streams: to the first piece of the answer. */
  readonly firstMs: Spread;
  readonly largeLabelMs: Spread;
  readonly requestsPerSecond: number;
  readonly tokensPerSecond: number;
  readonly tookMs: number;
  readonly gpuMs: number | null;
  readonly utilisation: number | null;
  readonly ledger: ArmResult['ledger'];
}

export interface KindFigures {
  readonly kind: string;
  readonly label: Label;
  readonly requests: number;
  readonly right: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 50), p95: percentile(sorted, 95), p99: percentile(sorted, 99) };
}

/** The tier of the model that answered; null for none, or for a model that is neither. */
export function tierOf({ answer }: Outcome, { ids }: Tiers): Label | null {
  if (answer.modelId === ids.large) return 'large';
  return answer.modelId === ids.small ? 'small' : null;
}

/** Tokens of one request at a tier's price; rounded up once a request, as the ledger does. */
export function costNanoUsd({ answer }: Outcome, tier: Label, { picoUsd }: Tiers): number {
  return nanoUsdFromPicoUsd(answer.promptTokens * picoUsd[tier].input + answer.completionTokens * picoUsd[tier].output);
}

export function armFigures({ arm, outcomes, tookMs, cardMs, ledger }: ArmResult, planned: number, tiers: Tiers): ArmFigures {
  const usable = outcomes.filter(({ shortcoming }) => shortcoming === null);
  const routed = outcomes.filter((outcome) => tierOf(outcome, tiers) !== null);
  const sum = (of: readonly Outcome[], pick: (outcome: Outcome) => number): number =>
    of.reduce((total, one) => total + pick(one), 0);
  const shortcomings: Record<string, number> = {};
  for (const { shortcoming } of outcomes)
    if (shortcoming !== null) shortcomings[shortcoming] = (shortcomings[shortcoming] ?? 0) + 1;
  const gpuMs = cardMs === null ? null : cardMs.small + cardMs.large;
  return {
    name: arm.name,
    requests: planned,
    asked: outcomes.length,
    usable: usable.length,
    shortcomings,
    large: routed.filter((outcome) => tierOf(outcome, tiers) === 'large').length,
    fallbacks: outcomes.filter(({ answer }) => answer.isFallback).length,
    accuracy: routed.filter((outcome) => tierOf(outcome, tiers) === outcome.label).length / Math.max(1, routed.length),
    costNanoUsd: sum(routed, (outcome) => costNanoUsd(outcome, tierOf(outcome, tiers) ?? 'large', tiers)),
    promptTokens: sum(outcomes, ({ answer }) => answer.promptTokens),
    completionTokens: sum(outcomes, ({ answer }) => answer.completionTokens),
    latencyMs: spreadOf(usable.map(({ answer }) => answer.tookMs)),
    firstMs: spreadOf(usable.flatMap(({ answer }) => answer.firstMs ?? [])),
    largeLabelMs: spreadOf(usable.filter(({ label }) => label === 'large').map(({ answer }) => answer.tookMs)),
    requestsPerSecond: (1000 * usable.length) / tookMs,
    tokensPerSecond: (1000 * sum(usable, ({ answer }) => answer.completionTokens)) / tookMs,
    tookMs,
    gpuMs,
    utilisation: gpuMs === null ? null : gpuMs / tookMs,
    ledger,
  };
}

/** The same answers at the prices of: the model of each label; the large model; the small one. */
export function pricesOf(outcomes: readonly Outcome[], tiers: Tiers): Readonly<Record<'perfect' | Label, number>> {
  const at = (pick: (outcome: Outcome) => Label): number =>
    outcomes.reduce((sum, outcome) => sum + costNanoUsd(outcome, pick(outcome), tiers), 0);
  return { perfect: at(({ label }) => label), large: at(() => 'large'), small: at(() => 'small') };
}

export function byKind(outcomes: readonly Outcome[], tiers: Tiers): KindFigures[] {
  const kinds = new Map<string, { kind: string; label: Label; requests: number; right: number }>();
  for (const outcome of outcomes) {
    const { kind, label } = outcome;
    const row = kinds.get(`${label} ${kind}`) ?? { kind, label, requests: 0, right: 0 };
    row.requests += 1;
    if (tierOf(outcome, tiers) === label) row.right += 1;
    kinds.set(`${label} ${kind}`, row);
  }
  return [...kinds.values()].toSorted((a, b) => a.label.localeCompare(b.label) || a.right / a.requests - b.right / b.requests);
}

/** Kinds of large requests that mostly went to the small model. */
export function sentSmall(kinds: readonly KindFigures[]): readonly string[] {
  return kinds.filter(({ label, requests, right }) => label === 'large' && right * 2 < requests).map(({ kind }) => kind);
}

/** Who answered what, and what it cost: equal for two runs that decided alike. Times are not in it. */
export function digestOf(outcomes: readonly Outcome[], tiers: Tiers): string {
  const lines = outcomes.map((outcome) => {
    const { task, turn, step, shortcoming, answer } = outcome;
    const { modelId, promptTokens, completionTokens } = answer;
    const cost = costNanoUsd(outcome, tierOf(outcome, tiers) ?? 'large', tiers);
    return [task, turn, step, modelId, shortcoming ?? 'usable', promptTokens, completionTokens, cost].join(' ');
  });
  return createHash('sha256').update(lines.toSorted().join('\n')).digest('hex').slice(0, 16);
}
