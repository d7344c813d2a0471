/**
 * What a tenant has booked and the ledger does not have yet: a batch for one of its shards, delivered exactly once. It is made of the rows of
 * ended requests and stored with the sums, in the step that takes those rows away, so usage and spending cannot differ. A batch is stored
 * before it is sent, since later entries must not join a batch that may have arrived; its arrival needs no write, since the ledger recognises
 * a repeat by its number.
 */
import {
  addDelta,
  type Batch,
  type BatcherState,
  confirmBatch,
  createBatcher,
  failBatch,
  flushWhenDue,
  hasUnsent,
} from '../core/ledger/batch.ts';
import type { LedgerDelta } from '../core/ledger/delta.ts';
import type { BatchVerdict } from '../core/ledger/seen.ts';

/** The part of a ledger namespace that a tenant needs. */
export interface LedgerNamespace {
  getByName(name: string): { bookForRoot(batch: Batch): Promise<BatchVerdict> };
}

/** Each batch costs a row, so a busy key's entries are collected; short enough for `/stats` and the live feed to have them in two seconds. */
const collectMs = 750;

/** Where the outbox is stored, and what is to be put into it. */
export interface OutboxShelf {
  /** Requests have ended that are in no batch. */
  hasEnded(): boolean;
  /** Puts them in by `add` and stores everything, durably before anything that is sent afterwards. */
  fold(): void;
}

export class Outbox {
  #state: BatcherState | null;
  #isAwake = false;
  #isSending = false;
  readonly #shard: () => ReturnType<LedgerNamespace['getByName']>;
  readonly #shelf: OutboxShelf;

  constructor(stored: BatcherState | null, shard: () => ReturnType<LedgerNamespace['getByName']>, shelf: OutboxShelf) {
    this.#state = stored?.underWay == null ? stored : failBatch(stored, stored.underWay.batch.sequence);
    this.#shard = shard;
    this.#shelf = shelf;
  }

  /** To be stored in the same step. Makes a batch of it, unless one is under way. */
  add(deltas: readonly LedgerDelta[]): void {
    const nowMs = Date.now();
    for (const delta of deltas) {
      this.#state = addDelta(this.#state ?? createBatcher(crypto.randomUUID()), delta, nowMs, false).state;
    }
    const state = this.#state;
    if (state?.underWay === null) this.#state = flushWhenDue({ ...state, openedAtMs: dueAt(state) }, nowMs).state;
  }

  /** Restores the state before an `add` that could not be stored. */
  restore(stored: BatcherState | null): void {
    this.#state = stored;
  }

  get stored(): BatcherState | null {
    return this.#state;
  }

  get hasUnsent(): boolean {
    return (this.#state !== null && hasUnsent(this.#state)) || this.#shelf.hasEnded();
  }

  /** Delivers everything that there is now; what fails stays for the next time. */
  async send(): Promise<void> {
    if (this.#isSending || !this.hasUnsent) return;
    this.#isSending = true;
    try {
      if (this.#shelf.hasEnded() || this.#state?.underWay === null) this.#shelf.fold();
      while (await this.#sendOne()) this.#shelf.fold();
    } finally {
      this.#isSending = false;
    }
  }

  /** Sends within a moment. */
  wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    setTimeout(() => {
      this.#isAwake = false;
      void this.send().then(() => this.hasUnsent && this.wake());
    }, collectMs);
  }

  /** Whether something is left that was not to join the batch that has just been delivered. */
  async #sendOne(): Promise<boolean> {
    const underWay = this.#state?.underWay;
    if (underWay == null) return false;
    const { sequence } = underWay.batch;
    try {
      const verdict = await this.#shard().bookForRoot(underWay.batch);
      if (verdict === 'too_old') console.error(JSON.stringify({ level: 'error', event: 'ledger_batch_too_old', sequence }));
    } catch {
      if (this.#state !== null) this.#state = failBatch(this.#state, sequence);
      return false;
    }
    if (this.#state !== null) this.#state = confirmBatch(this.#state, sequence, Date.now(), false).state;
    return this.#state !== null && this.#state.openedAtMs !== null;
  }
}

/** Anything in the batch is due. */
function dueAt({ openedAtMs }: BatcherState): number | null {
  return openedAtMs === null ? null : 0;
}
