/**
 * The rows of kept answers: one for each answer and one for each batch of its log. Bounded in number and bytes: ended answers make room,
 * those that ended first before others; a running one is never forgotten. Part of the kept object.
 */
import { bytesOf, endRecord, isForgotten, openRecord, type Taken } from '../core/kept/log.ts';
import type { KeptEnding, KeptOpening, KeptRecord } from '../core/kept/kept-answer.ts';

/** Sixteen objects a tenant: so many of each hold at most 16,000 answers and 0.5 GB of a tenant. */
export const maxAnswers = 1000;
export const maxBytes = 32_000_000;
/** Running answers of one object; one more is refused. */
export const maxRunning = 256;
/** Made free at once, so that a full object does not look for the oldest at every ending. */
const roomShare = 0.1;

type AnswerRow = { id: string; bytes: number; record: string };

export class KeptStore {
  readonly #sql: SqlStorage;
  /** Those under way, as they are: their rows are written when they begin, when they end and when they are to be stopped. */
  readonly #running = new Map<string, KeptRecord>();
  #answers: number;
  #bytes: number;

  constructor({ sql }: DurableObjectStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS answers (
        id TEXT PRIMARY KEY, ended_ms INTEGER, until_ms INTEGER, bytes INTEGER NOT NULL, record TEXT NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS pieces (
        id TEXT NOT NULL, start INTEGER NOT NULL, count INTEGER NOT NULL, pieces TEXT NOT NULL, PRIMARY KEY (id, start)
      ) WITHOUT ROWID;
    `);
    const running = sql.exec<AnswerRow>('SELECT id, bytes, record FROM answers WHERE ended_ms IS NULL').toArray();
    for (const { id, record } of running) {
      const known = parseRecord(record);
      const logged = this.#logged(id);
      this.#running.set(id, { ...known, ...logged, bytes: logged.bytes + bytesOf(known.opening) });
    }
    const kept = sql.exec<{ count: number; bytes: number | null }>(
      'SELECT COUNT(*) AS count, SUM(bytes) AS bytes FROM answers WHERE ended_ms IS NOT NULL',
    );
    const { count, bytes } = kept.one();
    this.#answers = count;
    this.#bytes = bytes ?? 0;
  }

  get running(): ReadonlyMap<string, KeptRecord> {
    return this.#running;
  }

  /** Neither running nor ended ones. */
  get isEmpty(): boolean {
    return this.#running.size + this.#answers === 0;
  }

  record(id: string, nowMs: number): KeptRecord | null {
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const [row] = this.#sql.exec<AnswerRow>('SELECT id, bytes, record FROM answers WHERE id = ?', id).toArray();
    const record = row === undefined ? null : parseRecord(row.record);
    return record === null || isForgotten(record, nowMs) ? null : record;
  }

  begin(id: string, opening: KeptOpening): void {
    this.#delete(id);
    const record = openRecord(opening);
    this.#running.set(id, record);
    this.#sql.exec('INSERT INTO answers (id, bytes, record) VALUES (?, 0, ?)', id, JSON.stringify(record));
  }

  /** What a batch has added to a running answer. */
  add(id: string, before: KeptRecord, { record, fresh }: Taken, nowMs: number): void {
    if (fresh.length > 0)
      this.#sql.exec(
        'INSERT INTO pieces (id, start, count, pieces) VALUES (?, ?, ?, ?)',
        id,
        before.pieces,
        fresh.length,
        fresh.join('\n'),
      );
    this.#running.set(id, record);
    if (record.isTooLong && !before.isTooLong) {
      this.#sql.exec('DELETE FROM pieces WHERE id = ?', id);
      this.#write(id, record);
    }
    if (record.ending !== null) this.#end(id, record, nowMs);
  }

  /** Ends a running answer without its writer. */
  end(id: string, record: KeptRecord, ending: KeptEnding, nowMs: number): void {
    this.#end(id, endRecord(record, ending, nowMs), nowMs);
  }

  askCancel(id: string, record: KeptRecord): void {
    const asked = { ...record, isCancelAsked: true };
    this.#running.set(id, asked);
    this.#write(id, asked);
  }

  /** The pieces from number `after` on. */
  pieces(id: string, after: number): string[] {
    const rows = this.#sql.exec<{ start: number; pieces: string }>(
      'SELECT start, pieces FROM pieces WHERE id = ? AND start + count > ? ORDER BY start',
      id,
      after,
    );
    return [...rows].flatMap(({ start, pieces }) => {
      const all = pieces.split('\n');
      return start < after ? all.slice(after - start) : all;
    });
  }

  /** One that has ended. */
  remove(id: string): void {
    this.#delete(id);
  }

  /** Deletes what is over. */
  forget(nowMs: number): void {
    const over = this.#sql.exec<AnswerRow>('SELECT id, bytes, record FROM answers WHERE until_ms <= ?', nowMs).toArray();
    for (const { id } of over) this.#delete(id);
  }

  #end(id: string, record: KeptRecord, nowMs: number): void {
    this.#running.delete(id);
    this.#sql.exec(
      'UPDATE answers SET ended_ms = ?, until_ms = ?, bytes = ?, record = ? WHERE id = ?',
      nowMs,
      record.untilMs,
      record.bytes,
      JSON.stringify(record),
      id,
    );
    this.#answers += 1;
    this.#bytes += record.bytes;
    if (this.#answers > maxAnswers || this.#bytes > maxBytes) this.#makeRoom(id);
  }

  /** @param newest stays, whatever it holds */
  #makeRoom(newest: string): void {
    const ended = this.#sql.exec<AnswerRow>(
      'SELECT id, bytes, record FROM answers WHERE ended_ms IS NOT NULL ORDER BY ended_ms, id',
    );
    for (const { id } of ended.toArray()) {
      if (this.#answers <= maxAnswers * (1 - roomShare) && this.#bytes <= maxBytes * (1 - roomShare)) return;
      if (id !== newest) this.#delete(id);
    }
  }

  #delete(id: string): void {
    this.#running.delete(id);
    const deleted = this.#sql.exec<{ ended_ms: number | null; bytes: number }>(
      'DELETE FROM answers WHERE id = ? RETURNING ended_ms, bytes',
      id,
    );
    const [row] = deleted.toArray();
    if (row === undefined) return;
    this.#sql.exec('DELETE FROM pieces WHERE id = ?', id);
    if (row.ended_ms === null) return;
    this.#answers -= 1;
    this.#bytes -= row.bytes;
  }

  #write(id: string, record: KeptRecord): void {
    this.#sql.exec('UPDATE answers SET record = ? WHERE id = ?', JSON.stringify(record), id);
  }

  /** A running answer's row does not grow with its log. */
  #logged(id: string): Pick<KeptRecord, 'pieces' | 'bytes'> {
    const sums = this.#sql.exec<{ pieces: number | null; bytes: number | null }>(
      'SELECT SUM(count) AS pieces, SUM(LENGTH(CAST(pieces AS BLOB))) AS bytes FROM pieces WHERE id = ?',
      id,
    );
    const { pieces, bytes } = sums.one();
    return { pieces: pieces ?? 0, bytes: bytes ?? 0 };
  }
}

/** Written by this class. */
function parseRecord(text: string): KeptRecord {
  return JSON.parse(text);
}
