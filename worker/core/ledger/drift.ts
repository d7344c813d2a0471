/** How far the spread of routing scores is from a reference: the population stability index, and how much of it chance explains. */
import type { DriftStats } from '../../../shared/records.ts';

/** The usual reading: below 0.1 little has changed, above 0.25 much has (Yurdakul and Naranjo, J. Risk Model Validation 14, 2020). */
export const shiftedFrom = 0.25;
const moderateFrom = 0.1;
/** Beyond this much by chance the usual limits say nothing: with a very large reference, fewer than 180 requests. */
const maxByChance = 0.05;

/**
 * Σ (a − e) · ln(a / e) over the shares of `actual` and `expected` in each bucket; 0 for equal spreads, the same both ways. Half a
 * request is added to every bucket, so that an empty one counts as rare rather than impossible.
 */
export function stabilityIndex(expected: readonly number[], actual: readonly number[]): number {
  const shareOf = (counts: readonly number[], bucket: number) =>
    ((counts[bucket] ?? 0) + 0.5) / (total(counts) + expected.length / 2);
  return expected.reduce((sum, _, bucket) => {
    const [e, a] = [shareOf(expected, bucket), shareOf(actual, bucket)];
    return sum + (a - e) * Math.log(a / e);
  }, 0);
}

/** Drift of `actual` from `expected`, both in buckets of the score, or null when one is empty. */
export function driftOf(expected: readonly number[], actual: readonly number[]): DriftStats | null {
  const [m, n] = [total(expected), total(actual)];
  if (m === 0 || n === 0) return null;
  const reference = inPairs(expected);
  const psi = stabilityIndex(reference, inPairs(actual));
  // Two samples of one distribution: (1/m + 1/n) times a chi-squared variable with one degree less than there are buckets.
  const byChance = (reference.length - 1) * (1 / m + 1 / n);
  const reading = psi < moderateFrom ? 'stable' : psi <= shiftedFrom ? 'moderate' : 'shifted';
  return { psi, by_chance: byChance, reading: byChance > maxByChance ? null : reading };
}

/** The index is customary over ten parts; more would only add chance. */
function inPairs(counts: readonly number[]): number[] {
  return counts.flatMap((count, at) => (at % 2 === 0 ? [count + (counts[at + 1] ?? 0)] : []));
}

export function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
