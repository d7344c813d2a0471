/** What a survival scenario is: it starts what it needs, does harm, and returns what became of the promises. */
import type { Bundle } from '../../cpu/workerd.ts';
import { readAnswer } from '../client.ts';
import type { Gateway } from '../gateway-on-workerd.ts';
import type { PromiseRow } from '../promise-table.ts';

export interface Scenario {
  /** For `--only`. */
  readonly name: string;
  /** A sentence of behaviour. */
  readonly title: string;
  run(bundle: Bundle): Promise<readonly PromiseRow[]>;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks every 20 ms; how long it took, in ms, or null when it was not true within the time. */
export async function until(isTrue: () => boolean | Promise<boolean>, withinMs: number): Promise<number | null> {
  const startedAtMs = performance.now();
  for (;;) {
    if (await isTrue()) return performance.now() - startedAtMs;
    if (performance.now() - startedAtMs > withinMs) return null;
    await pause(20);
  }
}

/** Runs `work` for every index below `count`, so many at a time. */
export async function inParallel(count: number, atATime: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}

export interface Recovery {
  /** Until any model answered, ms; null for never. */
  readonly firstMs: number | null;
  /** Until the primary model answered at its first try. */
  readonly primaryMs: number | null;
}

/** Asks until the small model answers again, from the moment of the call. */
export async function recover(gateway: Gateway, withinMs: number): Promise<Recovery> {
  const startedAtMs = performance.now();
  let firstMs: number | null = null;
  while (performance.now() - startedAtMs < withinMs) {
    const messages = [{ role: 'user', content: '[[tokens:12]]Name a harbour.' }];
    const { isSuccess, metadata } = readAnswer(await gateway.chat({ model: 'small', messages }));
    const sinceMs = performance.now() - startedAtMs;
    if (isSuccess) firstMs ??= sinceMs;
    if (isSuccess && !metadata.fallback_used && metadata.attempts === 1) return { firstMs, primaryMs: sinceMs };
    await pause(50);
  }
  return { firstMs, primaryMs: null };
}
