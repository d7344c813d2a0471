/**
 * Shares the time of one GPU among the calls that use it. A call's part is
 *
 *   the time to read its prompt  +  the rest of the card's time while it ran, in equal parts among the calls that ran
 *
 * The first is its prompt tokens by the model's configured speed of reading, never more than the time to its first token, so that a prompt which
 * the server has cached costs what it took. That time is kept out of what the others share. The second is processor sharing (Kleinrock, "Time-shared
 * systems", J. ACM 1967), as continuous batching does it: a step reads the weights once for all answers. Over all calls the parts add up to the time
 * in which at least one was under way: a sum of tokens by a rate would not.
 *
 * What it does not know: time on the network counts as the call's, and calls of other isolates only by `part`. Time comes in as an argument; each
 * call costs a few additions when it begins, has its first token and ends, and nothing in between.
 */

export interface CardUse {
  /** The prompt is read. */
  noteFirstToken(nowMs: number): void;
  /** The call is over; the first time counts. */
  end(nowMs: number): void;
  /** GPU milliseconds, as far as it is over. */
  usedMs(): number;
}

export interface CardClock {
  /**
   * A call begins.
   * @param promptMs to read its prompt
   * @param part this isolate's part of all that is under way on the card, above 0 to 1
   */
  begin(nowMs: number, promptMs: number, part: number): CardUse;
}

/** An end that is never reported must not count as a call for ever. */
const longestCallMs = 900_000;

export function cardClock(): CardClock {
  const running = new Map<CardUse, number>();
  let atMs = 0;
  /** What a call that began with the clock would have of the shared time. */
  let sharedMs = 0;
  /** Reading of prompts that is charged to their calls and not yet kept out of the shared time. */
  let owedMs = 0;
  let ownPart = 1;
  const advance = (nowMs: number): void => {
    const tookMs = Math.max(0, nowMs - atMs) * ownPart;
    atMs = Math.max(atMs, nowMs);
    if (running.size === 0) return;
    const paidMs = Math.min(owedMs, tookMs);
    owedMs -= paidMs;
    sharedMs += (tookMs - paidMs) / running.size;
  };
  return {
    begin(nowMs, promptMs, part) {
      advance(nowMs);
      ownPart = part;
      for (const [use, startedAtMs] of running) if (nowMs - startedAtMs > longestCallMs) use.end(nowMs);
      let readMs = promptMs;
      let isRead = false;
      let used: number | null = null;
      owedMs += readMs;
      const before = sharedMs;
      const read = (whenMs: number): void => {
        if (isRead) return;
        isRead = true;
        const mostMs = Math.min(readMs, Math.max(0, whenMs - nowMs) * ownPart);
        owedMs -= readMs - mostMs;
        readMs = mostMs;
        // It was kept out of the shared time although nobody read so long.
        if (owedMs < 0) {
          sharedMs -= owedMs / running.size;
          owedMs = 0;
        }
      };
      const use: CardUse = {
        noteFirstToken(whenMs) {
          if (used !== null) return;
          advance(whenMs);
          read(whenMs);
        },
        end(whenMs) {
          if (used !== null) return;
          advance(whenMs);
          read(whenMs);
          running.delete(use);
          used = sharedMs - before + readMs;
          if (running.size > 0) return;
          // Prompts that claimed more than there was time for: the last one has that much less.
          used = Math.max(0, used - owedMs);
          owedMs = 0;
        },
        usedMs: () => used ?? 0,
      };
      running.set(use, nowMs);
      return use;
    },
  };
}
