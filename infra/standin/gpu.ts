/**
 * A model of one GPU that several vLLM engines share: which sequences run in an iteration, how long the iteration takes, when the KV
 * cache is full. Pure: states in, states out; the timers stand in gpu-engine.ts.
 */

/** What a card can do. Bytes and operations per second. */
export interface GpuSpec {
  readonly memoryBytesPerSecond: number;
  readonly flops: number;
  /** Share of the peak bandwidth that decoding reaches. */
  readonly memoryEfficiency: number;
  /** Share of the peak arithmetic that prefill reaches. */
  readonly computeEfficiency: number;
  /** Scheduler, sampling and launch time of one iteration, in ms. */
  readonly overheadMs: number;
}

/** What a model costs on it. */
export interface GpuModel {
  readonly parameters: number;
  readonly weightBytes: number;
  readonly kvBytesPerToken: number;
  /** Tokens that fit into this engine's share of the memory. */
  readonly kvCapacityTokens: number;
  /** --max-num-seqs. */
  readonly maxRunning: number;
  /** --max-num-batched-tokens: decodes first, the rest goes to chunks of prefill. */
  readonly maxBatchedTokens: number;
  /** --max-num-queued-reqs; null is vLLM's default, an unbounded queue. */
  readonly maxQueued: number | null;
}

/**
 * NVIDIA A40: 696 GB/s GDDR6 and 149.7 TFLOPS BF16 tensor, dense (data sheet). The efficiencies and the overhead are assumed: usual
 * figures for vLLM on Ampere, not measured on this card.
 */
export const a40: GpuSpec = {
  memoryBytesPerSecond: 696e9,
  flops: 149.7e12,
  memoryEfficiency: 0.75,
  computeEfficiency: 0.45,
  overheadMs: 2,
};

/**
 * Qwen 2.5 7B, BF16: 7.61e9 parameters, 28 layers × 4 KV heads × 128 × 2 (K, V) × 2 bytes per token (model card). Capacity is assumed:
 * 0.37 of 48 GB, less the weights and 0.5 GB for activations.
 */
export const qwen7b: GpuModel = {
  parameters: 7.61e9,
  weightBytes: 15.2e9,
  kvBytesPerToken: 28 * 4 * 128 * 2 * 2,
  kvCapacityTokens: 36_000,
  maxRunning: 256,
  maxBatchedTokens: 2048,
  maxQueued: null,
};

/**
 * Qwen 2.5 32B AWQ: 32.5e9 parameters, 64 layers × 8 KV heads × 128 × 2 × 2 bytes per token (model card); 19.3 GB of four-bit weights.
 * Capacity is assumed: 0.61 of 48 GB, less the weights and 1.2 GB; just enough for one sequence of 32,768 tokens.
 */
export const qwen32bAwq: GpuModel = {
  parameters: 32.5e9,
  weightBytes: 19.3e9,
  kvBytesPerToken: 64 * 8 * 128 * 2 * 2,
  kvCapacityTokens: 33_000,
  maxRunning: 256,
  maxBatchedTokens: 2048,
  maxQueued: null,
};

export interface Sequence {
  readonly id: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Prompt tokens (and, after a preemption, output tokens) still to be computed before the next token. */
  prefillLeft: number;
  generated: number;
}

/** One engine: first come, first served, both lists in order of arrival. */
export interface EngineState {
  readonly model: GpuModel;
  running: Sequence[];
  waiting: Sequence[];
  preemptions: number;
}

export function engineState(model: GpuModel): EngineState {
  return { model, running: [], waiting: [], preemptions: 0 };
}

/** Queues a sequence; false when the queue limit is reached. */
export function enqueue(
  state: EngineState,
  id: number,
  promptTokens: number,
  cachedTokens: number,
  outputTokens: number,
): boolean {
  const { maxQueued } = state.model;
  if (maxQueued !== null && state.waiting.length >= maxQueued) return false;
  state.waiting.push({ id, promptTokens, outputTokens, prefillLeft: Math.max(1, promptTokens - cachedTokens), generated: 0 });
  return true;
}

/** Takes a sequence out, wherever it is. */
export function withdraw(state: EngineState, id: number): void {
  state.running = state.running.filter((sequence) => sequence.id !== id);
  state.waiting = state.waiting.filter((sequence) => sequence.id !== id);
}

export function kvTokens(state: EngineState): number {
  return state.running.reduce((sum, { promptTokens, generated }) => sum + promptTokens + generated, 0);
}

export interface Iteration {
  readonly durationMs: number;
  /** Sequences that have one more token after it. */
  readonly producing: readonly number[];
}

/**
 * Plans one iteration and applies it: admits what fits, preempts the newest while the cache is full, decodes one token per running
 * sequence, spends the rest of the batch on prefill. Null when there is nothing to do. `busyEngines` is how many engines compute at
 * this time: they share the card, so each is slower by that factor (assumed; no better than time slices).
 */
export function iterate(state: EngineState, gpu: GpuSpec, busyEngines: number): Iteration | null {
  preempt(state);
  admit(state);
  if (state.running.length === 0) return null;
  const producing: number[] = [];
  let batched = 0;
  let budget = state.model.maxBatchedTokens - state.running.filter(({ prefillLeft }) => prefillLeft === 0).length;
  for (const sequence of state.running) {
    const chunk = Math.min(sequence.prefillLeft, Math.max(0, budget));
    if (sequence.prefillLeft > 0) {
      sequence.prefillLeft -= chunk;
      budget -= chunk;
      batched += chunk;
      if (sequence.prefillLeft > 0) continue;
    } else {
      batched += 1;
    }
    sequence.generated += 1;
    producing.push(sequence.id);
  }
  const durationMs = iterationMs(state, gpu, batched) * Math.max(1, busyEngines);
  state.running = state.running.filter(({ generated, outputTokens }) => generated < outputTokens);
  return { durationMs, producing };
}

function admit(state: EngineState): void {
  const { model } = state;
  let used = kvTokens(state);
  for (let next = state.waiting[0]; next; next = state.waiting[0]) {
    const needed = next.promptTokens + next.generated;
    // Every running sequence grows by one token in this iteration, too. A prompt beyond the whole cache runs alone: refusing it is
    // the context check's business.
    const fits = used + needed + state.running.length + 1 <= model.kvCapacityTokens || state.running.length === 0;
    if (!fits || state.running.length >= model.maxRunning) return;
    state.running.push(next);
    state.waiting.shift();
    used += needed;
  }
}

/** vLLM's recompute: the newest sequence loses its cache and queues again at the front. */
function preempt(state: EngineState): void {
  while (state.running.length > 1 && kvTokens(state) + state.running.length > state.model.kvCapacityTokens) {
    const newest = state.running.pop();
    if (!newest) return;
    newest.prefillLeft = newest.promptTokens + newest.generated;
    state.waiting.unshift(newest);
    state.preemptions += 1;
  }
}

/** Roofline: whichever takes longer of reading weights and cache once, or multiplying every token with every weight. */
function iterationMs({ model, ...state }: EngineState, gpu: GpuSpec, batchedTokens: number): number {
  const bytes = model.weightBytes + kvTokens({ model, ...state }) * model.kvBytesPerToken;
  const memorySeconds = bytes / (gpu.memoryBytesPerSecond * gpu.memoryEfficiency);
  const computeSeconds = (2 * model.parameters * batchedTokens) / (gpu.flops * gpu.computeEfficiency);
  return gpu.overheadMs + 1000 * Math.max(memorySeconds, computeSeconds);
}
