/**
 * The ledger: every ended request, counted once. Isolates write to a shard, shards pass what they have booked on to the root by alarm, and
 * the root serves `/stats` and logs alerts. The same class plays both parts. One row per batch, because Durable Objects are billed by rows
 * written.
 */
import { DurableObject } from 'cloudflare:workers';
import { addDelta, type Batch, type BatcherState, createBatcher, oldestUnsentAtMs } from '../core/ledger/batch.ts';
import { alertsOf, untold, type WatchConfig } from '../core/ledger/alerts.ts';
import { feedTicketHeader } from '../core/ledger/feed.ts';
import { withoutRows } from '../core/ledger/delta.ts';
import { type DayRange, emptyBook, type KeyBook, type KeyBookId, sumKeyBooks } from '../core/ledger/key-book.ts';
import { findRecord, oldestOf, pageOf } from '../core/ledger/record-pages.ts';
import type { RequestQuery } from '../core/ledger/request-query.ts';
import { keyBreakdown, keySeen, keyUsage, keyUsageWithin } from '../core/ledger/stats.ts';
import type { RequestList } from '../../shared/observed.ts';
import type { KeyBreakdown, KeySeen, KeyUsage } from '../../shared/records.ts';
import { fourDigits } from '../../shared/units.ts';
import { passOnMs } from '../core/ledger/pass-on.ts';
import type { LogPort } from '../core/ports.ts';
import { FeedSockets, type FeedSums } from './feed-sockets.ts';
import { PassingOn, type RootAnswer, type RootNamespace } from './passing-on.ts';
import { RecordStore } from './record-store.ts';
import { SeriesStore } from './series-store.ts';
import { type BatchVerdict, bookBatch, emptyLedger, type LedgerState, resetTotal } from '../core/ledger/seen.ts';

interface Stored {
  readonly ledger: LedgerState;
  /** What a shard has booked and the root has not confirmed. */
  readonly batcher: BatcherState | null;
  /** Alerts that the log has. */
  readonly told: readonly string[];
}

export abstract class LedgerObjectBase extends DurableObject<unknown> {
  #stored: Stored;
  readonly #passing: PassingOn;
  readonly #feed: FeedSockets;
  readonly #watched: WatchConfig;
  readonly #log: LogPort;
  readonly #series: SeriesStore;
  readonly #records: RecordStore;

  constructor(ctx: DurableObjectState, env: unknown, roots: RootNamespace, watched: WatchConfig, log: LogPort) {
    super(ctx, env);
    this.#log = log;
    this.#watched = watched;
    this.#passing = new PassingOn(
      {
        read: () => this.#stored.batcher,
        store: (batcher) => this.#store({ ...this.#stored, batcher }),
        keep: (batcher) => void (this.#stored = { ...this.#stored, batcher }),
      },
      roots,
    );
    this.#feed = new FeedSockets(ctx, () => this.#feedSums());
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS ledger (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS books (key TEXT PRIMARY KEY, book TEXT NOT NULL) WITHOUT ROWID;
    `);
    this.#series = new SeriesStore(ctx.storage.sql);
    this.#records = new RecordStore(ctx.storage.sql);
    const [row] = ctx.storage.sql.exec<{ state: string }>('SELECT state FROM ledger WHERE id = 1').toArray();
    this.#stored = row === undefined ? { ledger: emptyLedger, batcher: null, told: [] } : parseStored(row.state);
  }

  /** Books a batch unless it was booked before. Safe to repeat. An alert is logged once in its window. */
  book(batch: Batch): BatchVerdict {
    const nowMs = Date.now();
    const books = (batch.delta.books ?? []).map(([key, book]) => [key, sumKeyBooks([this.#bookOf(key), book])] as const);
    const delta = withoutRows(batch.delta, books, this.#stored.ledger.total);
    const { state, verdict } = bookBatch(this.#stored.ledger, { ...batch, delta }, nowMs);
    if (verdict !== 'booked') return verdict;
    const { told, fresh } = untold(this.#stored.told, alertsOf(state.total.days ?? [], this.#watched, nowMs));
    const keepRecords = this.ctx.storage.transactionSync(() => {
      for (const [key, book] of books) {
        this.ctx.storage.sql.exec('INSERT OR REPLACE INTO books (key, book) VALUES (?, ?)', key, JSON.stringify(book));
      }
      this.#series.add(batch.delta.series ?? [], nowMs);
      this.#store({ ...this.#stored, ledger: state, told });
      return this.#records.add(batch.delta.records ?? []);
    });
    keepRecords?.();
    for (const alert of fresh) this.#log.write('warn', 'routing_alert', { ...alert });
    this.#feed.offer(batch.delta, nowMs);
    return verdict;
  }

  /** The same for a shard, which is told whether anybody waits for what it has. */
  bookFromShard(batch: Batch): RootAnswer {
    return { verdict: this.book(batch), isWatched: this.#feed.isWatched };
  }

  /** Lets one socket of the feed in that shows the ticket of this hash in time. */
  addTicket(hashHex: string, expiresAtMs: number): void {
    this.#feed.addTicket(hashHex, expiresAtMs, Date.now());
  }

  /** The feed's socket. A call returns values; only a request's answer can hand over a socket. */
  override fetch(request: Request): Response {
    const opened = this.#feed.open(request.headers.get(feedTicketHeader) ?? '', Date.now());
    if (opened === 'no_ticket') return new Response(null, { status: 401 });
    if (opened === 'full') return new Response(null, { status: 429 });
    return new Response(null, { status: 101, webSocket: opened });
  }

  override webSocketMessage(socket: WebSocket): void {
    this.#feed.hear(socket);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#feed.end(socket);
  }

  /** A shard's way of booking: remembers the batch for the root, in the same row. */
  async bookForRoot(batch: Batch): Promise<BatchVerdict> {
    const { state, verdict } = bookBatch(this.#stored.ledger, batch, Date.now());
    if (verdict !== 'booked') return verdict;
    const batcher = this.#stored.batcher ?? createBatcher(crypto.randomUUID());
    const added = addDelta(batcher, batch.delta, Date.now());
    // A shard's own total would only grow: what matters is which batches it has seen.
    this.#store({ ...this.#stored, ledger: resetTotal(state), batcher: added.state });
    this.#passing.begin(Date.now());
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + passOnMs);
    return verdict;
  }

  /** Passes everything on to the root now. True when nothing is left. */
  passOn(): Promise<boolean> {
    return this.#passing.passOn();
  }

  /** Tells a shard that the feed has readers. */
  watch(): void {
    this.#passing.watch();
  }

  /** Passes everything on; when the oldest of it ended, `null` when there was nothing. */
  async handOver(): Promise<number | null> {
    const { batcher } = this.#stored;
    const oldestAtMs = batcher === null ? null : oldestUnsentAtMs(batcher);
    await this.passOn();
    return oldestAtMs;
  }

  override async alarm(): Promise<void> {
    if (!(await this.passOn())) await this.ctx.storage.setAlarm(Date.now() + passOnMs);
  }

  /** Everything counted so far, a `LedgerDelta` as JSON text: cheaper over RPC than a clone of its many small tuples. */
  total(): string {
    return JSON.stringify(this.#stored.ledger.total);
  }

  /** What ended since then, by stretches of time: `SeriesParts` as JSON text. */
  series(fromMs: number): string {
    return this.#series.from(fromMs);
  }

  /** A page of single requests, the newest first: a `RequestList` as JSON text. */
  requests(wanted: RequestQuery): string {
    const page = pageOf(this.#records.from(wanted.before?.place?.row ?? null), wanted);
    const oldest = this.#records.oldest();
    return JSON.stringify({
      ...page,
      source: 'recent',
      log_down: false,
      oldest_at: oldest === null ? null : oldestOf(oldest),
      unrecorded: this.#stored.ledger.total.unrecorded ?? 0,
    } satisfies RequestList);
  }

  /** A `RequestDetail` as JSON text, or null. */
  request(id: string): string | null {
    const found = findRecord(this.#records.from(null), id);
    return found === null ? null : JSON.stringify(found);
  }

  /** What one key has used, as far as shards have passed it on: within six seconds of an ending. */
  usageOf(keyId: string, days: DayRange | null): KeyUsage {
    const { total } = this.#stored.ledger;
    return days === null ? keyUsage(total, keyId) : keyUsageWithin(total, this.#bookOf(keyId), days);
  }

  /** The same along one of its dimensions. */
  breakdownOf(keyId: string, by: KeyBookId, days: DayRange | null): KeyBreakdown {
    return keyBreakdown(this.#bookOf(keyId), by, days);
  }

  /** What is known of these keys, in their order. */
  keysSeen(ids: readonly string[]): KeySeen[] {
    return ids.map((id) => keySeen(this.#bookOf(id)));
  }

  reset(): void {
    this.ctx.storage.sql.exec('DELETE FROM books');
    this.#series.clear();
    this.#records.clear();
    this.#store({ ...this.#stored, ledger: resetTotal(this.#stored.ledger) });
  }

  /** Alerts as `/stats` shows them. */
  #feedSums(): FeedSums {
    const { total } = this.#stored.ledger;
    const alerts = alertsOf(total.days ?? [], this.#watched, Date.now());
    return { totals: total.totals, alerts: alerts.map((alert) => ({ ...alert, value: fourDigits(alert.value) })) };
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
