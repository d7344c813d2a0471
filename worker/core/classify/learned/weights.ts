/**
 * The learned scorer's weights: how they are committed (tables as pairs of gap and weight, in base64) and how they are held (typed arrays).
 * A weight is one signed byte on a square-root scale, which keeps small weights apart where most of them are.
 */
import type { QuestionKind } from './outcome-features.ts';

/** Standardises a row of counts and weighs it. */
export interface PackedDense {
  readonly mean: readonly number[];
  readonly inverseDeviation: readonly number[];
  /** One row of weights per head. */
  readonly heads: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

export interface PackedTable {
  /** The table has 2^bits entries. */
  readonly bits: number;
  /** Largest absolute weight. */
  readonly max: number;
  /** Pairs of bytes: entries to skip, and 128 + the weight. */
  readonly base64: string;
}

/** How tier and outcome heads become one score; see `combine` in learned.ts. */
export interface Blend {
  /** Added to the tier logit, so that 0 is the decision point. */
  readonly offset: number;
  /** How much of the order within a side the gain sets, by kind of question, once the tier logit is `ramp` away from the decision point. */
  readonly gainShare: Readonly<Record<QuestionKind, number>>;
  readonly ramp: number;
  /** Gain of the large model (difference of two chances) in the middle of the ranking, and its spread. */
  readonly gainCenter: number;
  readonly gainScale: number;
  /** Largest absolute value of the blended logit. */
  readonly scale: number;
  /** Log-odds per unit of the tier logit and of the intent logits, fitted on held-out rows. */
  readonly tierTemperature: number;
  readonly intentTemperature: number;
}

export interface PackedWeights {
  readonly metadata: {
    readonly date: string;
    readonly dataSha256: string;
    readonly seed: number;
    readonly rows: Readonly<Record<string, number>>;
    readonly scores: Readonly<Record<string, number>>;
  };
  /** Heads: tier, code, reasoning (general is the reference at 0). */
  readonly tier: { readonly tables: readonly PackedTable[]; readonly dense: PackedDense };
  /** Heads: small right, large right; one dense part per kind of question. */
  readonly outcome: { readonly tables: readonly PackedTable[]; readonly dense: Readonly<Record<QuestionKind, PackedDense>> };
  readonly blend: Blend;
}

export interface Dense {
  readonly mean: Float64Array;
  readonly inverseDeviation: Float64Array;
  readonly heads: readonly Float64Array[];
  readonly bias: readonly number[];
}

export interface Table {
  readonly mask: number;
  readonly entries: Int8Array;
  /** Weight of entry value v at index v + 128. */
  readonly decode: Float32Array;
}

export interface LearnedWeights {
  readonly metadata: PackedWeights['metadata'];
  readonly tier: { readonly tables: readonly Table[]; readonly dense: Dense };
  readonly outcome: { readonly tables: readonly Table[]; readonly dense: Readonly<Record<QuestionKind, Dense>> };
  readonly blend: Blend;
}

function unpackDense(packed: PackedDense): Dense {
  return {
    mean: Float64Array.from(packed.mean),
    inverseDeviation: Float64Array.from(packed.inverseDeviation),
    heads: packed.heads.map((head) => Float64Array.from(head)),
    bias: packed.bias,
  };
}

function unpackTable(packed: PackedTable): Table {
  const bytes = atob(packed.base64);
  const entries = new Int8Array(2 ** packed.bits);
  let at = 0;
  for (let pair = 0; pair + 1 < bytes.length; pair += 2) {
    at += bytes.charCodeAt(pair);
    entries[at] = bytes.charCodeAt(pair + 1) - 128;
    at += 1;
  }
  const decode = new Float32Array(256);
  for (let value = -128; value < 128; value += 1) decode[value + 128] = Math.sign(value) * packed.max * (value / 127) ** 2;
  return { mask: entries.length - 1, entries, decode };
}

/** Typed arrays from the committed form; about a millisecond, so do it once per isolate. */
export function unpackWeights(packed: PackedWeights): LearnedWeights {
  const { dense } = packed.outcome;
  return {
    metadata: packed.metadata,
    tier: { tables: packed.tier.tables.map(unpackTable), dense: unpackDense(packed.tier.dense) },
    outcome: {
      tables: packed.outcome.tables.map(unpackTable),
      dense: {
        code: unpackDense(dense.code),
        choice: unpackDense(dense.choice),
        formula: unpackDense(dense.formula),
        problem: unpackDense(dense.problem),
        prose: unpackDense(dense.prose),
      },
    },
    blend: packed.blend,
  };
}
