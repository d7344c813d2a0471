/** One weight vector with its Adagrad state; plain loops over typed arrays, no framework. */

export interface Weights {
  readonly values: Float64Array;
  readonly squares: Float64Array;
}

export function newWeights(size: number, startSquare = 1e-2): Weights {
  return { values: new Float64Array(size), squares: new Float64Array(size).fill(startSquare) };
}

/** One step down `gradient` for one entry. */
export function descend(weights: Weights, at: number, gradient: number, rate: number): void {
  const square = (weights.squares[at] ?? 0) + gradient * gradient;
  weights.squares[at] = square;
  weights.values[at] = (weights.values[at] ?? 0) - (rate * gradient) / Math.sqrt(square);
}

/** Mean and inverse deviation of each column; a constant column gets 0, so that it weighs nothing. */
export function columnStats(
  rows: readonly Float64Array[],
  width: number,
): { mean: Float64Array; inverseDeviation: Float64Array } {
  const mean = new Float64Array(width);
  const inverseDeviation = new Float64Array(width);
  for (let column = 0; column < width; column += 1) {
    let sum = 0;
    let squares = 0;
    let known = 0;
    for (const row of rows) {
      const value = row[column] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      squares += value * value;
      known += 1;
    }
    const average = known === 0 ? 0 : sum / known;
    const variance = known === 0 ? 0 : squares / known - average * average;
    mean[column] = average;
    inverseDeviation[column] = variance < 1e-9 ? 0 : 1 / Math.sqrt(variance);
  }
  return { mean, inverseDeviation };
}
