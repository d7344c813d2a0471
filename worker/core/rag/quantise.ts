/**
 * Vectors as whole numbers of eight bits, a quarter of the room of floats. Only directions are compared, so a vector's largest component becomes
 * 127 and its length is kept beside it: the cosine of what is kept is exact, and differs from that of the floats by what rounding takes.
 */

export interface Quantised {
  /** From -127 to 127. */
  readonly values: Int8Array;
  /** 1 divided by the length of `values`; 0 of a vector without a direction, which is like none. */
  readonly scale: number;
}

export function quantise(vector: ArrayLike<number>): Quantised {
  let largest = 0;
  for (let at = 0; at < vector.length; at += 1) largest = Math.max(largest, Math.abs(vector[at] ?? 0));
  const values = new Int8Array(vector.length);
  // What is no number anywhere makes a vector without a direction.
  if (!(largest > 0) || !Number.isFinite(largest)) return { values, scale: 0 };
  let squares = 0;
  for (let at = 0; at < vector.length; at += 1) {
    const value = Math.round(((vector[at] ?? 0) / largest) * 127);
    values[at] = value;
    squares += value * value;
  }
  return { values, scale: 1 / Math.sqrt(squares) };
}

/** The vector of a question: finer, since it is there once, and as large as sums of 32 bits allow. */
export function quantiseQuestion(vector: ArrayLike<number>): { readonly values: Int16Array; readonly scale: number } {
  const largest = Math.min(32_767, Math.floor(2 ** 31 / (127 * Math.max(1, vector.length))) - 1);
  let top = 0;
  for (let at = 0; at < vector.length; at += 1) top = Math.max(top, Math.abs(vector[at] ?? 0));
  const values = new Int16Array(vector.length);
  if (!(top > 0) || !Number.isFinite(top)) return { values, scale: 0 };
  let squares = 0;
  for (let at = 0; at < vector.length; at += 1) {
    const value = Math.round(((vector[at] ?? 0) / top) * largest);
    values[at] = value;
    squares += value * value;
  }
  return { values, scale: 1 / Math.sqrt(squares) };
}
