/**
 * The ledger's sums by time: a row for each stretch, of which a batch writes the one or two that it falls into. Once in a quarter of an hour
 * what has grown old is added up to longer stretches, so that there are never more than about 500 rows.
 */
import { keptFrom, placedParts, type SeriesParts, type SeriesSums, sumSeries } from '../core/ledger/series.ts';

export class SeriesStore {
  readonly #sql: SqlStorage;
  /** When minutes were last added up: where those begin that are kept. */
  #agedFromMs: number | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS series (start_ms INTEGER, seconds INTEGER, sums TEXT NOT NULL, PRIMARY KEY (start_ms, seconds))
      WITHOUT ROWID;
    `);
  }

  /** To be called within a transaction. */
  add(parts: SeriesParts, nowMs: number): void {
    const aged = this.#takeAged(nowMs);
    for (const [{ startMs, seconds }, list] of placedParts([...aged, ...parts], nowMs)) {
      const query = 'SELECT sums FROM series WHERE start_ms = ? AND seconds = ?';
      const stored = this.#sql.exec<{ sums: string }>(query, startMs, seconds).toArray();
      const sums = sumSeries([...stored.map((row) => parseSums(row.sums)), ...list]);
      const text = JSON.stringify(sums);
      this.#sql.exec('INSERT OR REPLACE INTO series (start_ms, seconds, sums) VALUES (?, ?, ?)', startMs, seconds, text);
    }
  }

  /** What begins at or after this time, `SeriesParts` as JSON text put together from the rows as they are. */
  from(fromMs: number): string {
    const rows = this.#sql.exec<{ start_ms: number; sums: string }>(
      'SELECT start_ms, sums FROM series WHERE start_ms >= ? ORDER BY start_ms',
      fromMs,
    );
    return `[${Array.from(rows, ({ start_ms, sums }) => `[${start_ms},${sums}]`).join(',')}]`;
  }

  clear(): void {
    this.#sql.exec('DELETE FROM series');
  }

  /** Takes out what is to go into longer stretches. */
  #takeAged(nowMs: number): SeriesParts {
    const kept = keptFrom(nowMs);
    const minutesFromMs = kept[0]?.fromMs ?? 0;
    if (minutesFromMs === this.#agedFromMs) return [];
    this.#agedFromMs = minutesFromMs;
    return kept.flatMap(({ seconds, fromMs }) =>
      this.#sql
        .exec<{ start_ms: number; sums: string }>(
          'DELETE FROM series WHERE seconds = ? AND start_ms < ? RETURNING start_ms, sums',
          seconds,
          fromMs,
        )
        .toArray()
        .map(({ start_ms, sums }) => [start_ms, parseSums(sums)] as const),
    );
  }
}

/** Written by `add`. */
function parseSums(text: string): SeriesSums {
  return JSON.parse(text);
}
