/**
 * The outbox of the request log: rows that the database could not take, until it does. At most so many are kept, the oldest are dropped and
 * counted. Its alarm tries again, and has tables made ahead and old ones dropped while all is well. There is one.
 */
import { DurableObject } from 'cloudflare:workers';
import type { RowsStatus } from '../../shared/rows-status.ts';
import { isoTime } from '../../shared/units.ts';
import type { LogPort } from '../core/ports.ts';
import type { RowStorePort } from '../core/rows/ports.ts';
import type { LostRows } from '../core/rows/row-queue.ts';
import { oneStatement, pauseAfter, rowsAtOnce } from '../core/rows/outbox-policy.ts';

export interface RowsWiring {
  /** Null where there is no database any more. */
  readonly store: RowStorePort | null;
  readonly maxRows: number;
  readonly log: LogPort;
}

/** Longer than an isolate waits: a slow database gets its rows from here. */
const replayMs = 20_000;
/** Statements of one alarm, so that it ends. */
const statementsAtOnce = 20;
const maintainEveryMs = 3_600_000;

type Count = 'dropped' | 'refused' | 'replayed' | 'failures' | 'maintained_ms';
/** A type, because the platform wants an index signature. */
type Waiting = { n: number; row: string };

export class RowsObjectBase extends DurableObject<unknown> {
  readonly #wiring: RowsWiring;
  readonly #sql: SqlStorage;
  #count: number;
  #lastError: string | null = null;

  constructor(ctx: DurableObjectState, env: unknown, wiring: RowsWiring) {
    super(ctx, env);
    this.#wiring = wiring;
    this.#sql = ctx.storage.sql;
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS outbox (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, row TEXT NOT NULL, since_ms INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    `);
    this.#count = this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM outbox').one().n;
  }

  /**
   * Takes rows, each JSON. May be repeated: a row that is there already changes nothing.
   *
   * @param lost rows that the sender has dropped before these, and rows of its that the database refused
   * @param callId of the sender's call; the same for its repetitions, so that `lost` counts once
   */
  async append(rows: readonly string[], lost: LostRows, callId: string): Promise<void> {
    const nowMs = Date.now();
    this.ctx.storage.transactionSync(() => {
      for (const row of rows) {
        const { rowsWritten } = this.#sql.exec(
          'INSERT INTO outbox (id, row, since_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
          rowId(row),
          row,
          nowMs,
        );
        if (rowsWritten > 0) this.#count += 1;
      }
      if (lost.dropped + lost.refused > 0 && this.ctx.storage.kv.get('last_call') !== callId) {
        this.ctx.storage.kv.put('last_call', callId);
        this.#add('dropped', lost.dropped);
        this.#add('refused', lost.refused);
      }
      this.#trim();
    });
    await this.#wakeWithin(pauseAfter(Math.max(1, this.#read('failures'))));
  }

  /** There is a database: tables are made ahead from now on. */
  async wake(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.#wakeWithin(0);
  }

  status(): RowsStatus {
    const [oldest] = this.#sql.exec<{ since_ms: number }>('SELECT since_ms FROM outbox ORDER BY n LIMIT 1').toArray();
    const maintainedMs = this.#read('maintained_ms');
    return {
      waiting: this.#count,
      waiting_since: isoTime(oldest?.since_ms ?? null),
      dropped: this.#read('dropped'),
      refused: this.#read('refused'),
      replayed: this.#read('replayed'),
      last_error: this.#lastError,
      maintained_at: isoTime(maintainedMs === 0 ? null : maintainedMs),
    };
  }

  override async alarm(): Promise<void> {
    const { store } = this.#wiring;
    if (store === null) return;
    const isGood = (await this.#replay(store)) && (await this.#maintain(store));
    if (isGood) this.#set('failures', 0);
    else this.#add('failures', 1);
    if (!isGood) return this.#wakeWithin(pauseAfter(this.#read('failures')));
    await this.#wakeWithin(this.#count > 0 ? 0 : Math.max(0, this.#maintainedAtMs() + maintainEveryMs - Date.now()));
  }

  /** False when the database did not take them. */
  async #replay(store: RowStorePort): Promise<boolean> {
    for (let statement = 0; statement < statementsAtOnce && this.#count > 0; statement += 1) {
      const waiting = oneStatement(this.#sql.exec<Waiting>('SELECT n, row FROM outbox ORDER BY n LIMIT ?', rowsAtOnce).toArray());
      const result = await store.insert(
        waiting.map(({ row }) => row),
        { timeoutMs: replayMs },
      );
      if (!result.ok) return this.#failed(result.failure.sqlState ?? result.failure.kind);
      this.#remove(waiting, result.value.refused.length);
    }
    return true;
  }

  async #maintain(store: RowStorePort): Promise<boolean> {
    const nowMs = Date.now();
    if (nowMs - this.#maintainedAtMs() < maintainEveryMs) return true;
    const result = await store.maintain(nowMs);
    if (!result.ok) return this.#failed(result.failure.sqlState ?? result.failure.kind);
    this.#set('maintained_ms', nowMs);
    return true;
  }

  #maintainedAtMs(): number {
    return this.#read('maintained_ms');
  }

  #failed(why: string): false {
    if (this.#lastError !== why) this.#wiring.log.write('warn', 'request_log_waits', { why, rows: this.#count });
    this.#lastError = why;
    return false;
  }

  #remove(stored: readonly Waiting[], refused: number): void {
    this.#lastError = null;
    const [first, last] = [stored[0]?.n ?? 0, stored.at(-1)?.n ?? 0];
    this.ctx.storage.transactionSync(() => {
      // Meanwhile some of them may have been dropped.
      const { rowsWritten } = this.#sql.exec('DELETE FROM outbox WHERE n BETWEEN ? AND ?', first, last);
      this.#count = this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM outbox').one().n;
      if (rowsWritten > 0) this.#add('replayed', stored.length - refused);
      this.#add('refused', refused);
    });
  }

  #trim(): void {
    const excess = this.#count - this.#wiring.maxRows;
    if (excess <= 0) return;
    this.#sql.exec('DELETE FROM outbox WHERE n IN (SELECT n FROM outbox ORDER BY n LIMIT ?)', excess);
    this.#count -= excess;
    const before = this.#read('dropped');
    this.#add('dropped', excess);
    if (before === 0) this.#wiring.log.write('error', 'request_log_full', { rows: this.#wiring.maxRows });
  }

  async #wakeWithin(ms: number): Promise<void> {
    const atMs = Date.now() + ms;
    const alarmMs = await this.ctx.storage.getAlarm();
    if (alarmMs === null || alarmMs > atMs) await this.ctx.storage.setAlarm(atMs);
  }

  #read(name: Count): number {
    const [row] = this.#sql.exec<{ value: number }>('SELECT value FROM counts WHERE name = ?', name).toArray();
    return row?.value ?? 0;
  }

  #set(name: Count, value: number): void {
    if (this.#read(name) === value) return;
    this.#sql.exec('INSERT OR REPLACE INTO counts (name, value) VALUES (?, ?)', name, value);
  }

  #add(name: Count, value: number): void {
    this.#set(name, this.#read(name) + value);
  }
}

/** A row begins or ends with any of its fields; its id names it here as in the database. */
function rowId(row: string): string {
  const parsed: { readonly id: string; readonly ended_at: string } = JSON.parse(row);
  return `${parsed.ended_at} ${parsed.id}`;
}
