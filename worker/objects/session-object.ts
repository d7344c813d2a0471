/** What conversations remember of their routing, a share of them per object. One small row each, written only when something changes. */
import { DurableObject } from 'cloudflare:workers';

const sweepEveryMs = 3_600_000;

export class SessionObject extends DurableObject<unknown> {
  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    ctx.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, memory TEXT NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID',
    );
  }

  /** The memory as JSON, or null. */
  get(id: string): string | null {
    const [row] = this.ctx.storage.sql
      .exec<{ memory: string }>('SELECT memory FROM sessions WHERE id = ? AND until_ms > ?', id, Date.now())
      .toArray();
    return row?.memory ?? null;
  }

  async put(id: string, memory: string, ttlMs: number): Promise<void> {
    this.ctx.storage.sql.exec(
      'INSERT OR REPLACE INTO sessions (id, memory, until_ms) VALUES (?, ?, ?)',
      id,
      memory,
      Date.now() + ttlMs,
    );
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + sweepEveryMs);
  }

  override async alarm(): Promise<void> {
    this.ctx.storage.sql.exec('DELETE FROM sessions WHERE until_ms <= ?', Date.now());
    const [{ count } = { count: 0 }] = this.ctx.storage.sql
      .exec<{ count: number }>('SELECT COUNT(*) AS count FROM sessions')
      .toArray();
    if (count > 0) await this.ctx.storage.setAlarm(Date.now() + sweepEveryMs);
  }
}
