/**
 * What a tenant has booked and the ledger does not have yet: a batch for one of its shards, exactly once. Stored with the tenant's sums in
 * the step that settles the money, so usage and spending cannot differ. A batch is stored before it is sent, since what comes after must
 * not join one that may have arrived; that it has arrived needs no write of its own, since the ledger knows it by its number.
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

/** Each batch is a row: a busy key's are worth waiting for, and `/stats` is complete in two seconds. */
const collectMs = 1000;

export class Outbox {
  #state: BatcherState | null;
  #isAwake = false;
  #isSending = false;
  readonly #shard: () => ReturnType<LedgerNamespace['getByName']>;
  readonly #store: () => void;

  /** @param store writes `stored`, durably before anything that is sent afterwards */
  constructor(stored: BatcherState | null, shard: () => ReturnType<LedgerNamespace['getByName']>, store: () => void) {
    this.#state = stored?.underWay == null ? stored : failBatch(stored, stored.underWay.batch.sequence);
    this.#shard = shard;
    this.#store = store;
    if (this.hasUnsent) this.#wake();
  }

  /** To be stored in the same step. */
  add(deltas: readonly LedgerDelta[]): void {
    for (const delta of deltas) {
      this.#state = addDelta(this.#state ?? createBatcher(crypto.randomUUID()), delta, Date.now(), false).state;
    }
    if (deltas.length > 0) this.#wake();
  }

  /** As it was before an `add` that could not be stored. */
  restore(stored: BatcherState | null): void {
    this.#state = stored;
  }

  get stored(): BatcherState | null {
    return this.#state;
  }

  get hasUnsent(): boolean {
    return this.#state !== null && hasUnsent(this.#state);
  }

  /** Delivers what there is; what fails stays for the next time. */
  async send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (;;) {
        const step = this.#state === null ? null : flushWhenDue({ ...this.#state, openedAtMs: dueAt(this.#state) }, Date.now());
        if (step === null || step.flush === null) return;
        const isNew = step.state.sequence !== this.#state?.sequence;
        this.#state = step.state;
        if (isNew) this.#store();
        const { sequence } = step.flush;
        try {
          const verdict = await this.#shard().bookForRoot(step.flush);
          if (verdict === 'too_old') console.error(JSON.stringify({ level: 'error', event: 'ledger_batch_too_old', sequence }));
          this.#state = confirmBatch(this.#state, sequence, Date.now(), false).state;
        } catch {
          this.#state = failBatch(this.#state, sequence);
          return;
        }
      }
    } finally {
      this.#isSending = false;
    }
  }

  #wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    setTimeout(() => {
      this.#isAwake = false;
      void this.send().then(() => this.hasUnsent && this.#wake());
    }, collectMs);
  }
}

/** Whatever waits is due. */
function dueAt({ openedAtMs }: BatcherState): number | null {
  return openedAtMs === null ? null : 0;
}
