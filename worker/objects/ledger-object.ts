/**
 * The ledger: every ended request, counted once. Isolates write to a shard, shards pass what they have booked on to the root by alarm, and
 * the root is what `/stats` reads, and what logs an alert. The same class plays both parts. One row per batch, because rows written are
 * what a Durable Object's bill is made of.
 */
import { DurableObject } from 'cloudflare:workers';
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
import { alertsOf, untold, type WatchConfig } from '../core/ledger/alerts.ts';
import { withoutBooks } from '../core/ledger/delta.ts';
import { emptyBook, type KeyBook, type KeyBookId, sumKeyBooks } from '../core/ledger/key-book.ts';
import { keyBreakdown, keySeen, keyUsage } from '../core/ledger/stats.ts';
import type { KeyBreakdown, KeySeen, KeyUsage } from '../../shared/records.ts';
import type { LogPort } from '../core/ports.ts';
import { type BatchVerdict, bookBatch, emptyLedger, type LedgerState, resetTotal } from '../core/ledger/seen.ts';

/** How long a shard collects before it passes on; `/stats` asks for the rest itself. */
const passOnMs = 5000;

interface Stored {
  readonly ledger: LedgerState;
  /** What a shard has booked and the root has not confirmed. */
  readonly batcher: BatcherState | null;
  /** Alerts that the log has. */
  readonly told: readonly string[];
}

/** The part of a namespace that a shard needs to reach its root. */
interface RootNamespace {
  getByName(name: string): { book(batch: Batch): Promise<BatchVerdict> };
}

export abstract class LedgerObjectBase extends DurableObject<unknown> {
  #stored: Stored;
  readonly #roots: RootNamespace;
  readonly #watched: WatchConfig;
  readonly #log: LogPort;

  constructor(ctx: DurableObjectState, env: unknown, roots: RootNamespace, watched: WatchConfig, log: LogPort) {
    super(ctx, env);
    this.#log = log;
    this.#watched = watched;
    this.#roots = roots;
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS ledger (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS books (key TEXT PRIMARY KEY, book TEXT NOT NULL) WITHOUT ROWID;
    `);
    const [row] = ctx.storage.sql.exec<{ state: string }>('SELECT state FROM ledger WHERE id = 1').toArray();
    this.#stored = row === undefined ? { ledger: emptyLedger, batcher: null, told: [] } : parseStored(row.state);
  }

  /** Books a batch unless it was booked before. Safe to repeat. An alert is logged once in its window. */
  book(batch: Batch): BatchVerdict {
    const nowMs = Date.now();
    const books = (batch.delta.books ?? []).map(([key, book]) => [key, sumKeyBooks([this.#bookOf(key), book])] as const);
    const delta = withoutBooks(batch.delta, books, this.#stored.ledger.total);
    const { state, verdict } = bookBatch(this.#stored.ledger, { ...batch, delta }, nowMs);
    if (verdict !== 'booked') return verdict;
    const { told, fresh } = untold(this.#stored.told, alertsOf(state.total.days ?? [], this.#watched, nowMs));
    this.ctx.storage.transactionSync(() => {
      for (const [key, book] of books) {
        this.ctx.storage.sql.exec('INSERT OR REPLACE INTO books (key, book) VALUES (?, ?)', key, JSON.stringify(book));
      }
      this.#store({ ...this.#stored, ledger: state, told });
    });
    for (const alert of fresh) this.#log.write('warn', 'routing_alert', { ...alert });
    return verdict;
  }

  /** A shard's way of booking: remembers the batch for the root, in the same row. */
  async bookForRoot(batch: Batch): Promise<BatchVerdict> {
    const { state, verdict } = bookBatch(this.#stored.ledger, batch, Date.now());
    if (verdict !== 'booked') return verdict;
    const batcher = this.#stored.batcher ?? createBatcher(crypto.randomUUID());
    const added = addDelta(batcher, batch.delta, Date.now());
    // A shard's own total would only grow: what matters is which batches it has seen.
    this.#store({ ...this.#stored, ledger: resetTotal(state), batcher: added.state });
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + passOnMs);
    return verdict;
  }

  /** Passes everything on to the root now. True when nothing is left. */
  async passOn(): Promise<boolean> {
    for (;;) {
      const { batcher } = this.#stored;
      if (batcher === null || !hasUnsent(batcher)) return true;
      const nowMs = Date.now();
      const step = flushWhenDue({ ...batcher, openedAtMs: batcher.openedAtMs === null ? null : 0 }, nowMs);
      const batch = step.flush ?? batcher.underWay?.batch ?? null;
      if (batch === null) return true;
      this.#store({ ...this.#stored, batcher: step.state });
      try {
        await this.#roots.getByName('root').book(batch);
        this.#store({ ...this.#stored, batcher: confirmBatch(this.#stored.batcher ?? step.state, batch.sequence, nowMs).state });
      } catch {
        this.#store({ ...this.#stored, batcher: failBatch(this.#stored.batcher ?? step.state, batch.sequence) });
        return false;
      }
    }
  }

  override async alarm(): Promise<void> {
    if (!(await this.passOn())) await this.ctx.storage.setAlarm(Date.now() + passOnMs);
  }

  /** Everything counted so far, a `LedgerDelta` as JSON text: cheaper over RPC than a clone of its many small tuples. */
  total(): string {
    return JSON.stringify(this.#stored.ledger.total);
  }

  /** What one key has used, as far as shards have passed it on: within six seconds of an ending. */
  usageOf(keyId: string): KeyUsage {
    return keyUsage(this.#stored.ledger.total, keyId);
  }

  /** The same along one of its dimensions. */
  breakdownOf(keyId: string, by: KeyBookId): KeyBreakdown {
    return keyBreakdown(this.#bookOf(keyId), by);
  }

  /** What is known of these keys, in their order. */
  keysSeen(ids: readonly string[]): KeySeen[] {
    return ids.map((id) => keySeen(this.#bookOf(id)));
  }

  reset(): void {
    this.ctx.storage.sql.exec('DELETE FROM books');
    this.#store({ ...this.#stored, ledger: resetTotal(this.#stored.ledger) });
  }

  #bookOf(keyId: string): KeyBook {
    const [row] = this.ctx.storage.sql.exec<{ book: string }>('SELECT book FROM books WHERE key = ?', keyId).toArray();
    return row === undefined ? emptyBook : parseBook(row.book);
  }

  /** Memory follows storage, never the other way round: an exception leaves both as they were. */
  #store(stored: Stored): void {
    this.ctx.storage.sql.exec('INSERT OR REPLACE INTO ledger (id, state) VALUES (1, ?)', JSON.stringify(stored));
    this.#stored = stored;
  }
}

/** The row was written by `#store`, by this or an earlier version of the same shape. */
function parseStored(text: string): Stored {
  const stored: Omit<Stored, 'told'> & Partial<Stored> = JSON.parse(text);
  return { ledger: { ...emptyLedger, ...stored.ledger }, batcher: stored.batcher, told: stored.told ?? [] };
}

function parseBook(text: string): KeyBook {
  const book: Partial<KeyBook> = JSON.parse(text);
  return { ...emptyBook, ...book };
}
