/** Picks the threshold that meets a target on scored requests, among the thresholds that separate them. */

export interface Scored {
  readonly score: number;
  /** Tokens of prompt and answer, estimated. */
  readonly tokens: number;
  /** Expected lead of the large model: its gain, where the request deserves it at all. */
  readonly gain: number;
}

export interface Target {
  readonly kind: 'large' | 'cost' | 'quality';
  readonly value: number;
}

export interface Choice {
  readonly threshold: number;
  /** Share of requests sent to large; cost as a share of all-large; part of the summed expected lead kept. */
  readonly large: number;
  readonly cost: number;
  readonly quality: number;
}

/**
 * The threshold whose share of large is nearest the target; or the lowest one within the cost; or the highest one that keeps the quality.
 * null when none does, or there is nothing to score. Thresholds have four decimals and are at most 1.
 */
export function chooseThreshold(scored: readonly Scored[], target: Target, priceRatio: number): Choice | null {
  if (scored.length === 0) return null;
  const sorted = scored.toSorted((a, b) => b.score - a.score);
  const allLarge = sorted.reduce((sum, one) => sum + one.tokens * priceRatio, 0);
  const allGain = sorted.reduce((sum, one) => sum + Math.max(0, one.gain), 0);
  let cost = allLarge / priceRatio;
  let gain = 0;
  const choices: Choice[] = [choiceAt(1, 0, cost / allLarge, 0)];
  sorted.forEach((one, at) => {
    cost += one.tokens * (priceRatio - 1);
    gain += Math.max(0, one.gain);
    const next = sorted[at + 1]?.score ?? 0;
    const threshold = roundedBetween(next, one.score);
    if (threshold !== null)
      choices.push(choiceAt(threshold, (at + 1) / sorted.length, cost / allLarge, allGain === 0 ? 1 : gain / allGain));
  });
  if (target.kind === 'large')
    return choices.reduce((best, one) => (Math.abs(one.large - target.value) < Math.abs(best.large - target.value) ? one : best));
  if (target.kind === 'cost') return choices.findLast((one) => one.cost <= target.value) ?? null;
  return choices.find((one) => one.quality >= target.value) ?? null;
}

function choiceAt(threshold: number, large: number, cost: number, quality: number): Choice {
  return { threshold, large, cost, quality };
}

/** A four-decimal number above `low` and at most `high`; null when none lies there. */
function roundedBetween(low: number, high: number): number | null {
  const threshold = Math.floor(high * 10_000) / 10_000;
  return threshold > low ? threshold : null;
}
