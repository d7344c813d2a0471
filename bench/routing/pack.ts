/** Packs trained models into the committed form: one byte per table entry, base64, counts' weights rounded. */
import type { Blend, PackedDense, PackedTable, PackedWeights } from '../../worker/core/classify/learned/weights.ts';
import type { OutcomeModel } from './fit-outcomes.ts';
import type { DenseModel, HeadsModel } from './fit-tier.ts';

/** A few buckets hold extreme weights; clipping them leaves more of the byte's range to the rest. */
const clipQuantile = 1;

function packTable(values0: Float64Array): PackedTable {
  const KEEP=Number(process.env['KEEP']??1e9);const ms=values0.map(Math.abs).sort().reverse();const thr=ms[Math.min(KEEP,ms.length-1)]!;const values=values0.map(v=>Math.abs(v)>=thr?v:0);
  const magnitudes = values.map(Math.abs).filter((value) => value > 0).sort();
  const max = magnitudes[Math.min(magnitudes.length-1,Math.floor(magnitudes.length * clipQuantile))] ?? 1;
  const bytes = Int8Array.from(values, (value) => Math.round(127 * Math.sign(value) * Math.sqrt(Math.min(1, Math.abs(value) / max))));
  return { bits: Math.log2(values.length), max: round(max), base64: Buffer.from(bytes.buffer).toString('base64') };
}

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

export function packWeights(tier: HeadsModel, outcome: OutcomeModel, blend: Blend, metadata: PackedWeights['metadata']): PackedWeights {
  const { dense } = outcome;
  return {
    metadata,
    tier: { tables: tier.tables.map(packTable), dense: packDense(tier.dense) },
    outcome: {
      tables: outcome.tables.map(packTable),
      dense: { code: packDense(dense.code), choice: packDense(dense.choice), formula: packDense(dense.formula), problem: packDense(dense.problem), prose: packDense(dense.prose) },
    },
    blend,
  };
}
