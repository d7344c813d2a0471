/**
 * How long one step of a model server takes on a card: a roofline. A step reads every weight and the keys and values of its sequences once
 * (memory), and computes every token that it is given (arithmetic); the slower of the two is its time. Nothing here was measured on a card:
 * peaks are the maker's, the shares of them that kernels reach are assumed.
 */

export interface CardSpec {
  /** Peak of the memory, bytes a second. */
  readonly bytesPerSecond: number;
  /** Peak of the tensor cores for 16-bit numbers, dense. */
  readonly flopsPerSecond: number;
  /** What kernels reach of the peaks, 0 to 1. */
  readonly memoryShare: number;
  readonly arithmeticShare: number;
}

/** NVIDIA's data sheet: 696 GB/s, 149.7 TFLOPS. 85 % and 55 % are usual for large matrices; assumed. */
export const a40: CardSpec = { bytesPerSecond: 696e9, flopsPerSecond: 149.7e12, memoryShare: 0.85, arithmeticShare: 0.55 };

export interface ModelSpec {
  readonly weightBytes: number;
  /** Of one token, in all layers. */
  readonly kvBytes: number;
  /** To compute one token, without attention: twice the parameters that are multiplied. */
  readonly flopsPerToken: number;
  /** Attention: for each token, times those before it. */
  readonly flopsPerTokenPair: number;
}

/** Qwen 2.5 7B in 16 bits; the shape as in infra/pod/pod.json. Embeddings are looked up, not multiplied. */
export const qwen7b: ModelSpec = modelSpec({
  parameters: 7.616e9,
  embedding: 0.545e9,
  layers: 28,
  hidden: 3584,
  kvHeads: 4,
  bytes: 2,
});
/** Qwen 2.5 32B in 4 bits (AWQ), scales included. */
export const qwen32b: ModelSpec = modelSpec({
  parameters: 32.76e9,
  embedding: 0.779e9,
  layers: 64,
  hidden: 5120,
  kvHeads: 8,
  bytes: 0.59,
});

function modelSpec(shape: {
  readonly parameters: number;
  readonly embedding: number;
  readonly layers: number;
  readonly hidden: number;
  readonly kvHeads: number;
  readonly bytes: number;
}): ModelSpec {
  const { parameters, embedding, layers, hidden, kvHeads, bytes } = shape;
  const headSize = 128;
  return {
    weightBytes: parameters * bytes,
    kvBytes: layers * kvHeads * headSize * 2 * 2,
    flopsPerToken: 2 * (parameters - embedding),
    flopsPerTokenPair: 4 * layers * hidden,
  };
}

/** The part of one sequence in a step. */
export interface StepPart {
  /** Tokens that were computed before. */
  readonly before: number;
  /** Tokens of this step: 1 of an answer, more of a prompt. */
  readonly tokens: number;
}

/** Scheduling, sampling, launching kernels: assumed. */
const overheadMs = 3;

/** The time of a step, ms, with the card for itself. */
export function stepMs(card: CardSpec, model: ModelSpec, parts: readonly StepPart[]): number {
  let [tokens, pairs, contextTokens] = [0, 0, 0];
  for (const part of parts) {
    tokens += part.tokens;
    pairs += part.tokens * (part.before + part.tokens / 2);
    contextTokens += part.before + part.tokens;
  }
  const bytes = model.weightBytes + contextTokens * model.kvBytes;
  const flops = tokens * model.flopsPerToken + pairs * model.flopsPerTokenPair;
  const memoryMs = (1000 * bytes) / (card.bytesPerSecond * card.memoryShare);
  const arithmeticMs = (1000 * flops) / (card.flopsPerSecond * card.arithmeticShare);
  return overheadMs + Math.max(memoryMs, arithmeticMs);
}
