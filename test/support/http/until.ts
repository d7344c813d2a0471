/** Waits for a condition that some other process brings about. The only kind of waiting in these tests besides a fault's own time. */

/** Asks every 50 ms; after `withinMs` it throws with what was waited for. Returns how long it took, in milliseconds. */
export async function until(what: string, isTrue: () => Promise<boolean>, withinMs = 10_000): Promise<number> {
  const startedAtMs = performance.now();
  for (;;) {
    if (await isTrue()) return performance.now() - startedAtMs;
    if (performance.now() - startedAtMs > withinMs) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await pause(50);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
