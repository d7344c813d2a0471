/**
 * The places of one model as a pure reducer for its Durable Object: what is in flight, what waits, and which isolates hold places in blocks.
 * Invariant: places handed out (tickets in flight + blocks) never exceed the cap. Everything handed out is a lease, so that the places of a
 * dead isolate come back by themselves.
 */
import type { ModelConfig, RoutingConfig } from '../../../shared/config.ts';
import type { FairQueue, Ticket } from './fair-queue.ts';
import { emptyQueue, positionOf, remove, takeNext, takeSeat } from './fair-queue.ts';

export interface AdmissionConfig {
  /** Requests in flight at the same time, over all isolates. */
  readonly cap: number;
  /** Most tickets that may wait. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** How long a place is held without a word from its isolate. */
  readonly leaseMs: number;
}

interface InFlight {
  readonly isolateId: string;
  readonly admittedAtMs: number;
  readonly untilMs: number;
}

interface Block {
  readonly places: number;
  readonly untilMs: number;
  /** The isolate's number of the request this came from; older ones that arrive late are ignored. */
  readonly sequence: number;
}

export interface AdmissionState {
  readonly queue: FairQueue;
  /** By ticket id. */
  readonly inFlight: Readonly<Record<string, InFlight>>;
  /** By isolate id. */
  readonly blocks: Readonly<Record<string, Block>>;
  /** Moving average of how long a ticket keeps its place; what Retry-After is computed from. */
  readonly meanHoldMs: number;
}

/** What a step did to tickets other than the caller's, for the object to tell them. */
export interface Effects {
  readonly granted: readonly { readonly ticketId: string; readonly untilMs: number }[];
  readonly refused: readonly {
    readonly ticketId: string;
    readonly why: 'timed_out' | 'displaced';
    readonly retryAfterMs: number;
  }[];
}

export type Entry =
  | { readonly kind: 'admitted'; readonly untilMs: number }
  | { readonly kind: 'queued'; readonly position: number; readonly expiresAtMs: number }
  | { readonly kind: 'rejected'; readonly retryAfterMs: number };

/** Three renewals fit, each at most one ping interval (10 s) late. */
export const placeLeaseMs = 30_000;

export const emptyAdmission: AdmissionState = { queue: emptyQueue, inFlight: {}, blocks: {}, meanHoldMs: 1000 };

export function admissionConfig(
  model: Pick<ModelConfig, 'max_in_flight'>,
  admission: Pick<RoutingConfig['admission'], 'queue_ratio' | 'max_wait_ms'>,
): AdmissionConfig {
  const cap = model.max_in_flight;
  return { cap, maxWaiting: Math.floor(cap * admission.queue_ratio), maxWaitMs: admission.max_wait_ms, leaseMs: placeLeaseMs };
}

/** Asks for a place: a free one at once, else a seat in the queue, else a refusal with the time to wait before trying again. */
export function enter(
  state: AdmissionState,
  ticket: Ticket,
  nowMs: number,
  config: AdmissionConfig,
): { readonly state: AdmissionState; readonly entry: Entry; readonly effects: Effects } {
  const swept = expire(state, nowMs, config);
  const known = standing(swept.state, ticket.ticketId, config);
  if (known !== null) return { ...swept, entry: known };
  if (swept.state.queue.waiting.length === 0 && freePlaces(swept.state, config) > 0) {
    // Nothing waits, so no key is owed anything: shares are counted from zero the next time that places run out.
    const admitted = admit({ ...swept.state, queue: emptyQueue }, ticket, nowMs, config);
    return { state: admitted, entry: { kind: 'admitted', untilMs: nowMs + config.leaseMs }, effects: swept.effects };
  }
  const seated = takeSeat(swept.state.queue, ticket, nowMs, config.maxWaiting);
  const retryAfterMs = retryAfter(swept.state, config);
  if (seated === null) return { ...swept, entry: { kind: 'rejected', retryAfterMs } };
  const refused = seated.displaced.map((ticketId) => ({ ticketId, why: 'displaced', retryAfterMs }) as const);
  const position = positionOf(seated.queue, ticket.ticketId);
  return {
    state: { ...swept.state, queue: seated.queue },
    entry: { kind: 'queued', position, expiresAtMs: nowMs + config.maxWaitMs },
    effects: { ...swept.effects, refused: [...swept.effects.refused, ...refused] },
  };
}

/** Gives a ticket's place back, or its seat; unknown tickets change nothing. */
export function leave(state: AdmissionState, ticketId: string, nowMs: number, config: AdmissionConfig): Stepped {
  const held = state.inFlight[ticketId];
  const { [ticketId]: _, ...inFlight } = state.inFlight;
  const heldMs = held === undefined ? null : Math.max(0, nowMs - held.admittedAtMs);
  const meanHoldMs = heldMs === null ? state.meanHoldMs : state.meanHoldMs + (heldMs - state.meanHoldMs) / 10;
  return expire({ ...state, inFlight, queue: remove(state.queue, ticketId), meanHoldMs }, nowMs, config);
}

/** What an isolate asks for when it renews: see `local-gate.ts` for its side. */
export interface Renewal {
  readonly isolateId: string;
  readonly sequence: number;
  /** Places the block should have, those in use included; 0 gives it back. */
  readonly want: number;
}

export interface RenewalAnswer {
  readonly sequence: number;
  readonly places: number;
  /** Requests wait: give back what is not in use. */
  readonly isContended: boolean;
  /** Of all places handed out those of this isolate, 0 to 1; absent from earlier versions. */
  readonly part?: number;
}

interface Stepped {
  readonly state: AdmissionState;
  readonly effects: Effects;
}

/**
 * Renews an isolate's block and the leases of its tickets. A block shrinks to what is asked, never below; it grows by at most half
 * of what is free, so that the first isolate does not take everything; while requests wait nothing is free.
 */
export function renew(
  state: AdmissionState,
  renewal: Renewal,
  nowMs: number,
  config: AdmissionConfig,
): Stepped & { readonly answer: RenewalAnswer } {
  const { isolateId, sequence, want } = renewal;
  const swept = expire(state, nowMs, config);
  const block = swept.state.blocks[isolateId];
  if (block !== undefined && sequence <= block.sequence) {
    return { ...swept, answer: { sequence, places: 0, isContended: swept.state.queue.waiting.length > 0 } };
  }
  const kept = Math.min(block?.places ?? 0, Math.max(0, want));
  const growth = Math.min(want - kept, Math.ceil(freePlaces(swept.state, config) / 2));
  const places = kept + Math.max(0, growth);
  const untilMs = nowMs + config.leaseMs;
  const renewed = Object.entries(swept.state.inFlight).map(
    ([ticketId, held]) => [ticketId, held.isolateId === isolateId ? { ...held, untilMs } : held] as const,
  );
  // An empty block stays until its lease ends: it remembers the sequence.
  const blocks = { ...swept.state.blocks, [isolateId]: { places, untilMs, sequence } };
  const granted = expire({ ...swept.state, blocks, inFlight: Object.fromEntries(renewed) }, nowMs, config);
  const effects = { granted: [...swept.effects.granted, ...granted.effects.granted], refused: swept.effects.refused };
  const own = Object.values(granted.state.inFlight).filter((held) => held.isolateId === isolateId).length + places;
  const part = own === 0 ? 1 : own / placesHeld(granted.state);
  return {
    state: granted.state,
    effects,
    answer: { sequence, places, isContended: granted.state.queue.waiting.length > 0, part },
  };
}

/** Ends what ran out of time and hands free places to waiting tickets. Every other step does this first or last; the alarm does only this. */
export function expire(state: AdmissionState, nowMs: number, config: AdmissionConfig): Stepped {
  const late = state.queue.waiting.filter((ticket) => nowMs >= ticket.enteredAtMs + config.maxWaitMs);
  const lateIds = new Set(late.map((ticket) => ticket.ticketId));
  const waiting = late.length === 0 ? state.queue.waiting : state.queue.waiting.filter((ticket) => !lateIds.has(ticket.ticketId));
  const live: AdmissionState = {
    ...state,
    queue: { ...state.queue, waiting },
    inFlight: alive(state.inFlight, nowMs),
    blocks: alive(state.blocks, nowMs),
  };
  const served = serve(live, nowMs, config);
  const retryAfterMs = retryAfter(served.state, config);
  const refused = late.map(({ ticketId }) => ({ ticketId, why: 'timed_out', retryAfterMs }) as const);
  return { state: served.state, effects: { granted: served.granted, refused } };
}

/** When `expire` next has something to do; `Infinity` when nothing is held and nothing waits. */
export function nextExpiryAtMs(state: AdmissionState, config: AdmissionConfig): number {
  const leases = [...Object.values(state.inFlight), ...Object.values(state.blocks)].map((lease) => lease.untilMs);
  return Math.min(Infinity, ...leases, ...state.queue.waiting.map((ticket) => ticket.enteredAtMs + config.maxWaitMs));
}

/** How full a model is. */
export interface Occupancy {
  /** Places handed out: to calls in flight, and to isolates in blocks, which keep some spare and give them back within 30 s. */
  readonly inUse: number;
  readonly queued: number;
}

/** The occupancy at this moment, without what has run out. */
export function occupancyOf(state: AdmissionState, nowMs: number, config: AdmissionConfig): Occupancy {
  const live = expire(state, nowMs, config).state;
  return { inUse: placesHeld(live), queued: live.queue.waiting.length };
}

/** Places handed out: tickets in flight and blocks. */
export function placesHeld(state: AdmissionState): number {
  return Object.values(state.blocks).reduce((sum, block) => sum + block.places, Object.keys(state.inFlight).length);
}

function freePlaces(state: AdmissionState, config: AdmissionConfig): number {
  return Math.max(0, config.cap - placesHeld(state));
}

function admit(state: AdmissionState, ticket: Ticket, nowMs: number, config: AdmissionConfig): AdmissionState {
  const held: InFlight = { isolateId: ticket.isolateId, admittedAtMs: nowMs, untilMs: nowMs + config.leaseMs };
  return { ...state, inFlight: { ...state.inFlight, [ticket.ticketId]: held } };
}

function serve(
  state: AdmissionState,
  nowMs: number,
  config: AdmissionConfig,
): { readonly state: AdmissionState; readonly granted: Effects['granted'] } {
  let next = state;
  const granted: { ticketId: string; untilMs: number }[] = [];
  for (let free = freePlaces(state, config); free > 0; free -= 1) {
    const taken = takeNext(next.queue);
    if (taken === null) break;
    next = admit({ ...next, queue: taken.queue }, taken.ticket, nowMs, config);
    granted.push({ ticketId: taken.ticket.ticketId, untilMs: nowMs + config.leaseMs });
  }
  return { state: next, granted };
}

function standing(state: AdmissionState, ticketId: string, config: AdmissionConfig): Entry | null {
  const held = state.inFlight[ticketId];
  if (held !== undefined) return { kind: 'admitted', untilMs: held.untilMs };
  const seat = state.queue.waiting.find((ticket) => ticket.ticketId === ticketId);
  if (seat === undefined) return null;
  return { kind: 'queued', position: positionOf(state.queue, ticketId), expiresAtMs: seat.enteredAtMs + config.maxWaitMs };
}

/** The time in which every waiting ticket will have had a turn, from 1 to 30 s. */
function retryAfter(state: AdmissionState, config: AdmissionConfig): number {
  const drainMs = ((state.queue.waiting.length + 1) * state.meanHoldMs) / config.cap;
  return Math.ceil(Math.min(30_000, Math.max(1000, drainMs)));
}

function alive<T extends { readonly untilMs: number }>(
  leases: Readonly<Record<string, T>>,
  nowMs: number,
): Readonly<Record<string, T>> {
  const entries = Object.entries(leases);
  const kept = entries.filter(([, lease]) => nowMs < lease.untilMs);
  return kept.length === entries.length ? leases : Object.fromEntries(kept);
}
