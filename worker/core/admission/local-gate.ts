/**
 * An isolate's side of admission: the fast path that asks nobody. The isolate holds a block of places as a lease and renews it in the
 * background; only without a spare place, and not in calm times, does a request ask the Durable Object and wait there.
 *
 * Invariant: the places that all gates may use never pass what the object has handed out, hence never the cap. It holds because a gate
 * counts its lease from the moment it asked and ends it a margin early, lowers its own block before it asks for less, has one renewal under
 * way at a time, and numbers them. Two things go beyond leases, both bounded: `optimisticPlaces` an isolate in calm times, and streams that
 * run on after a lease was lost.
 */
import type { HealthSnapshot } from '../health/snapshot.ts';
import type { Entry, Renewal, RenewalAnswer } from './admission.ts';

export interface GateConfig {
  readonly isolateId: string;
  readonly cap: number;
  readonly leaseMs: number;
}

export interface LocalGate {
  /** Places of the block that this isolate may use until `leaseUntilMs`. */
  readonly places: number;
  readonly leaseUntilMs: number;
  /** What the object last said the block has; more than `places` once the gate has given some up. */
  readonly granted: number;
  /** What the last renewal asked for. */
  readonly wanted: number;
  /** Requests in flight that this gate let through. */
  readonly inUse: number;
  /** The most that were in use since `peakSinceMs`, and in the stretch before. */
  readonly peak: number;
  readonly peakBefore: number;
  readonly peakSinceMs: number;
  /** Requests in flight with a ticket of the object's own; a renewal keeps those alive, too. */
  readonly tickets: number;
  /** Number of the last renewal, and when it was sent. */
  readonly sequence: number;
  readonly sentAtMs: number;
  readonly isAnswerPending: boolean;
  /** Others wait for places: nothing spare is kept, and every new request queues with the rest. */
  readonly isContended: boolean;
  /** By key id: the object had no seat for the key a moment ago. */
  readonly turnedAway: Readonly<Record<string, Refusal>>;
}

interface Refusal {
  readonly retryAfterMs: number;
  readonly untilMs: number;
}

export const closedGate: LocalGate = {
  places: 0,
  leaseUntilMs: 0,
  granted: 0,
  wanted: 0,
  inUse: 0,
  peak: 0,
  peakBefore: 0,
  peakSinceMs: -Infinity,
  tickets: 0,
  sequence: 0,
  sentAtMs: -Infinity,
  isAnswerPending: false,
  isContended: false,
  turnedAway: {},
};

/** Clocks of isolate and object may differ by this much. */
const clockMarginMs = 1000;

/** A renewal without an answer is given up; the next one has a higher number. */
const answerTimeoutMs = 5000;

/**
 * A place that was in use within the last one to two of these counts as used. Requests come and go by themselves: a block cut to what is in
 * use at this instant would be asked for again at the next.
 */
export const peakStretchMs = 1000;

/**
 * A block that got less than it asked for is not asked for again at once. One that got all of it is: when many requests come together, the
 * first of them asks for itself alone, and until the block has room for the others each of those asks the object twice.
 */
const growthPauseMs = 1000;

/**
 * For so long a refusal counts for all of its key. Under overload most requests are refused: asking for each would make the object the
 * bottleneck, and the refusal as slow as the way there. The queue cannot run dry meanwhile: it holds `queue_ratio` times the places.
 */
const refusalHoldsMs = 50;

/** In busy times an isolate hears this often whether others wait; as often as it reads health. */
const busyRenewalMs = 2000;

/** Lets a request in by its lease or, in calm times, without one; or sends it to the object. Then ask `beginRenewal`. */
export function enterGate(
  gate: LocalGate,
  isClusterCalm: boolean,
  nowMs: number,
  config: GateConfig,
): { readonly gate: LocalGate; readonly decision: 'leased' | 'optimistic' | 'ask' } {
  const usable = usablePlaces(gate, nowMs);
  const entered = notePeak({ ...gate, inUse: gate.inUse + 1 }, gate.inUse + 1, nowMs);
  if (gate.inUse < usable) return { gate: entered, decision: 'leased' };
  const mayHope = isClusterCalm && !gate.isContended && gate.inUse < usable + optimisticPlaces(config.cap);
  return mayHope ? { gate: entered, decision: 'optimistic' } : { gate, decision: 'ask' };
}

/** A request that `enterGate` let in has ended. In contended times its place is not used again here. */
export function leaveGate(gate: LocalGate, nowMs: number): LocalGate {
  const inUse = Math.max(0, gate.inUse - 1);
  const places = gate.isContended ? Math.min(gate.places, inUse) : gate.places;
  return notePeak({ ...gate, inUse, places }, gate.inUse, nowMs);
}

function notePeak(gate: LocalGate, inUse: number, nowMs: number): LocalGate {
  const sinceMs = nowMs - gate.peakSinceMs;
  if (sinceMs < peakStretchMs) return inUse > gate.peak ? { ...gate, peak: inUse } : gate;
  return { ...gate, peak: inUse, peakBefore: sinceMs < 2 * peakStretchMs ? gate.peak : 0, peakSinceMs: nowMs };
}

/** The most places that were in use at once a moment ago. */
function recentPeak(gate: LocalGate, nowMs: number): number {
  const sinceMs = nowMs - gate.peakSinceMs;
  if (sinceMs >= 2 * peakStretchMs) return gate.inUse;
  return Math.max(gate.inUse, gate.peak, sinceMs < peakStretchMs ? gate.peakBefore : 0);
}

/** Whether places are kept only because they were in use a moment ago: then ask `beginRenewal` once more when that moment is over. */
export function keepsByPeak(gate: LocalGate, nowMs: number, config: GateConfig): boolean {
  const held = nowMs < gate.leaseUntilMs ? gate.granted : 0;
  return held > keptPlaces(gate, wantedPlaces(gate, gate.inUse, config), config);
}

/** What the object said to a request that had to ask: a place at once means that nobody waits. */
export function ticketAnswered(gate: LocalGate, entry: Entry): LocalGate {
  if (entry.kind === 'admitted') return { ...gate, tickets: gate.tickets + 1, isContended: false };
  return { ...gate, places: Math.min(gate.places, gate.inUse), isContended: true };
}

/** The object had no seat for a ticket of this key. */
export function turnAway(gate: LocalGate, keyId: string, retryAfterMs: number, nowMs: number): LocalGate {
  const live = Object.entries(gate.turnedAway).filter(([, { untilMs }]) => nowMs < untilMs);
  const turnedAway = { ...Object.fromEntries(live), [keyId]: { retryAfterMs, untilMs: nowMs + refusalHoldsMs } };
  return { ...gate, turnedAway };
}

/** The Retry-After of a request that need not ask, in milliseconds; null for one that must. */
export function knownRefusal(gate: LocalGate, keyId: string, nowMs: number): number | null {
  const refusal = gate.turnedAway[keyId];
  return refusal !== undefined && nowMs < refusal.untilMs ? refusal.retryAfterMs : null;
}

/** A queued ticket got its place. */
export function ticketGranted(gate: LocalGate): LocalGate {
  return { ...gate, tickets: gate.tickets + 1 };
}

export function ticketLeft(gate: LocalGate): LocalGate {
  return { ...gate, tickets: Math.max(0, gate.tickets - 1) };
}

/**
 * The renewal to send in the background, if one is due; ask after every entry, ending and ping. An idle isolate sends none and lets its
 * lease run out.
 */
export function beginRenewal(
  gate: LocalGate,
  isClusterCalm: boolean,
  nowMs: number,
  config: GateConfig,
): { readonly gate: LocalGate; readonly renewal: Renewal } | null {
  if (gate.isAnswerPending && nowMs - gate.sentAtMs < answerTimeoutMs) return null;
  const want = wantedPlaces(gate, recentPeak(gate, nowMs), config);
  if (!isRenewalDue(gate, want, isClusterCalm, nowMs, config)) return null;
  const sequence = gate.sequence + 1;
  const places = Math.min(gate.places, want);
  const asking = { ...gate, places, wanted: want, sequence, sentAtMs: nowMs, isAnswerPending: true };
  return { gate: asking, renewal: { isolateId: config.isolateId, sequence, want } };
}

/** Takes the object's answer in; answers to anything but the renewal under way are ignored. */
export function finishRenewal(gate: LocalGate, answer: RenewalAnswer, config: GateConfig): LocalGate {
  if (!gate.isAnswerPending || answer.sequence !== gate.sequence) return gate;
  const { places: granted, isContended } = answer;
  const places = isContended ? Math.min(granted, gate.inUse) : granted;
  const leaseUntilMs = gate.sentAtMs + config.leaseMs - clockMarginMs;
  return { ...gate, places, granted, leaseUntilMs, isAnswerPending: false, isContended };
}

/** The renewal failed: what the lease still allows is used up to its end, and a later call tries again. */
export function abandonRenewal(gate: LocalGate): LocalGate {
  return { ...gate, isAnswerPending: false };
}

/** Places this isolate may use by its lease now. */
export function usablePlaces(gate: LocalGate, nowMs: number): number {
  return nowMs < gate.leaseUntilMs ? gate.places : 0;
}

/** An eighth of the cap, at least one: what an isolate may let in without a lease in calm times. */
export function optimisticPlaces(cap: number): number {
  return Math.max(1, Math.floor(cap / 8));
}

/**
 * Whether a model has room to spare by the health snapshot: nothing waits in the server and it runs at most half of the cap. Unknown load
 * counts as calm: a cold isolate must not pay a round trip for it, and `optimisticPlaces` bounds the mistake.
 */
export function isCalm(snapshot: HealthSnapshot | null, modelId: string, cap: number): boolean {
  let running = 0;
  for (const instance of Object.values(snapshot?.instances ?? {})) {
    if (instance.modelId !== modelId) continue;
    if ((instance.waiting ?? 0) > 0) return false;
    running += instance.running ?? 0;
  }
  return running <= cap / 2;
}

/**
 * What is used and a quarter of all that this isolate has in flight, at least one; nothing spare while others wait or nothing is in
 * flight. Tickets count for the quarter, else an isolate that began in busy times would ask for every request for ever.
 */
function wantedPlaces(gate: LocalGate, used: number, config: GateConfig): number {
  const inFlight = used + gate.tickets;
  if (inFlight === 0 || gate.isContended) return gate.inUse;
  return Math.min(config.cap, used + Math.max(1, Math.floor(inFlight / 4)));
}

/** Places that lie idle here are missed elsewhere. A small block may idle to the end of its lease: giving it back costs more calls. */
function keptPlaces(gate: LocalGate, want: number, config: GateConfig): number {
  return gate.isContended ? want : Math.max(2 * want, optimisticPlaces(config.cap));
}

function isRenewalDue(gate: LocalGate, want: number, isClusterCalm: boolean, nowMs: number, config: GateConfig): boolean {
  const held = nowMs < gate.leaseUntilMs ? gate.granted : 0;
  if (held > keptPlaces(gate, want, config)) return true;
  const sinceMs = nowMs - gate.sentAtMs;
  if (gate.inUse >= held && want > held && !gate.isContended) return gate.granted >= gate.wanted || sinceMs >= growthPauseMs;
  const isHolding = gate.inUse > 0 || gate.tickets > 0;
  return isHolding && sinceMs >= Math.min(config.leaseMs / 3, isClusterCalm ? Infinity : busyRenewalMs);
}
