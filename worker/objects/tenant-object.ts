/**
 * The limits of one tenant: requests and tokens per minute, concurrency, budgets. Called only for keys that have such limits. A row for each open request and one for the sums; an alarm
 * ends requests whose heartbeats stopped.
 */
import { DurableObject } from 'cloudflare:workers';
import type { Failure } from '../../shared/errors.ts';
import type { Result } from '../../shared/result.ts';
import { budgetNumbers, type BudgetNumbers } from '../core/limits/budget-state.ts';
import { type RateLimits, rateNumbers, type RateNumbers } from '../core/limits/rate.ts';
import { type ReserveAnswer, admit, type ReserveRequest, extend, type Extension } from '../core/limits/reserve.ts';
import { loadTenant } from '../core/limits/load-tenant.ts';
import type { OrderAnswer, TenantOrder } from '../core/limits/orders.ts';
import { finish, hear, nextSweepAtMs, sweep } from '../core/limits/settle.ts';
import type { TenantLimits } from '../core/limits/tenant-limits.ts';
import {
  applied,
  type Changes,
  noChanges,
  type OpenRequest,
  type Settlement,
  type TenantState,
} from '../core/limits/tenant-state.ts';
import { type Booking, deltaOfBooking, deltasOfBookings, type Draft, unknownBooking } from '../core/ledger/booking.ts';
import { type LedgerDelta, negated } from '../core/ledger/delta.ts';
import type { LogPort } from '../core/ports.ts';
import { type LedgerNamespace, Outbox } from './outbox.ts';
import { type EndedRow, TenantRows } from './tenant-rows.ts';

export interface AdmitAnswer {
  readonly result: Result<ReserveAnswer, Failure>;
  readonly rate: RateNumbers;
}

/** When to retry a failed delivery if nothing else wakes the object. */
const resendMs = 30_000;
/** Rows of ended requests at most. What they say is counted together when the sums are written. */
const maxEnded = 200;

export abstract class TenantObjectBase extends DurableObject<unknown> {
  #state: TenantState;
  /** What has ended since the sums were written. */
  #ended: EndedRow[];
  readonly #rows: TenantRows;
  readonly #outbox: Outbox;
  readonly #log: LogPort;
  #alarmAtMs: number | null = null;

  constructor(ctx: DurableObjectState, env: unknown, ledger: LedgerNamespace, shards: number, log: LogPort) {
    super(ctx, env);
    this.#log = log;
    this.#rows = new TenantRows(ctx.storage.sql);
    const { stored, rows, ended } = this.#rows.load();
    this.#state = loadTenant(stored?.sums ?? null, rows, Date.now());
    this.#ended = ended;
    const shard = shardOf(ctx.id.toString(), shards);
    this.#outbox = new Outbox(stored?.outbox ?? null, () => ledger.getByName(`shard:${shard}`), {
      hasEnded: () => this.#ended.length > 0,
      fold: () => this.#fold(noChanges(this.#state)),
    });
    if (this.#outbox.hasUnsent) this.#outbox.wake();
  }

  /** Admissions and endings in their order: `TenantOrder[]`, answered with `OrderAnswer[]`, each as JSON text. Each is a step by itself. */
  async take(orders: string): Promise<string> {
    const parsed: readonly TenantOrder[] = JSON.parse(orders);
    const answers = parsed.map((order): OrderAnswer => {
      if (order.kind === 'admit') return { kind: 'admit', ...this.#admit(order.request, order.limits) };
      return { kind: 'finish', excessNanoUsd: this.#finish(order.settlement, order.booking) };
    });
    await this.#schedule();
    return JSON.stringify(answers);
  }

  /** One admission, as isolates of an earlier version ask for it: with the draft as it is. */
  async admit(request: Omit<ReserveRequest, 'draft'> & { draft?: Draft | null }, limits: TenantLimits): Promise<AdmitAnswer> {
    const answer = this.#admit({ ...request, draft: textOf(request.draft) }, limits);
    await this.#schedule();
    return answer;
  }

  #admit(request: ReserveRequest, limits: TenantLimits): AdmitAnswer {
    this.#sweep();
    const { changes, result, rate } = admit(this.#state, request, Date.now(), limits);
    this.#commit(changes);
    return { result, rate };
  }

  /** Takes what one more call of a request needs; null when it may be made. */
  extend(extension: Extension, limits: TenantLimits): Failure | null {
    this.#sweep();
    const { changes, result } = extend(this.#state, extension, Date.now(), limits);
    this.#commit(changes);
    return result.ok ? null : result.failure;
  }

  /** One ending, as isolates of an earlier version tell it. */
  finish(settlement: Settlement, booking: Booking | null = null): number {
    return this.#finish(settlement, textOf(booking));
  }

  /** Ends a request; a repeat changes nothing. Returns by how much it cost more than was reserved. */
  #finish(settlement: Settlement, booking: string | null): number {
    const { changes, row, excessNanoUsd } = finish(this.#state, settlement);
    // One that was given up was booked as unknown then.
    const isCorrected = row !== null && booking !== null && row.sweptAtMs !== null;
    const told = isCorrected ? [...unknownOf(row, row.sweptAtMs).map(negated), deltaOfBooking(parseBooking(booking))] : [];
    this.#commit(changes, told, booking);
    return excessNanoUsd;
  }

  /** Heartbeat of these requests: they keep what they hold. Writes nothing. */
  hear(ids: readonly string[]): void {
    const nowMs = Date.now();
    this.#commit(hear(this.#state, ids, nowMs));
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

  override async alarm(): Promise<void> {
    this.#alarmAtMs = null;
    this.#sweep();
    await this.#outbox.send();
    await this.#schedule();
  }

  /** Runs before every decision: ends requests whose heartbeats stopped. */
  #sweep(): void {
    const nowMs = Date.now();
    const { changes, orphans } = sweep(this.#state, nowMs);
    this.#commit(
      changes,
      orphans.flatMap((row) => unknownOf(row, nowMs)),
    );
    if (orphans.length > 0) this.#log.write('warn', 'orphaned_requests', { count: orphans.length });
  }

  /**
   * Memory follows storage, never the other way round: an exception leaves both as they were. Without the sums a step writes one row.
   *
   * @param told what the ledger is told at once
   * @param booking of a request that ends
   */
  #commit(changes: Changes, told: readonly LedgerDelta[] = [], booking: string | null = null): void {
    const { end, put, writesSums } = changes;
    if (writesSums) this.#fold(changes, told);
    else for (const row of put) this.#rows.put(row);
    if (end !== null) {
      this.#rows.end(end, booking);
      this.#ended.push({ id: end.id, booking });
    }
    this.#state = applied(this.#state, changes);
    if (this.#ended.length >= maxEnded) this.#fold(noChanges(this.#state));
    if (end !== null || told.length > 0) this.#outbox.wake();
  }

  /** Writes the sums, and with them what has ended since the last time: it becomes part of them and of what the ledger is told. */
  #fold({ sums, put, drop }: Changes, told: readonly LedgerDelta[] = []): void {
    const before = this.#outbox.stored;
    const bookings = this.#ended.flatMap(({ booking }) => (booking === null ? [] : [parseBooking(booking)]));
    try {
      this.ctx.storage.transactionSync(() => {
        this.#rows.drop([...drop, ...this.#ended.map(({ id }) => id)]);
        for (const row of put) this.#rows.put(row);
        this.#outbox.add([...deltasOfBookings(bookings), ...told]);
        this.#rows.writeSums({ sums, outbox: this.#outbox.stored });
      });
    } catch (error) {
      this.#outbox.restore(before);
      throw error;
    }
    this.#ended = [];
  }

  /** Sets the alarm for the next expiry. An alarm that fires too early changes nothing. */
  async #schedule(): Promise<void> {
    const nowMs = Date.now();
    const atMs = Math.min(
      nextSweepAtMs(this.#state, nowMs) ?? Number.POSITIVE_INFINITY,
      this.#outbox.hasUnsent ? nowMs + resendMs : Number.POSITIVE_INFINITY,
    );
    if (!Number.isFinite(atMs)) return;
    this.#alarmAtMs ??= await this.ctx.storage.getAlarm();
    if (this.#alarmAtMs !== null && this.#alarmAtMs <= atMs) return;
    this.#alarmAtMs = atMs;
    await this.ctx.storage.setAlarm(atMs);
  }
}

/** The ledger entry of a request that was given up. */
function unknownOf({ draft, money }: OpenRequest, atMs: number): LedgerDelta[] {
  return draft === null ? [] : [deltaOfBooking(unknownBooking(parseDraft(draft), atMs, money?.amountNanoUsd ?? 0))];
}

/** Spreads tenants over the ledger's shards by their random ids. */
function shardOf(id: string, count: number): number {
  let sum = 0;
  for (let i = 0; i < id.length; i += 1) sum = (Math.imul(sum, 31) + id.charCodeAt(i)) >>> 0;
  return sum % Math.max(1, count);
}

function textOf(value: Draft | Booking | null | undefined): string | null {
  return value == null ? null : JSON.stringify(value);
}

/** Written by the isolate that ran the request. */
function parseBooking(text: string): Booking {
  return JSON.parse(text);
}

function parseDraft(text: string): Draft {
  return JSON.parse(text);
}
