/** The rows of a collection: documents, their chunks, the vectors' blocks, and one row with what they come to. Part of the collection object. */
import {
  addCounts,
  type CollectionState,
  countsOf,
  type DocumentRecord,
  type Dropped,
  emptyCollection,
  type FoundChunk,
  type NewDocument,
  type StoredChunk,
} from '../core/rag/collection.ts';
import { placeOf } from '../core/rag/prompt.ts';
import { VectorShelf } from './vector-shelf.ts';

/** More than a document may have: a chunk's number is its document's, times this, and its place. */
const chunksPerDocument = 65_536;

/** A word that more chunks have tells little, and ranking them all would take longer than comparing all vectors (bench:vectors). */
const mostWithWord = 2000;

type DocumentRow = { key: number; revision: string; record: string };
type ChunkRow = { chunk: number; start: number; end: number; tokens: number; headings: string; text: string };

export interface StoredDocument {
  readonly key: number;
  readonly revision: string;
  readonly record: DocumentRecord;
}

export class CollectionStore {
  readonly #sql: SqlStorage;
  #state: CollectionState;
  #shelf: VectorShelf | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS documents (
        key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, revision TEXT NOT NULL UNIQUE, record TEXT NOT NULL
      );
      CREATE TABLE IF NOT EXISTS chunks (
        document INTEGER NOT NULL, chunk INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, tokens INTEGER NOT NULL,
        headings TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (document, chunk)
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS blocks (
        block INTEGER PRIMARY KEY, vectors BLOB NOT NULL, scales BLOB NOT NULL, chunks BLOB NOT NULL
      );
      CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
        place, text, content = '', contentless_delete = 1, tokenize = 'porter unicode61'
      );
      CREATE TABLE IF NOT EXISTS dropped (revision TEXT PRIMARY KEY, chunks INTEGER NOT NULL) WITHOUT ROWID;
    `);
    this.#state = this.#readState();
  }

  get state(): CollectionState {
    return this.#state;
  }

  document(id: string): StoredDocument | null {
    const [row] = this.#sql.exec<DocumentRow>('SELECT key, revision, record FROM documents WHERE id = ?', id).toArray();
    return row === undefined ? null : { ...row, record: parseRecord(row.record) };
  }

  /** In the order of their ids. */
  page(afterId: string, most: number): DocumentRecord[] {
    const rows = this.#sql.exec<DocumentRow>(
      'SELECT key, revision, record FROM documents WHERE id > ? ORDER BY id LIMIT ?',
      afterId,
      most,
    );
    return [...rows].map(({ record }) => parseRecord(record));
  }

  chunks(key: number): StoredChunk[] {
    const rows = this.#sql.exec<ChunkRow>(
      'SELECT chunk, start, end, tokens, headings, text FROM chunks WHERE document = ? ORDER BY chunk',
      key,
    );
    return [...rows].map(storedChunk);
  }

  insert({ record, revision, chunks, values, scales }: NewDocument): void {
    this.#sql.exec('INSERT INTO documents (id, revision, record) VALUES (?, ?, ?)', record.id, revision, JSON.stringify(record));
    const { key } = this.#sql.exec<{ key: number }>('SELECT key FROM documents WHERE id = ?', record.id).one();
    for (const [at, { start, end, tokens, headings, text }] of chunks.entries()) {
      this.#sql.exec(
        'INSERT INTO chunks (document, chunk, start, end, tokens, headings, text) VALUES (?, ?, ?, ?, ?, ?, ?)',
        key,
        at,
        start,
        end,
        tokens,
        JSON.stringify(headings),
        text,
      );
      this.#sql.exec(
        'INSERT INTO words (rowid, place, text) VALUES (?, ?, ?)',
        key * chunksPerDocument + at,
        placeOf({ title: record.title, headings }),
        text,
      );
    }
    if (values.length > 0)
      this.shelf().add(
        chunks.map((_, at) => key * chunksPerDocument + at),
        values,
        scales,
      );
    this.#state = { ...this.#state, counts: addCounts(this.#state.counts, countsOf(record)) };
  }

  /** @param isElsewhere an index elsewhere has the vectors, which must be told */
  remove({ key, revision, record }: StoredDocument, isElsewhere: boolean): Dropped {
    this.#sql.exec('DELETE FROM documents WHERE key = ?', key);
    this.#sql.exec('DELETE FROM chunks WHERE document = ?', key);
    const first = key * chunksPerDocument;
    this.#sql.exec('DELETE FROM words WHERE rowid >= ? AND rowid < ?', first, first + record.chunks);
    const dropped = { revision, chunks: record.chunks };
    if (isElsewhere) this.#sql.exec('INSERT OR REPLACE INTO dropped (revision, chunks) VALUES (?, ?)', revision, record.chunks);
    else this.shelf().remove(new Set(Array.from({ length: record.chunks }, (_, at) => key * chunksPerDocument + at)));
    this.#state = { ...this.#state, counts: addCounts(this.#state.counts, countsOf(record), -1) };
    return dropped;
  }

  rewrite({ key }: StoredDocument, record: DocumentRecord): void {
    this.#sql.exec('UPDATE documents SET record = ? WHERE key = ?', JSON.stringify(record), key);
  }

  /** What vectors are made with from here on. */
  reshape(shape: CollectionState['shape']): void {
    if (this.#state.shape?.dimensions !== shape?.dimensions) this.#shelf = null;
    this.#state = { ...this.#state, shape };
  }

  /** The last step of every change. */
  save(): void {
    this.#shelf?.save();
    this.#sql.exec('INSERT OR REPLACE INTO state (id, state) VALUES (1, ?)', JSON.stringify(this.#state));
  }

  /** After a change that was not kept: memory is read anew. */
  forget(): void {
    this.#shelf = null;
    this.#state = this.#readState();
  }

  shelf(): VectorShelf {
    const { shape } = this.#state;
    if (shape === null) throw new Error('a collection without vectors has no shelf');
    return (this.#shelf ??= new VectorShelf(this.#sql, shape.dimensions));
  }

  /** Numbers of the chunks that have words of a question, those with the most and rarest first. @param queries of `wordQueries` */
  withWords(queries: readonly string[], most: number): number[] {
    const rare = queries.filter((query) => this.#chunksWith(query) <= mostWithWord);
    if (rare.length === 0) return [];
    // A word in a title or a heading says more of a passage than one in its text.
    const rows = this.#sql.exec<{ rowid: number }>(
      'SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 2, 1) LIMIT ?',
      rare.join(' OR '),
      most,
    );
    return [...rows].map(({ rowid }) => rowid);
  }

  /** Counted no further than it matters. */
  #chunksWith(query: string): number {
    const sql = 'SELECT COUNT(*) AS count FROM (SELECT rowid FROM words WHERE words MATCH ? LIMIT ?)';
    return this.#sql.exec<{ count: number }>(sql, query, mostWithWord + 1).one().count;
  }

  /** Its document, by the chunk's number. */
  chunk(number: number, score: number): FoundChunk | null {
    return this.#chunkOf(Math.floor(number / chunksPerDocument), number % chunksPerDocument, score);
  }

  /** The number of a chunk that an index elsewhere has found; null for one that is no longer part of a document. */
  numberOf(revision: string, chunk: number): number | null {
    const [row] = this.#sql.exec<{ key: number }>('SELECT key FROM documents WHERE revision = ?', revision).toArray();
    return row === undefined ? null : row.key * chunksPerDocument + chunk;
  }

  dropped(): Dropped[] {
    return this.#sql.exec<{ revision: string; chunks: number }>('SELECT revision, chunks FROM dropped LIMIT 100').toArray();
  }

  forgetDropped(revisions: readonly string[]): void {
    for (const revision of revisions) this.#sql.exec('DELETE FROM dropped WHERE revision = ?', revision);
  }

  #chunkOf(key: number, chunk: number, score: number): FoundChunk | null {
    const [row] = this.#sql
      .exec<ChunkRow & { record: string }>(
        `SELECT c.chunk, c.start, c.end, c.tokens, c.headings, c.text, d.record FROM documents d
         JOIN chunks c ON c.document = d.key WHERE d.key = ? AND c.chunk = ?`,
        key,
        chunk,
      )
      .toArray();
    if (row === undefined) return null;
    const { id: documentId, title } = parseRecord(row.record);
    return { ...storedChunk(row), documentId, title, chunk, score };
  }

  #readState(): CollectionState {
    const [row] = this.#sql.exec<{ state: string }>('SELECT state FROM state').toArray();
    return row === undefined ? emptyCollection : parseState(row.state);
  }
}

function storedChunk({ start, end, tokens, headings, text }: ChunkRow): StoredChunk {
  return { start, end, tokens, headings: parseHeadings(headings), text };
}

/** Written by this class. */
function parseRecord(text: string): DocumentRecord {
  return JSON.parse(text);
}

function parseState(text: string): CollectionState {
  return JSON.parse(text);
}

function parseHeadings(text: string): readonly string[] {
  return JSON.parse(text);
}
