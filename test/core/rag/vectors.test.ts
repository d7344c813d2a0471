import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest, type VectorTable } from '../../../worker/core/rag/nearest.ts';
import { quantise } from '../../../worker/core/rag/quantise.ts';

function tableOf(vectors: readonly (readonly number[])[], dimensions: number): VectorTable {
  const values = new Int8Array(vectors.length * dimensions);
  const scales = new Float32Array(vectors.length);
  for (const [at, vector] of vectors.entries()) {
    const quantised = quantise(vector);
    values.set(quantised.values, at * dimensions);
    scales[at] = quantised.scale;
  }
  return { dimensions, count: vectors.length, values, scales };
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  const length = Math.sqrt(dot(a, a) * dot(b, b));
  return length === 0 ? 0 : dot(a, b) / length;
}

const component = fc.double({ min: -1, max: 1, noNaN: true }).map((value) => (Math.abs(value) < 1e-6 ? 0 : value));
const vectorOf = (dimensions: number) => fc.array(component, { minLength: dimensions, maxLength: dimensions });

describe('nearest', () => {
  it('scores as the cosine of the floats does, within what rounding takes', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 70 })
          .chain((n) => fc.tuple(fc.array(vectorOf(n), { minLength: 1, maxLength: 20 }), vectorOf(n))),
        ([vectors, asked]) => {
          for (const { at, score } of nearest(tableOf(vectors, asked.length), asked, vectors.length))
            expect(Math.abs(score - cosine(vectors[at] ?? [], asked))).toBeLessThan(0.03);
        },
      ),
    );
  });

  it('finds the best, the nearest first, of equals the earlier', () => {
    const table = tableOf(
      [
        [1, 0],
        [0, 1],
        [1, 1],
        [1, 0],
      ],
      2,
    );
    expect(nearest(table, [1, 0.1], 3).map(({ at }) => at)).toEqual([0, 3, 2]);
  });

  it('looks at no more vectors than there are, and finds none in none', () => {
    const table = tableOf(
      [
        [1, 0],
        [0, 1],
      ],
      2,
    );
    expect(nearest({ ...table, count: 1 }, [0, 1], 5).map(({ at }) => at)).toEqual([0]);
    expect(nearest({ ...table, count: 0 }, [0, 1], 5)).toEqual([]);
    expect(nearest(table, [0, 1], 0)).toEqual([]);
  });

  it.each([[[0, 0]], [[Number.NaN, 1]], [[Number.POSITIVE_INFINITY, 1]]])(
    'a vector without a direction (%j) is like none',
    (vector) => {
      expect(nearest(tableOf([vector], 2), [1, 1], 1)).toEqual([{ at: 0, score: 0 }]);
      expect(nearest(tableOf([[1, 1]], 2), vector, 1)[0]?.score).toBe(0);
    },
  );

  it('does not overflow where everything is as large as it can be', () => {
    for (const dimensions of [1, 3, 384, 1024, 4096]) {
      const ones = Array.from({ length: dimensions }, () => 1);
      expect(nearest(tableOf([ones], dimensions), ones, 1)[0]?.score).toBeCloseTo(1, 5);
    }
  });
});
