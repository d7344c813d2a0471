/**
 * Limits how often an isolate looks up keys it does not know. An attacker can invent any number of keys, and the single object that stores
 * all keys must not be asked about each. Known keys are not counted.
 */

export interface LookUps {
  readonly left: number;
  readonly atMs: number;
}

/** The burst, in seconds' worth of look-ups: a cold isolate sees many keys at once. */
const burstSeconds = 10;

export function freshLookUps(perSecond: number, nowMs: number): LookUps {
  return { left: perSecond * burstSeconds, atMs: nowMs };
}

/** Takes one look-up if there is one left. A clock that steps back adds none. */
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
