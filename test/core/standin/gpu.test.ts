import { describe, expect, it } from 'vitest';
import { a40, qwen32b, qwen7b, stepMs } from '../../../infra/standin/gpu/cost-model.ts';
import { gpu, gpuEngine } from '../../../infra/standin/gpu/gpu-engine.ts';
import { makesToken, planStep, type Queues, type SchedulerOptions, type Sequence } from '../../../infra/standin/gpu/scheduler.ts';

const options: SchedulerOptions = { maxSequences: 64, stepTokens: 2048, longPrefillThreshold: 0, kvTokens: 100_000 };
const prompt = (promptTokens: number): Sequence => ({ promptTokens, computed: 0, made: 0 });
const decoding = (promptTokens: number): Sequence => ({ promptTokens, computed: promptTokens, made: 1 });

/** The tokens that each gets, by its place in `of`; 0 where it gets none. */
function planned(queues: Queues<Sequence>, of: readonly Sequence[], given: Partial<SchedulerOptions> = {}): number[] {
  const plan = planStep(queues, { ...options, ...given });
  return of.map((sequence) => plan.find((part) => part.sequence === sequence)?.tokens ?? 0);
}

describe('a step', () => {
  it.each<[what: string, running: Sequence[], waiting: Sequence[], given: Partial<SchedulerOptions>, tokens: number[]]>([
    [
      'gives every running answer a token first, and a prompt the rest',
      [decoding(10), decoding(20)],
      [prompt(30_000)],
      {},
      [1, 1, 2046],
    ],
    ['leaves nothing to a short prompt behind a long one', [prompt(30_000)], [prompt(50)], {}, [2048, 0]],
    ['has room for it where pieces are bounded', [prompt(30_000)], [prompt(50)], { longPrefillThreshold: 80 }, [80, 50]],
    ['bounds no prompt that is alone', [prompt(30_000)], [], { longPrefillThreshold: 80 }, [2048]],
    ['starts no more than there are places', [decoding(10)], [prompt(50)], { maxSequences: 1 }, [1, 0]],
    [
      'lets nobody past one that the cache has no room for',
      [decoding(900)],
      [prompt(200), prompt(10)],
      { kvTokens: 1000 },
      [1, 0, 0],
    ],
    ['puts the youngest back where the cache is full', [decoding(500), decoding(500)], [], { kvTokens: 1000 }, [1, 0]],
  ])('%s', (_, running, waiting, given, tokens) => {
    const all = [...running, ...waiting];
    expect(planned({ running: [...running], waiting: [...waiting] }, all, given)).toEqual(tokens);
  });

  it('makes a token of an answer when the prompt is read', () => {
    expect(makesToken({ sequence: prompt(3000), tokens: 2048 })).toBe(false);
    expect(makesToken({ sequence: { ...prompt(3000), computed: 2048 }, tokens: 952 })).toBe(true);
    expect(makesToken({ sequence: decoding(10), tokens: 1 })).toBe(true);
  });

  it('of a few answers takes the time to read the weights, and a long piece of a prompt the time to compute it', () => {
    const few = stepMs(a40, qwen7b, [{ before: 100, tokens: 1 }]);
    const many = stepMs(
      a40,
      qwen7b,
      Array.from({ length: 20 }, () => ({ before: 100, tokens: 1 })),
    );
    expect([few > 25, many / few < 1.02]).toEqual([true, true]);
    expect(stepMs(a40, qwen7b, [{ before: 0, tokens: 2048 }])).toBeGreaterThan(10 * few);
    expect(stepMs(a40, qwen32b, [{ before: 0, tokens: 2048 }])).toBeGreaterThan(
      4 * stepMs(a40, qwen7b, [{ before: 0, tokens: 2048 }]),
    );
  });
});

describe('an engine on a card', () => {
  const engineOn = (card = gpu(a40)) => gpuEngine({ ...options, card, model: qwen7b, timeScale: 0.001 });
  const job = { promptTokens: 100, outputTokens: 3, variation: 1, tokenMs: null };

  it('hands out every token of an answer, and is free again', async () => {
    const card = gpu(a40);
    const engine = engineOn(card);
    const lease = engine.admit(job);
    expect(engine.load()).toMatchObject({ running: 1, waiting: 0 });
    expect(await lease.ready()).toBe(true);
    for (let token = 0; token < 3; token += 1) expect(await lease.next()).toBe(true);
    lease.end();
    expect(engine.load()).toMatchObject({ running: 0, waiting: 0, kvUsage: 0 });
    // The prompt, and two tokens more: the first one comes with the prompt's last step.
    expect(engine.computedTokens()).toBe(102);
    expect(card.busyMs()).toBeGreaterThan(0);
  });

  it('frees the place of a client that leaves, and tells whoever waits for its token', async () => {
    const engine = engineOn();
    const lease = engine.admit({ ...job, promptTokens: 50_000 });
    const waiting = lease.next();
    lease.end();
    expect(await waiting).toBe(false);
    expect(await engine.admit(job).next()).toBe(true);
    expect(engine.load().running).toBeLessThanOrEqual(1);
  });
});
