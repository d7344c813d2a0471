/** The vectors that are most like a question's: every one is compared, so that what is nearest is found. */
import { quantiseQuestion } from './quantise.ts';

/** Vectors one behind the other, each with 1 divided by its length. */
export interface VectorTable {
  readonly dimensions: number;
  readonly count: number;
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

export interface Near {
  /** Its place in the table. */
  readonly at: number;
  /** Cosine, from -1 to 1. */
  readonly score: number;
}

/** At most `most` of them, the nearest first; of equals the one that is there longer. @param question as long as the table's vectors */
export function nearest(table: VectorTable, question: ArrayLike<number>, most: number): Near[] {
  const { dimensions, count, values, scales } = table;
  const asked = quantiseQuestion(question);
  const best: Near[] = [];
  let least = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < count; at += 1) {
    const score = product(values, at * dimensions, asked.values, dimensions) * (scales[at] ?? 0);
    if (best.length >= most && score <= least) continue;
    insert(best, { at, score }, most);
    least = best.at(-1)?.score ?? least;
  }
  return best.map(({ at, score }) => ({ at, score: Math.max(-1, Math.min(1, score * asked.scale)) }));
}

/** The cosine of one vector of the table. */
export function scoreAt({ dimensions, values, scales }: VectorTable, question: ArrayLike<number>, at: number): number {
  const asked = quantiseQuestion(question);
  const score = product(values, at * dimensions, asked.values, dimensions) * (scales[at] ?? 0) * asked.scale;
  return Math.max(-1, Math.min(1, score));
}

/** Whole numbers stay whole: `| 0` keeps the sum one of 32 bits, which it fits into (see `quantiseQuestion`). Four sums do not wait for each other. */
function product(values: Int8Array, from: number, asked: Int16Array, dimensions: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const whole = dimensions & ~3;
  for (let at = 0; at < whole; at += 4) {
    const place = from + at;
    a = (a + (values[place] ?? 0) * (asked[at] ?? 0)) | 0;
    b = (b + (values[place + 1] ?? 0) * (asked[at + 1] ?? 0)) | 0;
    c = (c + (values[place + 2] ?? 0) * (asked[at + 2] ?? 0)) | 0;
    d = (d + (values[place + 3] ?? 0) * (asked[at + 3] ?? 0)) | 0;
  }
  for (let at = whole; at < dimensions; at += 1) a = (a + (values[from + at] ?? 0) * (asked[at] ?? 0)) | 0;
  return a + b + c + d;
}

function insert(best: Near[], near: Near, most: number): void {
  let place = best.length;
  while (place > 0 && (best[place - 1]?.score ?? 0) < near.score) place -= 1;
  best.splice(place, 0, near);
  if (best.length > most) best.pop();
}
