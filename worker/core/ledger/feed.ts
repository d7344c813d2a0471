/** The live feed's decisions: what waits for the next message, when that goes out, and who is no longer there to read it. */
import type { FeedMessage } from '../../../shared/observed.ts';
import type { RoutingAlert } from '../../../shared/records.ts';
import type { Counters } from './counters.ts';
import type { LedgerDelta } from './delta.ts';
import { type RequestLines, sumLines } from './request-records.ts';

/** By which the ledger root is shown the hash of a ticket. */
export const feedTicketHeader = 'x-feed-ticket';

/** However much happens, sockets get one message in so long. */
export const feedEveryMs = 1000;
/** Of one message, without its sums and alerts. */
const maxMessageChars = 24_000;

/** Pages say every ten seconds that they are there. What says nothing for so long, or was sent so much meanwhile, does not read. */
const silentMs = 30_000;
const maxUnheardChars = 400_000;

export const nothingWaits: RequestLines = { lines: [], unrecorded: 0 };

/** Adds what a batch has of requests; there are never more lines than one message shows. */
export function addWaiting(waiting: RequestLines, { records = [], unrecorded = 0 }: LedgerDelta): RequestLines {
  return sumLines([waiting, { lines: records, unrecorded }]);
}

export function isWaiting({ lines, unrecorded }: RequestLines): boolean {
  return lines.length > 0 || unrecorded > 0;
}

/** How long a message has to wait. */
export function feedWaitMs(lastSentAtMs: number, nowMs: number): number {
  return Math.min(feedEveryMs, Math.max(0, lastSentAtMs + feedEveryMs - nowMs));
}

/** A `FeedMessage` as JSON text, put together from the records' own texts: the newest that have room, the oldest first. */
export function feedText({ lines, unrecorded }: RequestLines, totals: Counters, alerts: readonly RoutingAlert[]): string {
  const newestFirst = lines.toSorted((a, b) => b.atMs - a.atMs);
  let chars = 0;
  const shown = newestFirst.filter(({ record }) => (chars += record.length) <= maxMessageChars);
  const rest: Omit<FeedMessage, 'type' | 'requests'> = {
    more: unrecorded + lines.length - shown.length,
    totals: {
      requests: totals.requests,
      succeeded: totals.succeeded,
      cost_nano_usd: totals.costNanoUsd,
      all_large_cost_nano_usd: totals.allLargeCostNanoUsd,
    },
    alerts,
  };
  const records = shown.toReversed().map(({ record }) => record);
  return `{"type":"requests","requests":[${records.join(',')}],${JSON.stringify(rest).slice(1)}`;
}

/** @param heardAtMs when the socket last said that it is there, its opening included */
export function isGone(heardAtMs: number, unheardChars: number, nowMs: number): boolean {
  return nowMs - heardAtMs > silentMs || unheardChars > maxUnheardChars;
}
