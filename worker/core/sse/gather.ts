/**
 * How much of a stream to read at once where nobody watches it come. A read costs as much as ten events and more (`npm run bench:overhead`,
 * row `no-max-tokens`), and only its end is waited for; but what has come of a read that never ends is lost with it, and counts as silence.
 */

/** A tenth of a second: so much of an answer that breaks off may not have been seen. */
const aheadMs = 100;
/** What one read can bring. */
const mostBytes = 4096;
/** The shortest events: a token in a frame of a few names. */
const leastEventBytes = 150;
/** Of the time that a stream may be silent. */
const partOfIdle = 0.25;

export interface Flow {
  readonly bytes: number;
  readonly ms: number;
}

/**
 * Bytes to wait for: what comes in a tenth of a second at the pace so far, and never more than a model writes in a quarter of the silence
 * that ends a call when it is as slow as it may be. 1 is: whatever comes.
 */
export function bytesToAwait({ bytes, ms }: Flow, slowTokensPerSecond: number, idleMs: number): number {
  const mostWhenSlow = leastEventBytes * slowTokensPerSecond * (idleMs / 1000) * partOfIdle;
  const atThisPace = (bytes / Math.max(1, ms)) * aheadMs;
  return Math.max(1, Math.floor(Math.min(mostBytes, mostWhenSlow, atThisPace)));
}

/** Answers of a server in a row that were over when they had said so. */
const leastEnded = 3;

/**
 * Whether a server is known to end what it says, by how many answers in a row this isolate has seen it end. There are servers that keep an
 * answer open after its last word: of these every event is read when it comes, or the last ones would never be seen.
 */
export function endsSurely(endedInARow: number): boolean {
  return endedInARow >= leastEnded;
}
