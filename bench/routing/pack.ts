/** Packs trained models into the committed form: the largest weights of each table at one byte each, counts' weights rounded. */
import type { Blend, PackedDense, PackedTable, PackedWeights } from '../../worker/core/classify/learned/weights.ts';
import type { OutcomeModel } from './fit-outcomes.ts';
import type { DenseModel, HeadsModel } from './fit-tier.ts';

/**
 * Keeps the `keep` largest weights of a table, as pairs of bytes: how many entries to skip, and the weight. A gap of 255 and more is
 * written as entries of weight 0 in between.
 */
function packTable(values: Float64Array, keep: number): PackedTable {
  const magnitudes = values.map(Math.abs).sort().reverse();
  const max = magnitudes[0] ?? 1;
  const least = Math.max(magnitudes[keep] ?? 0, max / 127 ** 2 / 4);
  const bytes: number[] = [];
  let gap = 0;
  for (const value of values) {
    const isKept = Math.abs(value) > least;
    if (!isKept && gap < 255) {
      gap += 1;
      continue;
    }
    bytes.push(gap, isKept ? 128 + Math.round(127 * Math.sign(value) * Math.sqrt(Math.abs(value) / max)) : 128);
    gap = 0;
  }
  return { bits: Math.log2(values.length), max: round(max), base64: Buffer.from(bytes).toString('base64') };
}

/** Weights kept per head: tier, code, reasoning; small right, large right. */
const keptTier = [36_000, 16_000, 16_000] as const;
const keptOutcome = 9_000;

function round(value: number): number {
  return Number(value.toPrecision(5));
}

function packDense(dense: DenseModel): PackedDense {
  return {
    mean: Array.from(dense.mean, round),
    inverseDeviation: Array.from(dense.inverseDeviation, round),
    heads: dense.heads.map((head) => Array.from(head, round)),
    bias: dense.bias.map(round),
  };
}

export function packWeights(
  tier: HeadsModel,
  outcome: OutcomeModel,
  blend: Blend,
  metadata: PackedWeights['metadata'],
): PackedWeights {
  const { dense } = outcome;
  return {
    metadata,
    tier: { tables: tier.tables.map((table, at) => packTable(table, keptTier[at] ?? 0)), dense: packDense(tier.dense) },
    outcome: {
      tables: outcome.tables.map((table) => packTable(table, keptOutcome)),
      dense: {
        code: packDense(dense.code),
        choice: packDense(dense.choice),
        formula: packDense(dense.formula),
        problem: packDense(dense.problem),
        prose: packDense(dense.prose),
      },
    },
    blend,
  };
}
