/**
 * One collection of one tenant: its documents, their chunks and, unless an index elsewhere has them, the vectors. Every change is one transaction
 * that is whole or not at all; searches compare every vector, and every word. Also the list of a tenant's collections, in an object of its own.
 */
import { DurableObject } from 'cloudflare:workers';
import {
  addCounts,
  type CollectionState,
  countsOf,
  type DocumentPage,
  type DocumentRecord,
  type Dropped,
  type FoundChunk,
  type FoundVector,
  isSameShape,
  type PutAnswer,
  type PutBatch,
  type PutStatus,
  type Question,
  readVectorId,
  refusal,
  type SearchAnswer,
  type StoredChunk,
  type VectorShape,
} from '../core/rag/collection.ts';
import { fused, wordQueries } from '../core/rag/fuse.ts';
import { nearest, scoreAt } from '../core/rag/nearest.ts';
import { CollectionStore } from './collection-store.ts';

/** So many by meaning and by words are put in one order. */
const nearFused = 50;

interface Stored {
  readonly record: DocumentRecord;
  readonly status: PutStatus;
}

export class CollectionObject extends DurableObject<unknown> {
  readonly #store: CollectionStore;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    this.#store = new CollectionStore(ctx.storage.sql);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS collections (name TEXT PRIMARY KEY) WITHOUT ROWID');
  }

  /** How it stands, and the records of these documents as far as they are there. */
  look(ids: readonly string[]): { readonly state: CollectionState; readonly documents: readonly DocumentRecord[] } {
    return { state: this.#store.state, documents: ids.flatMap((id) => this.#store.document(id)?.record ?? []) };
  }

  /** All or nothing. May be repeated: what is there already is not written again. */
  put(batch: PutBatch): PutAnswer {
    const { shape, limits, documents, unchanged } = batch;
    const known = new Map(documents.map(({ record }) => [record.id, this.#store.document(record.id)]));
    const kept = unchanged.map((one) => ({ one, stored: this.#store.document(one.id) }));
    if (kept.some(({ one, stored }) => stored?.record.hash !== one.hash)) return { kind: 'changed' };
    const before = this.#store.state;
    let counts = before.counts;
    for (const { record } of documents) {
      const old = known.get(record.id);
      if (old != null) counts = addCounts(counts, countsOf(old.record), -1);
      counts = addCounts(counts, countsOf(record));
    }
    const refused = documents.length === 0 ? null : refusal(before, counts, shape, limits);
    if (refused !== null) return refused;
    const dropped: Dropped[] = [];
    const stored = this.#change(() => {
      if (before.counts.documents === 0) this.#store.reshape(shape);
      const written = documents.map((document): Stored => {
        const old = known.get(document.record.id) ?? null;
        if (old?.revision === document.revision) return { record: old.record, status: 'created' };
        if (old !== null) dropped.push(this.#store.remove(old, document.values.length === 0));
        const record = { ...document.record, createdAtMs: old?.record.createdAtMs ?? document.record.createdAtMs };
        this.#store.insert({ ...document, record });
        return { record, status: old === null ? 'created' : 'replaced' };
      });
      const left = kept.flatMap(({ one, stored: old }): Stored[] => {
        if (old === null) return [];
        const isSame = old.record.metadataJson === one.metadataJson;
        const record = isSame ? old.record : { ...old.record, metadataJson: one.metadataJson, updatedAtMs: one.updatedAtMs };
        if (!isSame) this.#store.rewrite(old, record);
        return [{ record, status: isSame ? 'unchanged' : 'updated' }];
      });
      return [...written, ...left];
    });
    return { kind: 'stored', documents: stored, counts: this.#store.state.counts, dropped };
  }

  list(afterId: string, most: number): DocumentPage {
    const found = this.#store.page(afterId, most + 1);
    return { documents: found.slice(0, most), hasMore: found.length > most, state: this.#store.state };
  }

  get(id: string): { readonly record: DocumentRecord; readonly chunks: readonly StoredChunk[] } | null {
    const found = this.#store.document(id);
    return found === null ? null : { record: found.record, chunks: this.#store.chunks(found.key) };
  }

  /** Null when there is no such document. @param isElsewhere an index elsewhere has the vectors */
  remove(id: string, isElsewhere: boolean): { readonly dropped: Dropped; readonly isEmpty: boolean } | null {
    const found = this.#store.document(id);
    if (found === null) return null;
    const dropped = this.#change(() => this.#store.remove(found, isElsewhere));
    const isEmpty = this.#store.state.counts.documents === 0;
    if (isEmpty) this.#change(() => this.#store.reshape(null));
    return { dropped, isEmpty };
  }

  search({ vector, words }: Question, shape: VectorShape, most: number): SearchAnswer {
    const { state } = this.#store;
    if (state.shape === null || state.counts.documents === 0) return { kind: 'found', chunks: [], compared: 0 };
    if (!isSameShape(state.shape, shape)) return { kind: 'other_model', shape: state.shape };
    const shelf = this.#store.shelf();
    const near = nearest(shelf.table, vector, Math.max(most, nearFused)).map(
      ({ at, score }) => [shelf.chunkAt(at), score] as const,
    );
    const scores = new Map(near);
    const byWords = words === null ? [] : this.#store.withWords(wordQueries(words), nearFused);
    const order = fused([near.map(([chunk]) => chunk), byWords]).slice(0, most);
    const chunks = order.flatMap((chunk) => {
      const score = scores.get(chunk) ?? scoreAt(shelf.table, vector, shelf.placeOf(chunk) ?? -1);
      return this.#store.chunk(chunk, score) ?? [];
    });
    return { kind: 'found', chunks, compared: shelf.table.count };
  }

  /** The chunks that an index elsewhere has found; those that are no longer part of a document are left out. */
  load(found: readonly FoundVector[], words: string | null): readonly FoundChunk[] {
    const scores = new Map(
      found.flatMap(({ id, score }) => {
        const read = readVectorId(id);
        const chunk = read === null ? null : this.#store.numberOf(read.revision, read.chunk);
        return chunk === null ? [] : [[chunk, score] as const];
      }),
    );
    const byWords = words === null ? [] : this.#store.withWords(wordQueries(words), nearFused);
    // Of what has the words alone the index does not say how near it is.
    const order = fused([[...scores.keys()], byWords.filter((chunk) => scores.has(chunk))]);
    return order.flatMap((chunk) => this.#store.chunk(chunk, scores.get(chunk) ?? 0) ?? []);
  }

  /** What an index elsewhere still has of documents that are gone. */
  dropped(): readonly Dropped[] {
    return this.#store.dropped();
  }

  forgetDropped(revisions: readonly string[]): void {
    this.#store.forgetDropped(revisions);
  }

  /** Of the tenant's list: false where there are as many as there may be. May be repeated. */
  enlist(name: string, most: number): boolean {
    const { sql } = this.ctx.storage;
    const [known] = sql.exec('SELECT name FROM collections WHERE name = ?', name).toArray();
    if (known !== undefined) return true;
    if (sql.exec<{ count: number }>('SELECT COUNT(*) AS count FROM collections').one().count >= most) return false;
    sql.exec('INSERT INTO collections (name) VALUES (?)', name);
    return true;
  }

  /** It is empty. */
  strike(name: string): void {
    this.ctx.storage.sql.exec('DELETE FROM collections WHERE name = ?', name);
  }

  /** Where it fails, neither rows nor memory have changed. */
  #change<Made>(make: () => Made): Made {
    try {
      return this.ctx.storage.transactionSync(() => {
        const made = make();
        this.#store.save();
        return made;
      });
    } catch (error) {
      this.#store.forget();
      throw error;
    }
  }
}
