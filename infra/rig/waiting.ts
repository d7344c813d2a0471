/** Waits for conditions that other processes bring about, and runs work in parallel. */

export function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}

/** How long it took until it was true, in ms; null when the time ran out. */
export async function comesTrue(
  isTrue: () => boolean | Promise<boolean>,
  withinMs: number,
  everyMs = 20,
): Promise<number | null> {
  const startedAtMs = performance.now();
  for (;;) {
    if (await isTrue()) return performance.now() - startedAtMs;
    if (performance.now() - startedAtMs > withinMs) return null;
    await pause(everyMs);
  }
}

/** Asks every 20 ms; after `withinMs` it throws with what was waited for. Returns how long it took, in ms. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<number> {
  const tookMs = await comesTrue(isTrue, withinMs);
  if (tookMs === null) throw new Error(`Not within ${withinMs} ms: ${what}`);
  return tookMs;
}

/** Runs `work` for every index below `count`, so many at a time. */
export async function inParallel(count: number, atATime: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
