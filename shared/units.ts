/**
 * Money, shares, percentiles and times: the only place where US dollars become integers and where a percentile is defined.
 * Money is integer nano-USD (1e-9 USD); prices are integer pico-USD per token (1e-12 USD), which is USD per million tokens × 1e6.
 */

const nanoUsdPerUsd = 1_000_000_000;
const picoUsdPerNanoUsd = 1000;

/**
 * A price as people write it (USD per million tokens) as integer pico-USD per token. 0.10 becomes 100,000; the finest step is
 * 0.000001 USD per million. A nano-USD per token would be too coarse: published cache prices such as 0.0375 are 37.5 of them.
 */
export function picoUsdPerToken(usdPerMillionTokens: number): number {
  return Math.round(usdPerMillionTokens * 1_000_000);
}

/**
 * Pico-USD to whole nano-USD, rounded up: a request is never booked below its price, and by less than 1 nano-USD above it. Exact for
 * prices of at most three decimals per million tokens, because those are whole nano-USD per token.
 */
export function nanoUsdFromPicoUsd(picoUsd: number): number {
  return Math.ceil(picoUsd / picoUsdPerNanoUsd);
}

/** USD to integer nano-USD. Exact for amounts of up to nine decimals below 9 million USD. */
export function nanoUsdFromUsd(usd: number): number {
  return Math.round(usd * nanoUsdPerUsd);
}

/** Nano-USD to USD as a number, for JSON that people read. */
export function usdFromNanoUsd(nanoUsd: number): number {
  return nanoUsd / nanoUsdPerUsd;
}

/** Nano-USD as exact decimal text without an exponent and with at least two decimals: 1,500,000,000 → "1.50", 100 → "0.0000001". */
export function formatUsd(nanoUsd: number): string {
  const digits = Math.abs(nanoUsd).toString().padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0{1,7}$/, '');
  return `${nanoUsd < 0 ? '-' : ''}${digits.slice(0, -9)}.${fraction}`;
}

/** The share of `part` in `whole` in percent, two decimals; `null` when there is no whole. */
export function percentOf(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 10_000) / 100;
}

/**
 * Index of a percentile in `count` sorted values: `int(count · percent / 100)`, the convention of the published figures this project
 * reproduces (60 values: P50 is the 31st, P95 the 58th). `null` when there are none.
 */
export function percentileIndex(count: number, percent: number): number | null {
  return count <= 0 ? null : Math.min(count - 1, Math.floor((count * percent) / 100));
}

/** The percentile of values sorted in ascending order; `null` when there are none. */
export function percentile(sorted: readonly number[], percent: number): number | null {
  const index = percentileIndex(sorted.length, percent);
  return index === null ? null : (sorted[index] ?? null);
}

/** Scores, shares and confidences as answers show them. */
export function fourDigits(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** ISO 8601 in UTC; `null` for no time. */
export function isoTime(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
