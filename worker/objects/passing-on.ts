/**
 * A shard's way to its root: one batch at a time, until nothing is left. What is under way is stored before it is sent, since what comes after
 * must not join it; that it has arrived is not, since the root knows it by its number.
 */
import { type Batch, type BatcherState, confirmBatch, failBatch, flushWhenDue, hasUnsent } from '../core/ledger/batch.ts';
import { passOnInMs } from '../core/ledger/pass-on.ts';
import type { BatchVerdict } from '../core/ledger/seen.ts';

/** What the root says to a shard. */
export interface RootAnswer {
  readonly verdict: BatchVerdict;
  /** Somebody reads the live feed. */
  readonly isWatched: boolean;
}

/** The part of a namespace that a shard needs to reach its root. */
export interface RootNamespace {
  getByName(name: string): { bookFromShard(batch: Batch): Promise<RootAnswer> };
}

/** The shard's batcher, where it is kept. */
export interface BatcherShelf {
  read(): BatcherState | null;
  store(batcher: BatcherState): void;
  /** Without writing it. */
  keep(batcher: BatcherState): void;
}

export class PassingOn {
  readonly #shelf: BatcherShelf;
  readonly #roots: RootNamespace;
  #isWatched = false;
  #lastMs = 0;
  #dueMs: number | null = null;
  #running: Promise<boolean> | null = null;

  constructor(shelf: BatcherShelf, roots: RootNamespace) {
    this.#shelf = shelf;
    this.#roots = roots;
  }

  /** Something was booked. The alarm stands behind this: a timer goes with the object's memory. */
  begin(nowMs: number): void {
    const batcher = this.#shelf.read();
    const lines = batcher?.counted?.records?.length ?? 0;
    const waitMs = passOnInMs({ isWatched: this.#isWatched, lastMs: this.#lastMs, lines }, nowMs);
    if (waitMs === null || (this.#dueMs !== null && this.#dueMs <= nowMs + waitMs)) return;
    const dueMs = nowMs + waitMs;
    this.#dueMs = dueMs;
    setTimeout(() => {
      // One that was set for earlier has done it.
      if (this.#dueMs !== dueMs) return;
      this.#dueMs = null;
      void this.passOn();
    }, waitMs);
  }

  /** From now on until the root says otherwise. */
  watch(): void {
    this.#isWatched = true;
    void this.passOn();
  }

  /** Passes everything on now, what is booked meanwhile included. True when nothing is left. */
  passOn(): Promise<boolean> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<boolean> {
    for (;;) {
      const batcher = this.#shelf.read();
      if (batcher === null || !hasUnsent(batcher)) return true;
      const nowMs = Date.now();
      const step = flushWhenDue({ ...batcher, openedAtMs: batcher.openedAtMs === null ? null : 0 }, nowMs);
      const batch = step.flush ?? batcher.underWay?.batch ?? null;
      if (batch === null) return true;
      this.#shelf.store(step.state);
      this.#lastMs = nowMs;
      try {
        const { isWatched } = await this.#roots.getByName('root').bookFromShard(batch);
        this.#isWatched = isWatched;
        this.#shelf.keep(confirmBatch(this.#shelf.read() ?? step.state, batch.sequence, nowMs, false).state);
      } catch {
        this.#shelf.keep(failBatch(this.#shelf.read() ?? step.state, batch.sequence));
        return false;
      }
    }
  }
}
