/** What answers from documents need of the world, as interfaces beside those of `core/ports.ts`. */
import type {
  CollectionPlace,
  CollectionState,
  DocumentPage,
  DocumentRecord,
  Dropped,
  FoundChunk,
  FoundVector,
  PutAnswer,
  PutBatch,
  Question,
  SearchAnswer,
  StoredChunk,
  VectorShape,
} from './collection.ts';

/**
 * Tenants' documents; see the collection object. Rejects with `state_unavailable` when it cannot be reached. Everything may be asked again: what
 * has been done already is not done twice.
 */
export interface CollectionsPort {
  /** How the collection stands, and the records of these documents as far as they are there. */
  look(
    place: CollectionPlace,
    ids: readonly string[],
  ): Promise<{ readonly state: CollectionState; readonly documents: readonly DocumentRecord[] }>;
  put(place: CollectionPlace, batch: PutBatch): Promise<PutAnswer>;
  /** Documents with ids after this one, in their order. */
  list(place: CollectionPlace, afterId: string, most: number): Promise<DocumentPage>;
  get(
    place: CollectionPlace,
    id: string,
  ): Promise<{ readonly record: DocumentRecord; readonly chunks: readonly StoredChunk[] } | null>;
  /** Null when there is no such document. @param isElsewhere an index has the vectors */
  remove(
    place: CollectionPlace,
    id: string,
    isElsewhere: boolean,
  ): Promise<{ readonly dropped: Dropped; readonly isEmpty: boolean } | null>;
  search(place: CollectionPlace, question: Question, shape: VectorShape, most: number): Promise<SearchAnswer>;
  /** The chunks that an index has found, without those that are no longer part of a document. */
  load(place: CollectionPlace, found: readonly FoundVector[], words: string | null): Promise<readonly FoundChunk[]>;
  /** What an index still has of documents that are gone. */
  dropped(place: CollectionPlace): Promise<readonly Dropped[]>;
  forgetDropped(place: CollectionPlace, revisions: readonly string[]): Promise<void>;
  /** Takes the collection into the tenant's list; false where that is full. */
  enlist(place: CollectionPlace, most: number): Promise<boolean>;
  /** Takes it out again. */
  strike(place: CollectionPlace): Promise<void>;
}

/** Vectors that are kept elsewhere than in their collection's object. It may be behind: what it finds counts only if the collection knows it. */
export interface VectorIndexPort {
  readonly id: 'vectorize' | 'pgvector';
  /** Resolves when it will be found, sooner or later. Rejects when that is not certain; then it may be put again. */
  put(place: CollectionPlace, vectors: readonly { readonly id: string; readonly values: Float32Array }[]): Promise<void>;
  remove(place: CollectionPlace, ids: readonly string[]): Promise<void>;
  /** The nearest first. */
  nearest(place: CollectionPlace, question: Float32Array, most: number): Promise<readonly FoundVector[]>;
}
