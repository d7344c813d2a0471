/**
 * Cost and saturation of a deployment at any rate, worked out from what one isolate does at a few: what happens once a request grows with the
 * requests, what happens once in a while (a batch, a look at health) grows with the isolates.
 */

/** What a class of objects sees of one isolate: so many a request, and so many a second besides. */
export interface Rate {
  readonly perRequest: number;
  readonly perSecond: number;
}

/** The least-squares line through measured counts a second at several rates; neither part below 0. */
export function fitRate(points: readonly { readonly perSecond: number; readonly countPerSecond: number }[]): Rate {
  const count = points.length;
  if (count === 0) return { perRequest: 0, perSecond: 0 };
  const meanX = points.reduce((sum, { perSecond }) => sum + perSecond, 0) / count;
  const meanY = points.reduce((sum, { countPerSecond }) => sum + countPerSecond, 0) / count;
  const spread = points.reduce((sum, { perSecond }) => sum + (perSecond - meanX) ** 2, 0);
  const covered = points.reduce((sum, point) => sum + (point.perSecond - meanX) * (point.countPerSecond - meanY), 0);
  const slope = spread === 0 ? meanY / meanX : covered / spread;
  const perRequest = Math.max(0, Math.min(slope, meanY / meanX));
  return { perRequest, perSecond: Math.max(0, meanY - perRequest * meanX) };
}

/** USD; what a month includes is not taken off. */
export interface PlatformPrices {
  readonly perMillionRequests: number;
  readonly perMillionCpuMs: number;
  readonly perMillionObjectCalls: number;
  readonly perMillionRowsWritten: number;
  readonly perMillionGbSeconds: number;
}

/** developers.cloudflare.com, pages on the prices of Workers and of Durable Objects, read in November 2026. */
export const cloudflare: PlatformPrices = {
  perMillionRequests: 0.3,
  perMillionCpuMs: 0.02,
  perMillionObjectCalls: 0.15,
  perMillionRowsWritten: 1,
  perMillionGbSeconds: 12.5,
};

export interface Deployment {
  /** Requests a second that one isolate is given before there is another one: the platform's choice, assumed. */
  readonly perIsolate: number;
  readonly cpuMs: number;
  readonly rows: Rate;
  readonly calls: Rate;
  /** Objects that are awake all the time, which is the most that they can cost. */
  readonly awakeObjects: number;
}

export interface CostOfMillion {
  readonly requests: number;
  readonly cpu: number;
  readonly calls: number;
  readonly rows: number;
  readonly duration: number;
  readonly all: number;
}

/** Memory that an object is billed for, GB. */
const objectGb = 0.128;

/** USD per million requests at so many a second. */
export function costOfMillion(
  perSecond: number,
  { perIsolate, cpuMs, rows, calls, awakeObjects }: Deployment,
  prices: PlatformPrices,
): CostOfMillion {
  const isolates = isolatesAt(perSecond, perIsolate);
  const each = (rate: Rate): number => rate.perRequest + (rate.perSecond * isolates) / perSecond;
  const parts = {
    requests: prices.perMillionRequests,
    cpu: cpuMs * prices.perMillionCpuMs,
    calls: each(calls) * prices.perMillionObjectCalls,
    rows: each(rows) * prices.perMillionRowsWritten,
    duration: (awakeObjects * objectGb * prices.perMillionGbSeconds) / perSecond,
  };
  return { ...parts, all: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

export function isolatesAt(perSecond: number, perIsolate: number): number {
  return Math.max(1, Math.ceil(perSecond / perIsolate));
}

/** Requests a second at which an object is called so often; null where it never is. @param objects that share the calls of the class */
export function saturatesAt(calls: Rate, objects: number, mostCallsPerSecond: number, perIsolate: number): number | null {
  const each = (calls.perRequest + calls.perSecond / perIsolate) / objects;
  return each === 0 ? null : mostCallsPerSecond / each;
}
