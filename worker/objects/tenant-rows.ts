/**
 * A tenant's tables: a row for each open request, one for the sums. An ending marks the request's row, which costs the same however much has
 * ended; rows that are marked go when the sums are written, in the same step.
 */
import type { BatcherState } from '../core/ledger/batch.ts';
import type { Booking } from '../core/ledger/booking.ts';
import type { StoredRequest } from '../core/limits/load-tenant.ts';
import { type OpenRequest, type Settlement, storedSums, type TenantSums } from '../core/limits/tenant-state.ts';

export interface StoredSums {
  readonly sums: TenantSums;
  readonly outbox: BatcherState | null;
}

/** A request that has ended since the sums were written. */
export interface EndedRow {
  readonly id: string;
  /** A `Booking` as JSON text; null where somebody else tells the ledger. */
  readonly booking: string | null;
}

interface Ending {
  readonly settlement: Settlement;
  readonly booking: Booking | null;
}

export class TenantRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      DROP TABLE IF EXISTS tenant;
      DROP TABLE IF EXISTS runs;
      DROP TABLE IF EXISTS answers;
      CREATE TABLE IF NOT EXISTS sums (id INTEGER PRIMARY KEY CHECK (id = 1), sums TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS requests (id TEXT PRIMARY KEY, request TEXT NOT NULL, ended TEXT) WITHOUT ROWID;
    `);
    const columns = sql.exec<{ name: string }>('PRAGMA table_info(requests)').toArray();
    if (!columns.some(({ name }) => name === 'ended')) sql.exec('ALTER TABLE requests ADD COLUMN ended TEXT');
  }

  load(): { readonly stored: StoredSums | null; readonly rows: readonly StoredRequest[]; readonly ended: EndedRow[] } {
    const [sums] = this.#sql.exec<{ sums: string }>('SELECT sums FROM sums WHERE id = 1').toArray();
    const read = this.#sql.exec<{ request: string; ended: string | null }>('SELECT request, ended FROM requests').toArray();
    const rows = read.map(({ request, ended }) => ({
      row: parseRequest(request),
      ending: ended === null ? null : parseEnding(ended),
    }));
    return {
      stored: sums === undefined ? null : parseStored(sums.sums),
      rows: rows.map(({ row, ending }) => ({ row, ended: ending?.settlement ?? null })),
      ended: rows.flatMap(({ row: { id }, ending }) =>
        ending === null ? [] : [{ id, booking: ending.booking === null ? null : JSON.stringify(ending.booking) }],
      ),
    };
  }

  put(row: OpenRequest): void {
    this.#sql.exec('INSERT OR REPLACE INTO requests (id, request) VALUES (?, ?)', row.id, JSON.stringify(row));
  }

  end(settlement: Settlement, booking: string | null): void {
    const ending = `{"settlement":${JSON.stringify(settlement)},"booking":${booking ?? 'null'}}`;
    this.#sql.exec('UPDATE requests SET ended = ? WHERE id = ?', ending, settlement.id);
  }

  drop(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#sql.exec('DELETE FROM requests WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
  }

  writeSums({ sums, outbox }: StoredSums): void {
    const stored: StoredSums = { sums: storedSums(sums), outbox };
    this.#sql.exec('INSERT OR REPLACE INTO sums (id, sums) VALUES (1, ?)', JSON.stringify(stored));
  }
}

/** The row was written by this class; an earlier version had the sums alone. */
function parseStored(text: string): StoredSums {
  const stored: StoredSums | TenantSums = JSON.parse(text);
  return 'sums' in stored ? stored : { sums: stored, outbox: null };
}

/** An earlier version had the draft as it is. */
function parseRequest(text: string): OpenRequest {
  const row: OpenRequest = JSON.parse(text);
  return typeof row.draft === 'string' || row.draft === null ? row : { ...row, draft: JSON.stringify(row.draft) };
}

function parseEnding(text: string): Ending {
  return JSON.parse(text);
}
