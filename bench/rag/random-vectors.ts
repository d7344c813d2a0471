/** Vectors for benches: the same for the same seed, in directions without any pattern, which is the hardest case for rounding. */

/** Of length 1. */
export function randomVectors(count: number, dimensions: number, seed: number): Float32Array[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, () => {
    const vector = Float32Array.from({ length: dimensions }, () => normal(random));
    const length = Math.hypot(...vector);
    return vector.map((value) => value / length);
  });
}

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
