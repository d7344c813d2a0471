/**
 * How fast a model has written of late, as one isolate has seen it: what says that an answer ends soon although nobody has limited it. Its
 * slowest answer counts, the wait before the first token included, so that a short one never makes a model look faster than it is. Of answers
 * that end together the fastest counts: what an isolate itself is late with (a collection, a burst of requests) comes late for all of them at
 * once, and must not pass for the model's doing, or streams are asked for, which make the isolate later still.
 */

/** Answers that ended together, oldest first. */
export type RecentSpeeds = readonly Together[];

interface Together {
  /** Of the fastest of them. */
  readonly tokensPerSecond: number;
  /** When the first of them ended. */
  readonly atMs: number;
  readonly answers: number;
}

/** In which those follow that were not late; short, so that a bad moment is forgotten within a second of load. */
const togetherMs = 100;
const remembered = 8;
/** Fewer say nothing. */
const leastAnswers = 3;
/** Longer than a lull between conversations. A model that has become slower meanwhile is given up by a tenth of this speed (`calls/pace.ts`). */
const freshForMs = 120_000;

/** Takes in an answer that came to its end. */
export function noteSpeed(speeds: RecentSpeeds, tokens: number, tookMs: number, nowMs: number): RecentSpeeds {
  const tokensPerSecond = (tokens / Math.max(1, tookMs)) * 1000;
  const last = speeds.at(-1);
  if (last === undefined || nowMs - last.atMs >= togetherMs)
    return [...speeds.slice(1 - remembered), { tokensPerSecond, atMs: nowMs, answers: 1 }];
  const fastest = Math.max(last.tokensPerSecond, tokensPerSecond);
  return [...speeds.slice(0, -1), { tokensPerSecond: fastest, atMs: last.atMs, answers: last.answers + 1 }];
}

/** Output tokens per second that a model has reached every time of late; null when there are too few answers. */
export function leastSpeed(speeds: RecentSpeeds, nowMs: number): number | null {
  let least = Number.POSITIVE_INFINITY;
  let count = 0;
  for (const { tokensPerSecond, atMs, answers } of speeds) {
    if (nowMs - atMs >= freshForMs) continue;
    count += answers;
    least = Math.min(least, tokensPerSecond);
  }
  return count < leastAnswers ? null : least;
}
