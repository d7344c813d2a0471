/**
 * A tenant's documents under one name: what is kept of them, what may be asked, and whether something still has room. Plain data; the object
 * keeps it, and an index elsewhere may keep the vectors.
 */
import type { DocumentFormat } from '../../../shared/rag-bodies.ts';

export type VectorStoreId = 'object' | 'vectorize' | 'pgvector';

/** Nobody reaches a collection of another tenant: the tenant comes from the key alone. */
export interface CollectionPlace {
  readonly tenantId: string;
  readonly collection: string;
}

/** Vectors of two models cannot be compared: the first document decides, for as long as there is one. */
export interface VectorShape {
  /** Who keeps the vectors. */
  readonly store: VectorStoreId;
  /** The model's id and the name its server gives it. */
  readonly model: string;
  readonly dimensions: number;
}

export interface CollectionCounts {
  readonly documents: number;
  /** As many as vectors. */
  readonly chunks: number;
  /** Of the chunks' texts, in UTF-8. */
  readonly bytes: number;
}

export type CollectionLimits = CollectionCounts;

export interface CollectionState {
  /** Null of an empty one. */
  readonly shape: VectorShape | null;
  readonly counts: CollectionCounts;
}

export const emptyCollection: CollectionState = { shape: null, counts: { documents: 0, chunks: 0, bytes: 0 } };

/** What a client is shown of a document. */
export interface DocumentRecord {
  readonly id: string;
  readonly title: string;
  readonly format: DocumentFormat;
  /** A JSON object, as the client wrote it. */
  readonly metadataJson: string;
  readonly chunks: number;
  /** Of all chunks, overlaps included. */
  readonly tokens: number;
  readonly bytes: number;
  /** SHA-256 of all that its vectors are made of. */
  readonly hash: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A passage of a document as it is kept. */
export interface StoredChunk {
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
  readonly headings: readonly string[];
  readonly text: string;
}

/** A document with its vectors. */
export interface NewDocument {
  readonly record: DocumentRecord;
  /** Names these chunks and no others, ever: an index elsewhere knows them by it. */
  readonly revision: string;
  readonly chunks: readonly StoredChunk[];
  /** One behind the other, in the chunks' order; empty where an index elsewhere has them. */
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/** All of it is kept, or nothing. */
export interface PutBatch {
  readonly shape: VectorShape;
  readonly limits: CollectionLimits;
  readonly documents: readonly NewDocument[];
  /** Documents whose text is there already: only what stands beside it changes. */
  readonly unchanged: readonly Pick<DocumentRecord, 'id' | 'hash' | 'metadataJson' | 'updatedAtMs'>[];
}

export type PutStatus = 'created' | 'replaced' | 'updated' | 'unchanged';

export type Refusal =
  | { readonly kind: 'full'; readonly what: keyof CollectionLimits; readonly limit: number; readonly count: number }
  | { readonly kind: 'other_model'; readonly shape: VectorShape };

export type PutAnswer =
  | {
      readonly kind: 'stored';
      readonly documents: readonly { readonly record: DocumentRecord; readonly status: PutStatus }[];
      readonly counts: CollectionCounts;
      /** What an index elsewhere has no more use for. */
      readonly dropped: readonly Dropped[];
    }
  /** A document that was to be unchanged is another one by now. */
  | { readonly kind: 'changed' }
  | Refusal;

/** Chunks that are no longer part of a document. */
export interface Dropped {
  readonly revision: string;
  readonly chunks: number;
}

export interface FoundChunk extends StoredChunk {
  readonly documentId: string;
  readonly title: string;
  /** Its place among the document's chunks, from 0. */
  readonly chunk: number;
  readonly score: number;
}

/** What is searched for. */
export interface Question {
  readonly vector: Float32Array;
  /** Null: words do not count. */
  readonly words: string | null;
}

/** A vector by the name that it was put under, and how near it is to what was asked: a cosine. */
export interface FoundVector {
  readonly id: string;
  readonly score: number;
}

export type SearchAnswer =
  | { readonly kind: 'found'; readonly chunks: readonly FoundChunk[]; readonly compared: number }
  | Extract<Refusal, { kind: 'other_model' }>;

export interface DocumentPage {
  readonly documents: readonly DocumentRecord[];
  readonly hasMore: boolean;
  readonly state: CollectionState;
}

/** How a vector of a chunk is named where others than the collection itself keep it. */
export function vectorId(revision: string, chunk: number): string {
  return `${revision}.${chunk}`;
}

/** Null for what was not made by `vectorId`. */
export function readVectorId(id: string): { readonly revision: string; readonly chunk: number } | null {
  const [, revision, chunk] = /^([A-Za-z0-9_-]+)\.(\d+)$/.exec(id) ?? [];
  return revision === undefined || chunk === undefined ? null : { revision, chunk: Number(chunk) };
}

export function isSameShape(a: VectorShape, b: VectorShape): boolean {
  return a.store === b.store && a.model === b.model && a.dimensions === b.dimensions;
}

export function addCounts(counts: CollectionCounts, more: CollectionCounts, sign: 1 | -1 = 1): CollectionCounts {
  return {
    documents: counts.documents + sign * more.documents,
    chunks: counts.chunks + sign * more.chunks,
    bytes: counts.bytes + sign * more.bytes,
  };
}

export function countsOf({ chunks, bytes }: Pick<DocumentRecord, 'chunks' | 'bytes'>): CollectionCounts {
  return { documents: 1, chunks, bytes };
}

/** The vectors of one collection, in memory: well below the 128 MB that objects of one isolate share. */
export const maxVectorBytes = 40_000_000;

/** Why a collection may not become like this; null where it may. One that is above a limit already may shrink. */
export function refusal(
  before: CollectionState,
  after: CollectionCounts,
  shape: VectorShape,
  limits: CollectionLimits,
): Refusal | null {
  const kept = before.counts.documents === 0 ? null : before.shape;
  if (kept !== null && !isSameShape(kept, shape)) return { kind: 'other_model', shape: kept };
  const chunks = Math.min(limits.chunks, Math.floor(maxVectorBytes / shape.dimensions));
  for (const [what, limit] of [
    ['documents', limits.documents],
    ['chunks', chunks],
    ['bytes', limits.bytes],
  ] as const) {
    if (after[what] > limit && after[what] > before.counts[what]) return { kind: 'full', what, limit, count: after[what] };
  }
  return null;
}
