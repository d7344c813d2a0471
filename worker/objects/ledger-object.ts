/**
 * The ledger: every ended request, counted once. Loads its state, calls the core's reducer, stores the result; one row per batch,
 * because rows written are what a Durable Object's bill is made of.
 */
import { DurableObject } from 'cloudflare:workers';
import type { Batch } from '../core/ledger/batch.ts';
import { type BatchVerdict, bookBatch, emptyLedger, type LedgerState } from '../core/ledger/seen.ts';

export class LedgerObject extends DurableObject<unknown> {
  #state: LedgerState;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS ledger (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL)');
    const [row] = ctx.storage.sql.exec<{ state: string }>('SELECT state FROM ledger WHERE id = 1').toArray();
    this.#state = row === undefined ? emptyLedger : parseState(row.state);
  }

  /** Books a batch unless it was booked before. Safe to repeat. */
  book(batch: Batch): BatchVerdict {
    const { state, verdict } = bookBatch(this.#state, batch, Date.now());
    if (verdict === 'booked') this.#store(state);
    return verdict;
  }

  /** Everything counted so far, a `LedgerDelta` as JSON text: cheaper over RPC than a clone of its many small tuples. */
  total(): string {
    return JSON.stringify(this.#state.total);
  }

  /** Memory follows storage, never the other way round: an exception leaves both as they were. */
  #store(state: LedgerState): void {
    this.ctx.storage.sql.exec('INSERT OR REPLACE INTO ledger (id, state) VALUES (1, ?)', JSON.stringify(state));
    this.#state = state;
  }
}

/** The row was written by `#store`, by this or an earlier version of the same shape. */
function parseState(text: string): LedgerState {
  const state: LedgerState = JSON.parse(text);
  return { ...emptyLedger, ...state };
}
