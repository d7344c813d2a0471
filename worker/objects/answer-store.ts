/**
 * The idempotency keys of a tenant: those of running requests, which nothing but their end or their silence frees, and the answers of
 * those that have ended, of which the oldest make room. A part of the tenant object.
 */
import type { Failure } from '../../shared/errors.ts';
import { fail, type Result } from '../../shared/result.ts';
import {
  decideIdempotency,
  type IdempotencyDecision,
  type IdempotencyRecord,
  type IdempotencyRequest,
  idempotencyTtlMs,
} from '../core/kept/idempotency.ts';
import { graceMs, leaseMs } from '../core/limits/heartbeat.ts';

/** Kept answers at most, of up to 1.9 MB each; at the bound the oldest makes room, and its key would run again. */
const maxAnswers = 1000;
/** Running requests with a key at most. */
const maxRuns = 4096;

export class AnswerStore {
  readonly #sql: SqlStorage;
  /** By idempotency key. Until when a run is believed in is told by heartbeats, and those are in memory only. */
  readonly #runs = new Map<string, IdempotencyRecord>();
  #answers: number;

  constructor({ sql }: DurableObjectStorage, nowMs: number) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, started_at_ms INTEGER NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;
    `);
    for (const { key, record } of sql.exec<{ key: string; record: string }>('SELECT key, record FROM runs').toArray()) {
      const run = parseRecord(record);
      this.#runs.set(key, { ...run, runsUntilMs: Math.min(run.startedAtMs + idempotencyTtlMs, nowMs + graceMs) });
    }
    this.#answers = sql.exec<{ count: number }>('SELECT COUNT(*) AS count FROM answers').one().count;
  }

  /** Decides, and marks the key as running in the same step. */
  begin(key: string, request: IdempotencyRequest, nowMs: number): Result<IdempotencyDecision, Failure> {
    const decision = decideIdempotency(this.#stored(key), request, nowMs);
    if (!decision.ok || decision.value.action === 'replay') return decision;
    if (!this.#runs.has(key) && this.#runs.size >= maxRuns && !this.#dropSilent(nowMs)) {
      return fail({ code: 'concurrency_limit_exceeded', detail: 'Too many requests with an idempotency key are running.' });
    }
    this.#runs.set(key, decision.value.record);
    this.#sql.exec('INSERT OR REPLACE INTO runs (key, record) VALUES (?, ?)', key, JSON.stringify(decision.value.record));
    return decision;
  }

  /** What is left of a run: the record with its answer, or null to free the key. Nothing when the key is another run's by now. */
  end(key: string, runId: string, record: IdempotencyRecord | null): void {
    const run = this.#runs.get(key);
    if (run !== undefined && run.runId !== runId) return;
    if (run !== undefined) {
      this.#runs.delete(key);
      this.#sql.exec('DELETE FROM runs WHERE key = ?', key);
    }
    const answered = this.#answer(key);
    if (record === null || (run === undefined && answered !== null && answered.runId !== runId)) return;
    const isNew = answered === null;
    if (isNew && this.#answers >= maxAnswers) this.#makeRoom();
    this.#sql.exec(
      'INSERT OR REPLACE INTO answers (key, started_at_ms, record) VALUES (?, ?, ?)',
      key,
      record.startedAtMs,
      JSON.stringify(record),
    );
    if (isNew) this.#answers += 1;
  }

  /** These runs go on. */
  hear(runIds: readonly string[], nowMs: number): void {
    if (this.#runs.size === 0) return;
    const heard = new Set(runIds);
    for (const [key, run] of this.#runs) {
      if (heard.has(run.runId)) this.#runs.set(key, { ...run, runsUntilMs: nowMs + leaseMs });
    }
  }

  /** Deletes what nobody may come back to any more. */
  forget(nowMs: number): void {
    const untilMs = nowMs - idempotencyTtlMs;
    this.#answers -= this.#sql.exec('DELETE FROM answers WHERE started_at_ms <= ? RETURNING key', untilMs).toArray().length;
    for (const [key, { startedAtMs }] of this.#runs) if (startedAtMs <= untilMs) this.#drop(key);
  }

  /** When to forget next; null when nothing is kept. */
  nextAtMs(nowMs: number): number | null {
    return this.#answers + this.#runs.size > 0 ? nowMs + idempotencyTtlMs : null;
  }

  #stored(key: string): IdempotencyRecord | null {
    return this.#runs.get(key) ?? this.#answer(key);
  }

  #answer(key: string): IdempotencyRecord | null {
    const [row] = this.#sql.exec<{ record: string }>('SELECT record FROM answers WHERE key = ?', key).toArray();
    return row === undefined ? null : parseRecord(row.record);
  }

  #makeRoom(): void {
    const oldest = `
      DELETE FROM answers
      WHERE key IN (SELECT key FROM answers ORDER BY started_at_ms DESC LIMIT -1 OFFSET ?)
      RETURNING key`;
    this.#answers -= this.#sql.exec(oldest, maxAnswers - 1).toArray().length;
  }

  /** Frees the keys of runs that were heard of no more. False when there are none. */
  #dropSilent(nowMs: number): boolean {
    for (const [key, { runsUntilMs }] of this.#runs) if (runsUntilMs <= nowMs) this.#drop(key);
    return this.#runs.size < maxRuns;
  }

  #drop(key: string): void {
    this.#runs.delete(key);
    this.#sql.exec('DELETE FROM runs WHERE key = ?', key);
  }
}

/** Written by this class. */
function parseRecord(text: string): IdempotencyRecord {
  return JSON.parse(text);
}
