/**
 * What one key may still do: requests and tokens per minute, concurrency, budgets, and the answers kept for its idempotency keys. Asked
 * only for keys that have such limits, or for requests that carry an idempotency key. State is one row; an alarm ends what nobody ended.
 */
import { DurableObject } from 'cloudflare:workers';
import type { Failure } from '../../shared/errors.ts';
import type { Result } from '../../shared/result.ts';
import { decideIdempotency, type IdempotencyRecord, idempotencyTtlMs } from '../core/auth/idempotency.ts';
import {
  type Admission,
  admit,
  type AdmissionRequest,
  emptyTenant,
  type Ending,
  extend,
  type Extension,
  finish,
  nextSweepAtMs,
  sweep,
  type TenantLimits,
  type TenantState,
} from '../core/limits/tenant.ts';
import { budgetNumbers, type BudgetNumbers } from '../core/limits/budget-state.ts';
import { type RateLimits, rateNumbers, type RateNumbers } from '../core/limits/rate.ts';

export interface AdmitAnswer {
  readonly result: Result<Admission, Failure>;
  readonly rate: RateNumbers;
}

/** Kept answers at most, of up to 500,000 characters each; at the bound the oldest makes room, and its key would run again. */
const maxAnswers = 1000;

export class TenantObject extends DurableObject<unknown> {
  #state: TenantState;
  #alarmAtMs: number | null = null;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS tenant (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, started_at_ms INTEGER NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;
    `);
    const [row] = ctx.storage.sql.exec<{ state: string }>('SELECT state FROM tenant WHERE id = 1').toArray();
    this.#state = row === undefined ? emptyTenant : parseState(row.state);
  }

  async admit(request: AdmissionRequest, limits: TenantLimits): Promise<AdmitAnswer> {
    const { state, result, rate } = admit(this.#state, request, Date.now(), limits);
    if (result.ok) await this.#store(state);
    return { result, rate };
  }

  /** Takes what one more call of a request needs; null when it may be made. */
  async extend(extension: Extension, limits: TenantLimits): Promise<Failure | null> {
    const { state, result } = extend(this.#state, extension, Date.now(), limits);
    if (!result.ok) return result.failure;
    await this.#store(state);
    return null;
  }

  /** Ends a request; a repeat changes nothing. Returns by how much it cost more than was reserved. */
  async finish(ending: Ending): Promise<number> {
    const { state, excessNanoUsd } = finish(this.#state, ending);
    await this.#store(state);
    return excessNanoUsd;
  }

  /** The limits per minute as they stand; takes nothing. */
  rate(limits: RateLimits): RateNumbers {
    return rateNumbers(this.#state.rate, limits, Date.now());
  }

  budgets(limits: TenantLimits): readonly BudgetNumbers[] {
    return budgetNumbers(this.#state.budgets, limits.budgets, Date.now());
  }

  /** How many requests hold something now. */
  open(): number {
    return this.#state.leases.length;
  }

  /** Decides for a request with an idempotency key, and marks it as running in the same step. A `Result<IdempotencyDecision, Failure>` as JSON. */
  async begin(key: string, request: { fingerprint: string; runId: string; runsUntilMs: number }): Promise<string> {
    const stored = this.#stored(key);
    const decision = decideIdempotency(stored, request, Date.now());
    if (decision.ok && decision.value.action === 'run') {
      if (stored === null) this.#makeRoom();
      this.#write(key, decision.value.record);
      await this.#schedule();
    }
    return JSON.stringify(decision);
  }

  /** The record after the run has ended; null frees the key. Changes nothing when the key is another run's by now. */
  keep(key: string, runId: string, record: IdempotencyRecord | null): void {
    const stored = this.#stored(key);
    if (stored !== null && stored.runId !== runId) return;
    if (record === null) this.ctx.storage.sql.exec('DELETE FROM answers WHERE key = ?', key);
    else this.#write(key, record);
  }

  #stored(key: string): IdempotencyRecord | null {
    const [row] = this.ctx.storage.sql.exec<{ record: string }>('SELECT record FROM answers WHERE key = ?', key).toArray();
    return row === undefined ? null : parseRecord(row.record);
  }

  #write(key: string, record: IdempotencyRecord): void {
    this.ctx.storage.sql.exec(
      'INSERT OR REPLACE INTO answers (key, started_at_ms, record) VALUES (?, ?, ?)',
      key,
      record.startedAtMs,
      JSON.stringify(record),
    );
  }

  #makeRoom(): void {
    this.ctx.storage.sql.exec(
      'DELETE FROM answers WHERE key IN (SELECT key FROM answers ORDER BY started_at_ms DESC LIMIT -1 OFFSET ?)',
      maxAnswers - 1,
    );
  }

  override async alarm(): Promise<void> {
    this.#alarmAtMs = null;
    const nowMs = Date.now();
    const { state, orphans } = sweep(this.#state, nowMs);
    if (orphans.length > 0) console.warn(JSON.stringify({ level: 'warn', event: 'orphaned_requests', count: orphans.length }));
    this.ctx.storage.sql.exec('DELETE FROM answers WHERE started_at_ms <= ?', nowMs - idempotencyTtlMs);
    await this.#store(state);
  }

  async #store(state: TenantState): Promise<void> {
    this.ctx.storage.sql.exec('INSERT OR REPLACE INTO tenant (id, state) VALUES (1, ?)', JSON.stringify(state));
    this.#state = state;
    await this.#schedule();
  }

  /** The next thing to end: an open request, else the kept answers, once a day. */
  async #schedule(): Promise<void> {
    const hasAnswers = this.ctx.storage.sql.exec('SELECT 1 FROM answers LIMIT 1').toArray().length > 0;
    const forgetAtMs = hasAnswers ? Date.now() + idempotencyTtlMs : Number.POSITIVE_INFINITY;
    const atMs = Math.min(nextSweepAtMs(this.#state) ?? Number.POSITIVE_INFINITY, forgetAtMs);
    if (!Number.isFinite(atMs)) return;
    this.#alarmAtMs ??= await this.ctx.storage.getAlarm();
    if (this.#alarmAtMs !== null && this.#alarmAtMs <= atMs) return;
    this.#alarmAtMs = atMs;
    await this.ctx.storage.setAlarm(atMs);
  }
}

/** Rows were written by this class, in this or an earlier version of the same shape. */
function parseState(text: string): TenantState {
  const state: TenantState = JSON.parse(text);
  return { ...emptyTenant, ...state };
}

function parseRecord(text: string): IdempotencyRecord {
  return JSON.parse(text);
}
