/**
 * What one key may still do: requests and tokens per minute, concurrency, budgets, and the answers kept for its idempotency keys. Asked
 * only for keys that have such limits, or for requests that carry an idempotency key. A row for each open request and one for the sums;
 * an alarm ends what nobody is heard of any more.
 */
import { DurableObject } from 'cloudflare:workers';
import type { Failure } from '../../shared/errors.ts';
import type { Result } from '../../shared/result.ts';
import type { IdempotencyRecord, IdempotencyRequest } from '../core/kept/idempotency.ts';
import { budgetNumbers, type BudgetNumbers } from '../core/limits/budget-state.ts';
import { type RateLimits, rateNumbers, type RateNumbers } from '../core/limits/rate.ts';
import { type ReserveAnswer, admit, type ReserveRequest, extend, type Extension } from '../core/limits/reserve.ts';
import { type Settlement, finish, hear, nextSweepAtMs, sweep } from '../core/limits/settle.ts';
import type { TenantLimits } from '../core/limits/tenant-limits.ts';
import {
  applied,
  type Changes,
  loadTenant,
  type OpenRequest,
  storedSums,
  type TenantState,
  type TenantSums,
} from '../core/limits/tenant-state.ts';
import type { BatcherState } from '../core/ledger/batch.ts';
import { type Booking, deltaOfBooking, unknownBooking } from '../core/ledger/booking.ts';
import { type LedgerDelta, negated } from '../core/ledger/delta.ts';
import type { LogPort } from '../core/ports.ts';
import { AnswerStore } from './answer-store.ts';
import { type LedgerNamespace, Outbox } from './outbox.ts';

export interface AdmitAnswer {
  readonly result: Result<ReserveAnswer, Failure>;
  readonly rate: RateNumbers;
}

interface Stored {
  readonly sums: TenantSums;
  readonly outbox: BatcherState | null;
}

/** What could not be delivered is tried again, should nothing else wake the object. */
const resendMs = 30_000;

export abstract class TenantObjectBase extends DurableObject<unknown> {
  #state: TenantState;
  readonly #answers: AnswerStore;
  readonly #outbox: Outbox;
  readonly #log: LogPort;
  #alarmAtMs: number | null = null;

  constructor(ctx: DurableObjectState, env: unknown, ledger: LedgerNamespace, shards: number, log: LogPort) {
    super(ctx, env);
    this.#log = log;
    const { sql } = ctx.storage;
    sql.exec(`
      DROP TABLE IF EXISTS tenant;
      CREATE TABLE IF NOT EXISTS sums (id INTEGER PRIMARY KEY CHECK (id = 1), sums TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS requests (id TEXT PRIMARY KEY, request TEXT NOT NULL) WITHOUT ROWID;
    `);
    const [row] = sql.exec<{ sums: string }>('SELECT sums FROM sums WHERE id = 1').toArray();
    const rows = sql.exec<{ request: string }>('SELECT request FROM requests').toArray();
    const stored = row === undefined ? null : parseStored(row.sums);
    this.#state = loadTenant(
      stored?.sums ?? null,
      rows.map(({ request }) => parseRequest(request)),
      Date.now(),
    );
    this.#answers = new AnswerStore(ctx.storage, Date.now());
    const shard = shardOf(ctx.id.toString(), shards);
    this.#outbox = new Outbox(
      stored?.outbox ?? null,
      () => ledger.getByName(`shard:${shard}`),
      () => this.#storeSums(this.#state.sums),
    );
  }

  async admit(request: ReserveRequest, limits: TenantLimits): Promise<AdmitAnswer> {
    this.#sweep();
    const { changes, result, rate } = admit(this.#state, request, Date.now(), limits);
    this.#commit(changes);
    await this.#schedule();
    return { result, rate };
  }

  /** Takes what one more call of a request needs; null when it may be made. */
  extend(extension: Extension, limits: TenantLimits): Failure | null {
    this.#sweep();
    const { changes, result } = extend(this.#state, extension, Date.now(), limits);
    this.#commit(changes);
    return result.ok ? null : result.failure;
  }

  /**
   * Ends a request; a repeat changes nothing. What it spent and what the ledger is told of it are stored in one step. Returns by how much
   * it cost more than was reserved.
   */
  finish(settlement: Settlement, booking: Booking | null = null): number {
    const { changes, row, excessNanoUsd } = finish(this.#state, settlement);
    const isKnown = row !== null && booking !== null;
    this.#commit(changes, isKnown ? [...unknownTakenBack(row), deltaOfBooking(booking)] : []);
    return excessNanoUsd;
  }

  /** These requests still run: what they hold, and their idempotency keys, stay theirs. Writes nothing. */
  hear(ids: readonly string[]): void {
    const nowMs = Date.now();
    this.#commit(hear(this.#state, ids, nowMs));
    this.#answers.hear(ids, nowMs);
  }

  /** The limits per minute as they stand; takes nothing. */
  rate(limits: RateLimits): RateNumbers {
    return rateNumbers(this.#state.sums.rate, limits, Date.now());
  }

  budgets(limits: TenantLimits): readonly BudgetNumbers[] {
    this.#sweep();
    return budgetNumbers(this.#state.sums.budgets, limits.budgets, Date.now());
  }

  /** How many requests hold something now. */
  open(): number {
    this.#sweep();
    return this.#state.open.size;
  }

  /** Decides for a request with an idempotency key, and marks it as running in the same step. A `Result<IdempotencyDecision, Failure>` as JSON. */
  async begin(key: string, request: IdempotencyRequest): Promise<string> {
    const decision = this.#answers.begin(key, request, Date.now());
    await this.#schedule();
    return JSON.stringify(decision);
  }

  /** The record after the run has ended; null frees the key. Changes nothing when the key is another run's by now. */
  keep(key: string, runId: string, record: IdempotencyRecord | null): void {
    this.#answers.end(key, runId, record);
  }

  override async alarm(): Promise<void> {
    this.#alarmAtMs = null;
    this.#sweep();
    this.#answers.forget(Date.now());
    await this.#outbox.send();
    await this.#schedule();
  }

  /** Before anything is decided: what nobody was heard of in time counts no more. */
  #sweep(): void {
    const nowMs = Date.now();
    const { changes, orphans } = sweep(this.#state, nowMs);
    this.#commit(
      changes,
      orphans.flatMap((row) => unknownOf(row, nowMs)),
    );
    if (orphans.length > 0) this.#log.write('warn', 'orphaned_requests', { count: orphans.length });
  }

  /** Memory follows storage, never the other way round: an exception leaves both as they were. */
  #commit(changes: Changes, booked: readonly LedgerDelta[] = []): void {
    const { storage } = this.ctx;
    const { sums, writesSums, put, drop } = changes;
    if (writesSums || put.length + drop.length > 0) {
      const before = this.#outbox.stored;
      try {
        storage.transactionSync(() => {
          for (const id of drop) storage.sql.exec('DELETE FROM requests WHERE id = ?', id);
          for (const row of put) {
            storage.sql.exec('INSERT OR REPLACE INTO requests (id, request) VALUES (?, ?)', row.id, JSON.stringify(row));
          }
          this.#outbox.add(booked);
          if (writesSums) this.#storeSums(sums);
        });
      } catch (error) {
        this.#outbox.restore(before);
        throw error;
      }
    }
    this.#state = applied(this.#state, changes);
  }

  #storeSums(sums: TenantSums): void {
    const stored: Stored = { sums: storedSums(sums), outbox: this.#outbox.stored };
    this.ctx.storage.sql.exec('INSERT OR REPLACE INTO sums (id, sums) VALUES (1, ?)', JSON.stringify(stored));
  }

  /** The next thing to end by itself. An alarm that comes too early only looks. */
  async #schedule(): Promise<void> {
    const nowMs = Date.now();
    const atMs = Math.min(
      nextSweepAtMs(this.#state, nowMs) ?? Number.POSITIVE_INFINITY,
      this.#answers.nextAtMs(nowMs) ?? Number.POSITIVE_INFINITY,
      this.#outbox.hasUnsent ? nowMs + resendMs : Number.POSITIVE_INFINITY,
    );
    if (!Number.isFinite(atMs)) return;
    this.#alarmAtMs ??= await this.ctx.storage.getAlarm();
    if (this.#alarmAtMs !== null && this.#alarmAtMs <= atMs) return;
    this.#alarmAtMs = atMs;
    await this.ctx.storage.setAlarm(atMs);
  }
}

/** What the ledger is told of a request that was given up. */
function unknownOf({ draft, money }: OpenRequest, atMs: number): LedgerDelta[] {
  return draft === null ? [] : [deltaOfBooking(unknownBooking(draft, atMs, money?.amountNanoUsd ?? 0))];
}

/** The truth has come after all. */
function unknownTakenBack(row: OpenRequest): LedgerDelta[] {
  return row.sweptAtMs === null ? [] : unknownOf(row, row.sweptAtMs).map(negated);
}

/** Tenants are spread over the ledger's shards by their ids, which are random. */
function shardOf(id: string, count: number): number {
  let sum = 0;
  for (let i = 0; i < id.length; i += 1) sum = (Math.imul(sum, 31) + id.charCodeAt(i)) >>> 0;
  return sum % Math.max(1, count);
}

/** The row was written by this class; an earlier version had the sums alone. */
function parseStored(text: string): Stored {
  const stored: Stored | TenantSums = JSON.parse(text);
  return 'sums' in stored ? stored : { sums: stored, outbox: null };
}

function parseRequest(text: string): OpenRequest {
  return JSON.parse(text);
}
