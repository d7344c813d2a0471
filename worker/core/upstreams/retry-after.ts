/** How long a server asks to wait. At most an hour: a server that says more means "do not come back", and clients are told one hour. */

const maxMs = 3_600_000;

/**
 * `retry-after-ms` (milliseconds, from servers that want to be exact) before `Retry-After` (seconds or an HTTP date); null when neither
 * says anything usable.
 */
export function retryAfterMs(header: string | null, nowMs: number, exactHeader: string | null = null): number | null {
  const exact = exactHeader?.trim() ?? '';
  if (/^\d{1,15}(?:\.\d{1,15})?$/.test(exact)) return Math.min(Math.ceil(Number(exact)), maxMs);
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, maxMs);
  // `Date.parse` finds a date in any text with a number in it ("-5", "try 1"); an HTTP date begins with its day.
  const at = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.min(Math.max(at - nowMs, 0), maxMs);
}
