/** The GPU model: batches share the card, the cache bounds them, and a place that is given up is free at once. */
import { describe, expect, it } from 'vitest';
import { startGpu } from '../../../infra/standin/gpu-engine.ts';
import type { GpuModel } from '../../../infra/standin/gpu.ts';
import { a40, engineState, enqueue, iterate, kvTokens, qwen32bAwq, qwen7b, withdraw } from '../../../infra/standin/gpu.ts';

/** Runs to the end: milliseconds, tokens, and the greatest batch. */
function run(model: GpuModel, sequences: number, busyEngines = 1) {
  const state = engineState(model);
  for (let id = 0; id < sequences; id += 1) enqueue(state, id, 300, 0, 200);
  let durationMs = 0;
  let tokens = 0;
  let widest = 0;
  for (let step = iterate(state, a40, busyEngines); step; step = iterate(state, a40, busyEngines)) {
    durationMs += step.durationMs;
    tokens += step.producing.length;
    widest = Math.max(widest, step.producing.length);
    expect(kvTokens(state)).toBeLessThanOrEqual(model.kvCapacityTokens);
  }
  return { durationMs, tokens, widest, preemptions: state.preemptions };
}

describe('the A40 model', () => {
  it('decodes a 7B model alone at 25 to 45 tokens a second and a 32B AWQ at 15 to 35', () => {
    for (const [model, low, high] of [
      [qwen7b, 25, 45],
      [qwen32bAwq, 15, 35],
    ] as const) {
      const { durationMs, tokens } = run(model, 1);
      expect(tokens / (durationMs / 1000)).toBeGreaterThan(low);
      expect(tokens / (durationMs / 1000)).toBeLessThan(high);
    }
  });

  it('gives more tokens in all, and fewer to each, the more sequences run', () => {
    const [one, many] = [run(qwen7b, 1), run(qwen7b, 32)];
    expect(many.tokens / many.durationMs).toBeGreaterThan((10 * one.tokens) / one.durationMs);
    expect(many.durationMs).toBeGreaterThan(1.2 * one.durationMs);
  });

  it('halves the speed while the other engine computes', () => {
    expect(run(qwen7b, 4, 2).durationMs).toBeCloseTo(2 * run(qwen7b, 4).durationMs);
  });

  it('preempts when the cache is full and still generates every token', () => {
    const tight = { ...qwen7b, kvCapacityTokens: 2000 };
    const { tokens, preemptions } = run(tight, 12);
    expect(tokens).toBe(12 * 200);
    expect(preemptions).toBeGreaterThan(0);
  });

  it('queues without a bound by default and up to the limit where one is set', () => {
    const open = engineState(qwen7b);
    expect(Array.from({ length: 5000 }, (_, id) => enqueue(open, id, 300, 0, 1)).every(Boolean)).toBe(true);
    const limited = engineState({ ...qwen7b, maxQueued: 2 });
    expect([0, 1, 2].map((id) => enqueue(limited, id, 300, 0, 1))).toEqual([true, true, false]);
  });

  it('forgets a withdrawn sequence wherever it is', () => {
    const state = engineState({ ...qwen7b, maxRunning: 1 });
    for (const id of [0, 1]) enqueue(state, id, 300, 0, 50);
    iterate(state, a40, 1);
    withdraw(state, 0);
    withdraw(state, 1);
    expect([state.running, state.waiting, iterate(state, a40, 1)]).toEqual([[], [], null]);
  });
});

describe('the engine in time', () => {
  const job = { promptTokens: 100, cachedTokens: 0, outputTokens: 20, variation: 1, tokenMs: null, firstTokenMs: null };

  it('delivers every token of every lease and is empty afterwards', async () => {
    const engine = startGpu(a40, 0).engine(qwen7b);
    const count = async () => {
      const lease = engine.admit(job);
      let tokens = 0;
      while (tokens < job.outputTokens && (await lease?.next())) tokens += 1;
      lease?.end();
      return tokens;
    };
    expect(await Promise.all([count(), count(), count()])).toEqual([20, 20, 20]);
    expect(engine.load()).toMatchObject({ running: 0, waiting: 0, kvUsage: 0 });
  });

  it('wakes a waiting reader with false when the lease ends', async () => {
    const engine = startGpu(a40, 1).engine(qwen7b);
    const lease = engine.admit({ ...job, outputTokens: 100_000 });
    const next = lease?.next();
    lease?.end();
    expect(await next).toBe(false);
    expect(engine.load()).toMatchObject({ running: 0, waiting: 0 });
  });
});
