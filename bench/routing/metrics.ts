/** The metrics of the data's README (PGR curve, APGR, CPT, gap-weighted APGR, macro-F1) and bootstrap intervals around them. */
import { seeded } from './random.ts';

/** Outcomes of n prompts and a router's score for each; higher goes to the large model first. */
export interface ScoredSlice {
  readonly small: ArrayLike<number>;
  readonly large: ArrayLike<number>;
  readonly score: ArrayLike<number>;
}

const orders = new WeakMap<ScoredSlice, Int32Array>();

/** Indices by score, the highest first; kept, because every resample of a slice walks the same order. */
function orderOf(slice: ScoredSlice): Int32Array {
  const known = orders.get(slice);
  if (known !== undefined) return known;
  const order = Int32Array.from({ length: slice.score.length }, (_, at) => at).sort(
    (a, b) => (slice.score[b] ?? 0) - (slice.score[a] ?? 0),
  );
  orders.set(slice, order);
  return order;
}

/** How often each index occurs in a resample; once each without one. */
function countsOf(length: number, sample: ArrayLike<number> | undefined): Int32Array {
  const counts = new Int32Array(length);
  if (sample === undefined) return counts.fill(1);
  for (let at = 0; at < sample.length; at += 1) {
    const index = sample[at] ?? 0;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

/** The curve r(c): share sent to large → mean outcome; prompts of one score enter together. */
export function routerCurve(slice: ScoredSlice, sample?: ArrayLike<number>): { share: number[]; quality: number[] } {
  const { small, large, score } = slice;
  const order = orderOf(slice);
  const n = order.length;
  const counts = countsOf(n, sample);
  let sum = 0;
  for (let index = 0; index < n; index += 1) sum += (counts[index] ?? 0) * (small[index] ?? 0);
  const share = [0];
  const quality = [sum / n];
  let sent = 0;
  for (let place = 0; place < n;) {
    const level = score[order[place] ?? 0] ?? 0;
    while (place < n && (score[order[place] ?? 0] ?? 0) === level) {
      const index = order[place] ?? 0;
      const count = counts[index] ?? 0;
      sum += count * ((large[index] ?? 0) - (small[index] ?? 0));
      sent += count;
      place += 1;
    }
    share.push(sent / n);
    quality.push(sum / n);
  }
  return { share, quality };
}

/** Area under the curve above the small model, and the gap between the models: APGR is their quotient. */
export function areaAndGap(slice: ScoredSlice, sample?: ArrayLike<number>): { area: number; gap: number } {
  const { share, quality } = routerCurve(slice, sample);
  const base = quality[0] ?? 0;
  let area = 0;
  for (let at = 1; at < share.length; at += 1) {
    const width = (share[at] ?? 0) - (share[at - 1] ?? 0);
    area += width * (((quality[at] ?? 0) + (quality[at - 1] ?? 0)) / 2 - base);
  }
  return { area, gap: (quality.at(-1) ?? 0) - base };
}

/** 0.5 + sum (APGR − 0.5) · gap / sum gap, every slice counting once. */
export function gapWeightedApgr(slices: readonly ScoredSlice[], samples?: readonly ArrayLike<number>[]): number {
  let excess = 0;
  let gaps = 0;
  slices.forEach((slice, at) => {
    const { area, gap } = areaAndGap(slice, samples?.[at]);
    excess += area - gap / 2;
    gaps += gap;
  });
  return 0.5 + excess / gaps;
}

function qualityAt(curve: { share: number[]; quality: number[] }, c: number): number {
  const { share, quality } = curve;
  for (let at = 1; at < share.length; at += 1) {
    const right = share[at] ?? 1;
    if (right < c) continue;
    const left = share[at - 1] ?? 0;
    const part = right === left ? 1 : (c - left) / (right - left);
    return (quality[at - 1] ?? 0) + part * ((quality[at] ?? 0) - (quality[at - 1] ?? 0));
  }
  return quality.at(-1) ?? 0;
}

/** Smallest share sent to large that recovers `target` of the gap, on the slices' curves averaged at equal share. */
export function callsToRecover(slices: readonly ScoredSlice[], target: number): number {
  const curves = slices.map((slice) => routerCurve(slice));
  const mean = (c: number): number => curves.reduce((sum, curve) => sum + qualityAt(curve, c), 0) / curves.length;
  const low = mean(0);
  const gap = mean(1) - low;
  for (let step = 0; step <= 1000; step += 1) if ((mean(step / 1000) - low) / gap >= target) return step / 1000;
  return 1;
}

export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const resamples = 1000;

/** 95 % percentile interval of a statistic of several groups; each group is resampled within itself. */
export function bootstrap(
  sizes: readonly number[],
  statistic: (samples: readonly ArrayLike<number>[] | undefined) => number,
  seed = 11,
  rounds = resamples,
): Interval {
  const random = seeded(seed);
  const values: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    values.push(statistic(sizes.map((size) => Int32Array.from({ length: size }, () => Math.floor(random() * size)))));
  }
  values.sort((a, b) => a - b);
  return {
    value: statistic(undefined),
    low: values[Math.floor(0.025 * rounds)] ?? 0,
    high: values[Math.ceil(0.975 * rounds) - 1] ?? 0,
  };
}

export interface Verdict {
  readonly isLarge: boolean;
  readonly saidLarge: boolean;
}

/** Mean of the F1 of "large" and of "small". */
export function macroF1(verdicts: readonly Verdict[], sample?: ArrayLike<number>): number {
  const cells = { tp: 0, fp: 0, fn: 0, tn: 0 };
  const n = sample?.length ?? verdicts.length;
  for (let at = 0; at < n; at += 1) {
    const verdict = verdicts[sample === undefined ? at : (sample[at] ?? 0)];
    if (verdict === undefined) continue;
    if (verdict.isLarge) cells[verdict.saidLarge ? 'tp' : 'fn'] += 1;
    else cells[verdict.saidLarge ? 'fp' : 'tn'] += 1;
  }
  const { tp, fp, fn, tn } = cells;
  const f1 = (hits: number): number => (hits === 0 ? 0 : (2 * hits) / (2 * hits + fp + fn));
  return (f1(tp) + f1(tn)) / 2;
}

/** Wilson score interval of a share. */
export function shareOf(hits: number, total: number): Interval {
  if (total === 0) return { value: Number.NaN, low: 0, high: 1 };
  const z = 1.96;
  const p = hits / total;
  const middle = (p + (z * z) / (2 * total)) / (1 + (z * z) / total);
  const half = (z * Math.sqrt((p * (1 - p)) / total + (z * z) / (4 * total * total))) / (1 + (z * z) / total);
  return { value: p, low: middle - half, high: middle + half };
}
