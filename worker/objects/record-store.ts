/**
 * The records of the newest requests, in a ring of rows: a batch is added to the row that was begun last as long as there is room, so it
 * costs one row written and none deleted.
 */
import { maxLines, type RecordLine } from '../core/ledger/request-records.ts';

/** Between 3,000 and 8,000 requests are kept, about 1 kB each and at most 6. */
const maxRows = 100;
const maxRowLines = maxLines + 30;

export class RecordStore {
  readonly #sql: SqlStorage;
  /** The row that was begun last, and its records' texts. */
  #row = 0;
  #texts: readonly string[] = [];

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec('CREATE TABLE IF NOT EXISTS requests (slot INTEGER PRIMARY KEY, row INTEGER NOT NULL, records TEXT NOT NULL)');
    const [last] = sql.exec<{ row: number; records: string }>('SELECT row, records FROM requests ORDER BY row DESC LIMIT 1');
    if (last === undefined) return;
    this.#row = last.row;
    this.#texts = JSON.parse(last.records).map((record: unknown) => JSON.stringify(record));
  }

  /** To be called within a transaction; what it returns is to be called when that has been written. */
  add(lines: readonly RecordLine[]): (() => void) | null {
    if (lines.length === 0) return null;
    const fresh = lines.map(({ record, detail }) => `[${record},${detail}]`);
    const hasRoom = this.#texts.length + fresh.length <= maxRowLines;
    const row = hasRoom ? this.#row : this.#row + 1;
    const texts = hasRoom ? [...this.#texts, ...fresh] : fresh;
    const text = `[${texts.join(',')}]`;
    this.#sql.exec('INSERT OR REPLACE INTO requests (slot, row, records) VALUES (?, ?, ?)', row % maxRows, row, text);
    return () => {
      this.#row = row;
      this.#texts = texts;
    };
  }

  /** From this row back to the oldest, read one by one. */
  *from(newest: number | null): Iterable<{ readonly row: number; readonly text: string }> {
    const last = Math.min(newest ?? this.#row, this.#row);
    for (let row = last; row > this.#row - maxRows && row >= 0; row -= 1) {
      const [found] = this.#sql.exec<{ records: string }>(
        'SELECT records FROM requests WHERE slot = ? AND row = ?',
        row % maxRows,
        row,
      );
      if (found !== undefined) yield { row, text: found.records };
    }
  }

  /** The oldest row's text; null where there is none. */
  oldest(): string | null {
    const [found] = this.#sql.exec<{ records: string }>('SELECT records FROM requests ORDER BY row LIMIT 1');
    return found?.records ?? null;
  }

  clear(): void {
    this.#sql.exec('DELETE FROM requests');
    this.#row += 1;
    this.#texts = [];
  }
}
