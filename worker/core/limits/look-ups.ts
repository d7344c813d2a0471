/**
 * How often an isolate asks for keys that it does not know. Whoever makes keys up can make many; the one object that knows them all must
 * not be asked about each. Keys that are known are not counted.
 */

export interface LookUps {
  readonly left: number;
  readonly atMs: number;
}

/** What may be asked at once, in seconds' worth: a cold isolate meets many keys. */
const burstSeconds = 10;

export function freshLookUps(perSecond: number, nowMs: number): LookUps {
  return { left: perSecond * burstSeconds, atMs: nowMs };
}

/** Takes one, or none. A clock that steps back gives nothing. */
export function takeLookUp(
  before: LookUps,
  perSecond: number,
  nowMs: number,
): { readonly lookUps: LookUps; readonly isAllowed: boolean } {
  const gained = (Math.max(0, nowMs - before.atMs) / 1000) * perSecond;
  const left = Math.min(perSecond * burstSeconds, before.left + gained);
  const isAllowed = left >= 1;
  return { lookUps: { left: isAllowed ? left - 1 : left, atMs: Math.max(before.atMs, nowMs) }, isAllowed };
}
