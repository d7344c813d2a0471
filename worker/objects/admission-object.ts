/**
 * The places of one model on its GPU, over all isolates: what is in flight, what waits, what is next; and the lane of its long prompts. Called
 * only by requests that found no place in their isolate's own lease, and by long prompts. A waiting request holds a call open here, so timers
 * in memory suffice; blocks of places and the prompts being read survive a restart.
 */
import { DurableObject } from 'cloudflare:workers';
import type { ConfigTree } from '../../shared/config.ts';
import {
  type AdmissionConfig,
  admissionConfig,
  type AdmissionState,
  type Effects,
  emptyAdmission,
  enter,
  type Entry,
  expire,
  leave,
  nextExpiryAtMs,
  type Occupancy,
  occupancyOf,
  placeLeaseMs,
  renew,
  type Renewal,
  type RenewalAnswer,
} from '../core/admission/admission.ts';
import type { Ticket } from '../core/admission/fair-queue.ts';
import {
  emptyLane,
  enterLane,
  leaveLane,
  nextSweepAtMs,
  type PrefillConfig,
  type PrefillEffects,
  type PrefillEntry,
  type PrefillState,
  type PrefillTicket,
  sweepLane,
} from '../core/admission/prefill-lane.ts';

/** `unknown`: no such ticket waits here. The object was restarted, or the ticket was displaced before its wait began: enter again. */
export type WaitResult = { readonly kind: 'granted' | 'unknown' } | { readonly kind: 'refused'; readonly retryAfterMs: number };

/** Renewals rewrite the row this often, so that its age tells whether blocks in it may still be held. */
const rewriteMs = 60_000;

export abstract class AdmissionObjectBase extends DurableObject<unknown> {
  readonly #models: ConfigTree['models'];
  readonly #rules: ConfigTree['routing']['admission'];
  #state: AdmissionState = emptyAdmission;
  #storedBlocks = '';
  #storedAtMs = Number.NEGATIVE_INFINITY;
  #lane: PrefillState;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #waiting = new Map<string, (result: WaitResult) => void>();

  constructor(ctx: DurableObjectState, env: unknown, config: ConfigTree) {
    super(ctx, env);
    this.#models = config.models;
    this.#rules = config.routing.admission;
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS blocks (id INTEGER PRIMARY KEY CHECK (id = 1), blocks TEXT NOT NULL)');
    const [row] = ctx.storage.sql.exec<{ blocks: string }>('SELECT blocks FROM blocks WHERE id = 1').toArray();
    if (row !== undefined) this.#state = { ...emptyAdmission, blocks: restoreBlocks(row.blocks) };
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS lane (id INTEGER PRIMARY KEY CHECK (id = 1), reading TEXT NOT NULL)');
    const [lane] = ctx.storage.sql.exec<{ reading: string }>('SELECT reading FROM lane WHERE id = 1').toArray();
    this.#lane = emptyLane(lane === undefined ? {} : JSON.parse(lane.reading));
  }

  enter(modelId: string, ticket: Ticket): Entry {
    const { state, entry, effects } = enter(this.#state, ticket, Date.now(), this.#config(modelId));
    this.#apply(modelId, state, effects);
    return entry;
  }

  /** Resolves when a queued ticket gets its place or has waited long enough. */
  wait(ticketId: string): Promise<WaitResult> {
    const { inFlight, queue } = this.#state;
    if (inFlight[ticketId] !== undefined || this.#lane.reading[ticketId] !== undefined)
      return Promise.resolve({ kind: 'granted' });
    const isWaiting = [...queue.waiting, ...this.#lane.queue.waiting].some((ticket) => ticket.ticketId === ticketId);
    return !isWaiting ? Promise.resolve({ kind: 'unknown' }) : new Promise((resolve) => this.#waiting.set(ticketId, resolve));
  }

  leave(modelId: string, ticketId: string): void {
    const { state, effects } = leave(this.#state, ticketId, Date.now(), this.#config(modelId));
    this.#waiting.get(ticketId)?.({ kind: 'refused', retryAfterMs: 1000 });
    this.#waiting.delete(ticketId);
    this.#apply(modelId, state, effects);
  }

  renew(modelId: string, renewal: Renewal): RenewalAnswer {
    const { state, answer, effects } = renew(this.#state, renewal, Date.now(), this.#config(modelId));
    this.#apply(modelId, state, effects);
    return answer;
  }

  /** A long prompt wants to be read; `wait` waits for its turn. Its ticket's id is another than that of its place. */
  enterLane(modelId: string, ticket: PrefillTicket): PrefillEntry {
    const { state, entry, effects } = enterLane(this.#lane, ticket, Date.now(), this.#prefill(modelId));
    this.#applyLane(modelId, state, effects);
    return entry;
  }

  leaveLane(modelId: string, ticketId: string, isRead: boolean): void {
    const { state, effects } = leaveLane(this.#lane, ticketId, isRead, Date.now(), this.#prefill(modelId));
    this.#tell(ticketId, { kind: 'refused', retryAfterMs: 1000 });
    this.#applyLane(modelId, state, effects);
  }

  /** For monitoring: changes nothing. */
  look(modelId: string): Occupancy {
    return occupancyOf(this.#state, Date.now(), this.#config(modelId));
  }

  #config(modelId: string): AdmissionConfig {
    return admissionConfig(this.#model(modelId), this.#rules);
  }

  #prefill(modelId: string): PrefillConfig {
    const { max_tokens: maxTokens, tokens_per_second: tokensPerSecond } = this.#model(modelId).prefill;
    return { maxTokens, tokensPerSecond, maxWaitMs: this.#rules.max_prefill_wait_ms };
  }

  #model(modelId: string): ConfigTree['models'][string] {
    const model = this.#models[modelId];
    if (model === undefined) throw new Error(`no model "${modelId}"`);
    return model;
  }

  #apply(modelId: string, state: AdmissionState, effects: Effects): void {
    this.#state = state;
    for (const { ticketId } of effects.granted) this.#tell(ticketId, { kind: 'granted' });
    for (const { ticketId, retryAfterMs } of effects.refused) this.#tell(ticketId, { kind: 'refused', retryAfterMs });
    this.#storeBlocks();
    this.#schedule(modelId);
  }

  #applyLane(modelId: string, state: PrefillState, effects: PrefillEffects): void {
    const isOther = Object.keys(state.reading).join() !== Object.keys(this.#lane.reading).join();
    this.#lane = state;
    for (const ticketId of effects.granted) this.#tell(ticketId, { kind: 'granted' });
    for (const { ticketId, retryAfterMs } of effects.refused) this.#tell(ticketId, { kind: 'refused', retryAfterMs });
    // Few and seconds long, so each is worth a write: after a restart what is being read still counts.
    if (isOther)
      this.ctx.storage.sql.exec('INSERT OR REPLACE INTO lane (id, reading) VALUES (1, ?)', JSON.stringify(state.reading));
    this.#schedule(modelId);
  }

  #tell(ticketId: string, result: WaitResult): void {
    this.#waiting.get(ticketId)?.(result);
    this.#waiting.delete(ticketId);
  }

  /** One row, written when an isolate's number of places changed, and now and then: leases alone are not worth more. */
  #storeBlocks(): void {
    const shape = JSON.stringify(Object.entries(this.#state.blocks).map(([isolateId, { places }]) => [isolateId, places]));
    const atMs = Date.now();
    if (shape === this.#storedBlocks && atMs < this.#storedAtMs + rewriteMs) return;
    const blocks = Object.entries(this.#state.blocks).map(([isolateId, { places, sequence }]) => [isolateId, places, sequence]);
    this.ctx.storage.sql.exec('INSERT OR REPLACE INTO blocks (id, blocks) VALUES (1, ?)', JSON.stringify({ atMs, blocks }));
    this.#storedBlocks = shape;
    this.#storedAtMs = atMs;
  }

  #schedule(modelId: string): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const config = this.#config(modelId);
    const prefill = this.#prefill(modelId);
    const dueAtMs = Math.min(
      this.#state.queue.waiting.length === 0 ? Infinity : nextExpiryAtMs(this.#state, config),
      this.#lane.queue.waiting.length === 0 ? Infinity : nextSweepAtMs(this.#lane, prefill),
    );
    if (dueAtMs === Infinity) return;
    this.#timer = setTimeout(
      () => {
        const places = expire(this.#state, Date.now(), config);
        this.#apply(modelId, places.state, places.effects);
        const lane = sweepLane(this.#lane, Date.now(), prefill);
        this.#applyLane(modelId, lane.state, lane.effects);
      },
      Math.max(1, dueAtMs - Date.now()),
    );
  }
}

/**
 * After a restart every block counts as just renewed: its isolate may still be using all of it. A row older than this was written before the
 * last renewal of them all, so nobody holds any: a model that was quiet would else begin with the places of isolates long gone.
 */
function restoreBlocks(text: string): AdmissionState['blocks'] {
  const stored: [string, number, number][] | { atMs: number; blocks: [string, number, number][] } = JSON.parse(text);
  // Earlier versions wrote no time.
  const { atMs, blocks } = Array.isArray(stored) ? { atMs: Date.now(), blocks: stored } : stored;
  if (Date.now() > atMs + rewriteMs + placeLeaseMs) return {};
  const untilMs = Math.min(Date.now(), atMs + rewriteMs) + placeLeaseMs;
  return Object.fromEntries(blocks.map(([isolateId, places, sequence]) => [isolateId, { places, untilMs, sequence }]));
}
