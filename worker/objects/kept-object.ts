/**
 * The kept answers of one tenant, or rather a share of them: a tenant's are spread over several objects by their ids. Writers add to the logs
 * in batches, readers wait here for more. A row for each batch; who was heard of when, and who waits, is in memory only.
 */
import { DurableObject } from 'cloudflare:workers';
import type { KeptBatch, KeptOpened, KeptOpening, KeptPage, KeptRecord, KeptReply, KeptState } from '../core/kept/kept-answer.ts';
import { stateOf } from '../core/kept/kept-answer.ts';
import { abandoned, decideOpen, endedForMs, heardForMs, silentMs, takeBatch } from '../core/kept/log.ts';
import { KeptStore, maxRunning } from './kept-store.ts';

const sweepEveryMs = 900_000;
/** Who reads asks again and again; one that has not for so long has left. */
const readerForMs = 6000;
/** A writer hears of it with its next batch. */
const cancelWaitMs = 5000;

export class KeptObject extends DurableObject<unknown> {
  readonly #store: KeptStore;
  readonly #heardMs = new Map<string, number>();
  /** Heard of since this object was started. */
  readonly #heard = new Set<string>();
  readonly #readMs = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    this.#store = new KeptStore(ctx.storage);
    for (const id of this.#store.running.keys()) this.#heardMs.set(id, Date.now());
  }

  /** Decides who writes the answer, and lets the writer begin in the same step. */
  async open(id: string, opening: KeptOpening): Promise<KeptOpened> {
    const nowMs = Date.now();
    const stored = this.#current(id, nowMs);
    const decision = decideOpen(stored, opening, nowMs);
    if (decision === 'mismatch') return { kind: 'mismatch' };
    if (decision === 'follow' && stored !== null) return { kind: 'follow', page: this.#page(id, stored, 0) };
    if (stored === null || stored.ending !== null || stored.opening.writerId !== opening.writerId) {
      if (this.#store.running.size >= maxRunning && !this.#dropSilent(nowMs)) return { kind: 'full' };
      this.#store.begin(id, opening);
    }
    this.#hear(id, nowMs);
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + sweepEveryMs);
    return { kind: 'lead' };
  }

  /** Adds a batch, which may come twice; an empty one says that the writer still runs, and writes nothing. */
  append(id: string, batch: KeptBatch): KeptReply {
    const nowMs = Date.now();
    const record = this.#current(id, nowMs);
    const taken = record === null ? null : takeBatch(record, batch, nowMs);
    if (record === null || taken === null) return { kind: 'refused' };
    if (record.ending === null) {
      this.#store.add(id, record, taken, nowMs);
      this.#hear(id, nowMs);
      if (taken.record.ending !== null) this.#forget(id);
      if (taken.fresh.length > 0 || taken.record.ending !== null || taken.record.isTooLong) this.#wake(id);
    }
    const { isCancelAsked, isTooLong } = taken.record;
    return { kind: 'taken', readers: this.#readers(id, nowMs), isCancelAsked, isTooLong };
  }

  /** The log from piece `after` on; waits for more where there is none. Null when there is no such answer. */
  async read(id: string, writerId: string | null, after: number, waitMs: number): Promise<KeptPage | null> {
    const untilMs = Date.now() + waitMs;
    for (;;) {
      const nowMs = Date.now();
      const record = this.#current(id, nowMs);
      if (record === null || (writerId !== null && record.opening.writerId !== writerId)) return null;
      const isMore = record.ending !== null || record.isTooLong || record.pieces > after;
      this.#readMs.set(id, nowMs);
      if (isMore || nowMs >= untilMs) return this.#page(id, record, after);
      await this.#more(id, untilMs - nowMs);
    }
  }

  /** Forgets an answer that has ended. */
  remove(id: string, writerId: string): boolean {
    const record = this.#current(id, Date.now());
    if (record === null || record.ending === null || record.opening.writerId !== writerId) return false;
    this.#store.remove(id);
    return true;
  }

  async cancel(id: string, writerId: string | null): Promise<KeptState | null> {
    const untilMs = Date.now() + cancelWaitMs;
    for (;;) {
      const nowMs = Date.now();
      const record = this.#current(id, nowMs);
      if (record === null || (writerId !== null && record.opening.writerId !== writerId)) return null;
      if (record.ending !== null || nowMs >= untilMs) return stateOf(record);
      if (!record.isCancelAsked) this.#store.askCancel(id, record);
      await this.#more(id, untilMs - nowMs);
    }
  }

  override async alarm(): Promise<void> {
    const nowMs = Date.now();
    this.#dropSilent(nowMs);
    this.#store.forget(nowMs);
    for (const [id, readMs] of this.#readMs) if (nowMs - readMs >= readerForMs) this.#readMs.delete(id);
    if (!this.#store.isEmpty) await this.ctx.storage.setAlarm(Date.now() + sweepEveryMs);
  }

  /** As it is now: one whose writer is silent is given up. */
  #current(id: string, nowMs: number): KeptRecord | null {
    const record = this.#store.record(id, nowMs);
    if (record === null || record.ending !== null || nowMs - (this.#heardMs.get(id) ?? nowMs) < silentMs) return record;
    this.#store.end(id, record, abandoned, nowMs);
    this.#forget(id);
    this.#wake(id);
    return this.#store.record(id, nowMs);
  }

  /** Gives up those whose writers are silent. False when there are none. */
  #dropSilent(nowMs: number): boolean {
    const before = this.#store.running.size;
    for (const id of this.#store.running.keys()) this.#current(id, nowMs);
    return this.#store.running.size < before;
  }

  #page(id: string, record: KeptRecord, after: number): KeptPage {
    const { opening: whole, pieces: next, isTooLong, ending } = record;
    const { stored: _stored, ...small } = whole;
    const opening = after === 0 ? whole : small;
    const nowMs = Date.now();
    const pieces = next > after && !isTooLong ? this.#store.pieces(id, after) : [];
    const quietMs = ending === null ? nowMs - (this.#heardMs.get(id) ?? 0) : endedForMs(record, nowMs);
    const isHeard = ending === null && this.#heard.has(id) && quietMs < heardForMs;
    return { opening, pieces, next, isTooLong, ending, isHeard, quietMs };
  }

  #hear(id: string, nowMs: number): void {
    this.#heardMs.set(id, nowMs);
    this.#heard.add(id);
  }

  #forget(id: string): void {
    this.#heardMs.delete(id);
    this.#heard.delete(id);
  }

  #readers(id: string, nowMs: number): number {
    const waiting = this.#waiting.get(id)?.size ?? 0;
    return waiting === 0 && nowMs - (this.#readMs.get(id) ?? Number.NEGATIVE_INFINITY) < readerForMs ? 1 : waiting;
  }

  /** Until something has come of this answer, or for so long. */
  #more(id: string, forMs: number): Promise<void> {
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        waiting.delete(done);
        if (waiting.size === 0) this.#waiting.delete(id);
        resolve();
      };
      const timer = setTimeout(done, forMs);
      waiting.add(done);
    });
  }

  #wake(id: string): void {
    for (const done of this.#waiting.get(id) ?? []) done();
  }
}
