/**
 * Routing memories of conversations, spread over several objects, and the records by which requests of an experiment are rated. One small
 * row each. A row expires when it has not been used for its lifetime; at the bound the least recently used are evicted.
 */
import { DurableObject } from 'cloudflare:workers';
import { rate } from '../core/route/rating.ts';

const sweepEveryMs = 3_600_000;
/** About 3 MB at the usual row size; 160,000 rows over the sixteen objects. */
export const maxRows = 10_000;
/** Rows evicted at once, so that a full object does not search for the oldest row at every write. */
const roomMade = 1000;
/** Longer ids and memories are not kept: nothing that the gateway writes is longer. */
const maxChars = 1024;

export class SessionObject extends DurableObject<unknown> {
  #count: number;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      DROP TABLE IF EXISTS sessions;
      CREATE TABLE IF NOT EXISTS memories (
        id TEXT PRIMARY KEY, memory TEXT NOT NULL, used_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
    `);
    this.#count = this.#countRows();
  }

  /** The memory as JSON, or null. A read for use (`isUse`) extends its lifetime, with at most four writes per lifetime. */
  get(id: string, isUse: boolean): string | null {
    const nowMs = Date.now();
    const [row] = this.ctx.storage.sql
      .exec<{ memory: string; used_ms: number; until_ms: number }>(
        'SELECT memory, used_ms, until_ms FROM memories WHERE id = ? AND until_ms > ?',
        id,
        nowMs,
      )
      .toArray();
    if (row === undefined) return null;
    const lifetimeMs = row.until_ms - row.used_ms;
    if (isUse && nowMs - row.used_ms > lifetimeMs / 4) {
      this.ctx.storage.sql.exec('UPDATE memories SET used_ms = ?, until_ms = ? WHERE id = ?', nowMs, nowMs + lifetimeMs, id);
    }
    return row.memory;
  }

  async put(id: string, memory: string, ttlMs: number): Promise<void> {
    if (id.length > maxChars || memory.length > maxChars) return;
    const { sql } = this.ctx.storage;
    const nowMs = Date.now();
    const isNew = sql.exec('SELECT 1 FROM memories WHERE id = ?', id).toArray().length === 0;
    if (isNew && this.#count >= maxRows) this.#makeRoom(nowMs);
    sql.exec(
      'INSERT OR REPLACE INTO memories (id, memory, used_ms, until_ms) VALUES (?, ?, ?, ?)',
      id,
      memory,
      nowMs,
      nowMs + ttlMs,
    );
    if (isNew) this.#count += 1;
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + sweepEveryMs);
  }

  /** Stores a rating in the memory of a request; returns the memory with the previous rating, as JSON, or null without one. */
  rate(id: string, score: number, ratingId: string): string | null {
    const text = this.get(id, false);
    if (text === null) return null;
    const rated = rate(JSON.parse(text), score, ratingId);
    this.ctx.storage.sql.exec('UPDATE memories SET memory = ? WHERE id = ?', JSON.stringify(rated), id);
    return JSON.stringify(rated);
  }

  override async alarm(): Promise<void> {
    this.#sweep(Date.now());
    if (this.#count > 0) await this.ctx.storage.setAlarm(Date.now() + sweepEveryMs);
  }

  #makeRoom(nowMs: number): void {
    this.#sweep(nowMs);
    if (this.#count < maxRows) return;
    const surplus = this.#count - (maxRows - roomMade);
    this.ctx.storage.sql.exec('DELETE FROM memories WHERE id IN (SELECT id FROM memories ORDER BY used_ms LIMIT ?)', surplus);
    this.#count = this.#countRows();
  }

  #sweep(nowMs: number): void {
    this.ctx.storage.sql.exec('DELETE FROM memories WHERE until_ms <= ?', nowMs);
    this.#count = this.#countRows();
  }

  #countRows(): number {
    const [row] = this.ctx.storage.sql.exec<{ count: number }>('SELECT COUNT(*) AS count FROM memories').toArray();
    return row?.count ?? 0;
  }
}
