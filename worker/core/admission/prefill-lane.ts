/**
 * The lane of long prompts of one model, as a pure reducer for its Durable Object. A server reads a prompt at the cost of every other answer,
 * and two long ones at once take as long as one after the other, so the tokens that may be read at the same time are bounded: further long
 * prompts queue here, among themselves, while short ones never come by. A prompt holds its tokens until its first token of an answer.
 *
 * Invariant: tokens being read never exceed the bound, except for one prompt that is longer and is then read alone. The first in the queue
 * waits until its tokens fit and is never overtaken by a shorter one, so nobody starves. Everything held is a lease: a dead isolate's ends.
 */
import { type FairQueue, emptyQueue, positionOf, remove, takeNext, takeSeat, type Ticket } from './fair-queue.ts';

export interface PrefillConfig {
  /** Prompt tokens that may be read at the same time. */
  readonly maxTokens: number;
  /** Who would wait longer by what was measured is refused at once. */
  readonly maxWaitMs: number;
  /** How fast the model reads, until that is measured. */
  readonly tokensPerSecond: number;
}

/** A long prompt; its `cost` is its length, so that keys share the lane by tokens. */
export interface PrefillTicket extends Ticket {
  readonly cost: number;
  /** For how long it may be read: after that its call has ended by itself. */
  readonly holdMs: number;
}

interface Reading {
  readonly tokens: number;
  readonly beganAtMs: number;
  readonly untilMs: number;
}

export interface PrefillState {
  readonly queue: FairQueue;
  /** By ticket id. */
  readonly reading: Readonly<Record<string, Reading>>;
  /** What was read and how long that took; older readings count less with each new one. */
  readonly readTokens: number;
  readonly readMs: number;
  /** When one last ended: from then on the time belongs to the next. */
  readonly endedAtMs: number;
}

/** What a step did to tickets other than the caller's. */
export interface PrefillEffects {
  readonly granted: readonly string[];
  readonly refused: readonly { readonly ticketId: string; readonly retryAfterMs: number }[];
}

export type PrefillEntry =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'queued'; readonly position: number }
  | { readonly kind: 'rejected'; readonly retryAfterMs: number };

interface Stepped {
  readonly state: PrefillState;
  readonly effects: PrefillEffects;
}

/** @param reading those of a stored state */
export function emptyLane(reading: PrefillState['reading'] = {}): PrefillState {
  return { queue: emptyQueue, reading, readTokens: 0, readMs: 0, endedAtMs: 0 };
}

/** Of a new reading against all that were before. */
const recentShare = 0.7;
/** The configured speed counts as much as this many tokens that were read. */
const priorTokens = 2048;
/** A timer may be this late. */
const marginMs = 1000;

export function enterLane(
  state: PrefillState,
  ticket: PrefillTicket,
  nowMs: number,
  config: PrefillConfig,
): Stepped & { readonly entry: PrefillEntry } {
  const swept = sweepLane(state, nowMs, config);
  const { ticketId } = ticket;
  if (swept.state.reading[ticketId] !== undefined) return { ...swept, entry: { kind: 'admitted' } };
  const { queue: before } = swept.state;
  const retryAfterMs = retryAfter(swept.state, nowMs, config);
  const isKnown = before.waiting.some((other) => other.ticketId === ticketId);
  // Where the wait is too long for anybody, a key that takes less of the lane for its weight still gets a seat of one that takes more.
  const seats = aheadMs(swept.state, ticket.cost, nowMs, config) > config.maxWaitMs ? before.waiting.length : Infinity;
  const seated = isKnown ? { queue: before, displaced: [] } : takeSeat(before, ticket, nowMs, seats);
  if (seated === null) return { ...swept, entry: { kind: 'rejected', retryAfterMs } };
  const { state: served, granted } = serve({ ...swept.state, queue: seated.queue }, nowMs, config);
  const displaced = seated.displaced.map((other) => ({ ticketId: other, retryAfterMs }));
  const others = granted.filter((other) => other !== ticketId);
  return {
    state: served,
    effects: { granted: [...swept.effects.granted, ...others], refused: [...swept.effects.refused, ...displaced] },
    entry:
      others.length < granted.length ? { kind: 'admitted' } : { kind: 'queued', position: positionOf(served.queue, ticketId) },
  };
}

/**
 * Ends the reading of a prompt, or gives its seat up; unknown tickets change nothing.
 * @param isRead its answer has begun: how long that took is what waits are computed from
 */
export function leaveLane(state: PrefillState, ticketId: string, isRead: boolean, nowMs: number, config: PrefillConfig): Stepped {
  const held = state.reading[ticketId];
  const queue = remove(state.queue, ticketId);
  if (held === undefined) return sweepLane({ ...state, queue }, nowMs, config);
  const { [ticketId]: _, ...reading } = state.reading;
  // Several at once slow each other down: what the lane as a whole gets through counts, so time is counted once.
  const tookMs = Math.max(1, nowMs - Math.max(held.beganAtMs, state.endedAtMs));
  const measured = isRead
    ? { readTokens: state.readTokens * recentShare + held.tokens, readMs: state.readMs * recentShare + tookMs }
    : {};
  return sweepLane({ ...state, queue, reading, ...measured, endedAtMs: nowMs }, nowMs, config);
}

/** Ends what ran out of time, and lets in those that fit now. */
export function sweepLane(state: PrefillState, nowMs: number, config: PrefillConfig): Stepped {
  const reading = Object.fromEntries(Object.entries(state.reading).filter(([, { untilMs }]) => nowMs < untilMs));
  const late = state.queue.waiting.filter((ticket) => nowMs >= ticket.enteredAtMs + config.maxWaitMs + marginMs);
  const queue = late.reduce((left, { ticketId }) => remove(left, ticketId), state.queue);
  const served = serve({ ...state, reading, queue }, nowMs, config);
  const retryAfterMs = retryAfter(served.state, nowMs, config);
  return {
    state: served.state,
    effects: { granted: served.granted, refused: late.map(({ ticketId }) => ({ ticketId, retryAfterMs })) },
  };
}

/** When `sweepLane` next has something to do. */
export function nextSweepAtMs({ reading, queue }: PrefillState, { maxWaitMs }: PrefillConfig): number {
  const leases = Object.values(reading).map(({ untilMs }) => untilMs);
  return Math.min(Infinity, ...leases, ...queue.waiting.map(({ enteredAtMs }) => enteredAtMs + maxWaitMs + marginMs));
}

/** Tokens being read. */
export function tokensReading({ reading }: Pick<PrefillState, 'reading'>): number {
  return Object.values(reading).reduce((sum, { tokens }) => sum + tokens, 0);
}

/** How fast the lane gets through prompts, by what was measured; by the configuration as long as little was. */
export function tokensPerMs({ readTokens, readMs }: PrefillState, { tokensPerSecond }: PrefillConfig): number {
  return (readTokens + priorTokens) / (readMs + (priorTokens * 1000) / tokensPerSecond);
}

function serve(state: PrefillState, nowMs: number, { maxTokens }: PrefillConfig): { state: PrefillState; granted: string[] } {
  let { queue } = state;
  let held = tokensReading(state);
  const granted: Record<string, Reading> = {};
  for (;;) {
    const taken = takeNext(queue);
    if (taken === null) break;
    const { ticketId, cost: tokens = 0, holdMs = 0 } = taken.ticket;
    if (held > 0 && held + tokens > maxTokens) break;
    held += tokens;
    granted[ticketId] = { tokens, beganAtMs: nowMs, untilMs: nowMs + holdMs };
    // Nothing waits, so no key is owed anything.
    queue = taken.queue.waiting.length === 0 ? emptyQueue : taken.queue;
  }
  return { state: { ...state, queue, reading: { ...state.reading, ...granted } }, granted: Object.keys(granted) };
}

/** How long a prompt would wait that comes now: until what is ahead of it is read, as far as both do not fit beside each other. */
function aheadMs(state: PrefillState, tokens: number, nowMs: number, config: PrefillConfig): number {
  const waiting = waitingTokens(state);
  if (waiting === 0 && tokensReading(state) + tokens <= config.maxTokens) return 0;
  return leftMs(state, waiting, nowMs, config);
}

/** Until all that is read and waits now will have been read; 1 s to 10 min. */
function retryAfter(state: PrefillState, nowMs: number, config: PrefillConfig): number {
  return Math.ceil(Math.min(600_000, Math.max(1000, leftMs(state, waitingTokens(state), nowMs, config))));
}

function leftMs(state: PrefillState, waiting: number, nowMs: number, config: PrefillConfig): number {
  const speed = tokensPerMs(state, config);
  const held = Object.values(state.reading);
  const sinceMs = held.length === 0 ? 0 : nowMs - Math.max(state.endedAtMs, Math.min(...held.map(({ beganAtMs }) => beganAtMs)));
  // What is read already of those that are being read, at this speed.
  const left = Math.max(0, tokensReading(state) - speed * Math.max(0, sinceMs));
  return (left + waiting) / speed;
}

function waitingTokens({ queue }: PrefillState): number {
  return queue.waiting.reduce((sum, { cost }) => sum + (cost ?? 0), 0);
}
