/**
 * How good an order of requests is: the area between its curve (share sent to the large model → mean grade) and the straight line of a
 * router that draws lots, in grade points; and how sure the difference of two orders is, by resampling the requests.
 */
import { fnvStart, fnvStep } from '../text/fnv.ts';

export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const resamples = 200;

/** Of `gains` in the order of `scores`, the highest first; requests with one score enter together. `counts`: how often each is there. */
function liftOf(gains: ArrayLike<number>, scores: ArrayLike<number>, order: Int32Array, counts: Int32Array): number {
  let n = 0;
  let total = 0;
  for (let at = 0; at < order.length; at += 1) {
    n += counts[at] ?? 0;
    total += (counts[at] ?? 0) * (gains[at] ?? 0);
  }
  let area = 0;
  let sum = 0;
  for (let place = 0; place < order.length;) {
    const score = scores[order[place] ?? 0];
    const before = sum;
    let sent = 0;
    while (place < order.length && scores[order[place] ?? 0] === score) {
      const index = order[place] ?? 0;
      sum += (counts[index] ?? 0) * (gains[index] ?? 0);
      sent += counts[index] ?? 0;
      place += 1;
    }
    area += sent * ((before + sum) / 2);
  }
  return n === 0 ? 0 : (area / n - total / 2) / n;
}

function orderOf(scores: ArrayLike<number>): Int32Array {
  return Int32Array.from({ length: scores.length }, (_, at) => at).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
}

export interface Comparison {
  readonly ours: number;
  readonly theirs: number;
  /** Ours less theirs. */
  readonly lead: number;
  /** Its standard deviation over resamples of the requests. */
  readonly deviation: number;
  /** Mean gain: what sending everything to the large model wins. */
  readonly gap: number;
}

/** Lifts of two orders, and how sure their difference is. */
export function compareOrders(gains: readonly number[], ours: readonly number[], theirs: readonly number[]): Comparison {
  const n = gains.length;
  const [ourOrder, theirOrder] = [orderOf(ours), orderOf(theirs)];
  const once = new Int32Array(n).fill(1);
  const counts = new Int32Array(n);
  let [sum, squares] = [0, 0];
  let state = fnvStep(fnvStart, n);
  for (let round = 0; round < resamples; round += 1) {
    counts.fill(0);
    for (let at = 0; at < n; at += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const index = Math.floor((state / 0x1_0000_0000) * n);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    const lead = liftOf(gains, ours, ourOrder, counts) - liftOf(gains, theirs, theirOrder, counts);
    sum += lead;
    squares += lead * lead;
  }
  const [oursNow, theirsNow] = [liftOf(gains, ours, ourOrder, once), liftOf(gains, theirs, theirOrder, once)];
  return {
    ours: oursNow,
    theirs: theirsNow,
    lead: oursNow - theirsNow,
    deviation: Math.sqrt(Math.max(0, squares / resamples - (sum / resamples) ** 2)),
    gap: n === 0 ? 0 : gains.reduce((total, gain) => total + gain, 0) / n,
  };
}

/** The average performance gap recovered: 0.5 for lots, as RouteLLM defines it; null where the models are equal. */
export function apgrOf(lift: number, gap: number): number | null {
  return gap <= 0 ? null : 0.5 + lift / gap;
}
