/** When a shard passes on to the root what it has booked: at once when a reader waits, otherwise rarely, since each time costs rows. */
import { maxLines } from './request-records.ts';

/** How long a shard collects when the feed has no reader and little happens. */
export const passOnMs = 5000;
/** Batches that come together go on together. */
const togetherMs = 200;
/** Between two times, when there are as many records as a batch has room for: more would be left out. */
const fullMs = 1000;

/**
 * How long from now, or null for the alarm to do it. What was quiet passes on its first batch at once, so that one request an hour is seen as
 * soon as it ends; that costs no row more.
 *
 * @param lastMs when it last passed on, as far as it remembers
 * @param lines records that it holds
 */
export function passOnInMs(
  { isWatched, lastMs, lines }: { readonly isWatched: boolean; readonly lastMs: number; readonly lines: number },
  nowMs: number,
): number | null {
  if (isWatched || nowMs - lastMs >= passOnMs) return togetherMs;
  return lines >= maxLines ? Math.max(togetherMs, lastMs + fullMs - nowMs) : null;
}
