/** Tenants' documents in memory, behind the port of the collection objects; searched as they are there. */
import type { CollectionsPort } from '../../../worker/core/rag/rag-ports.ts';
import {
  addCounts,
  type CollectionPlace,
  type CollectionState,
  countsOf,
  emptyCollection,
  isSameShape,
  type NewDocument,
  type PutAnswer,
  readVectorId,
  refusal,
} from '../../../worker/core/rag/collection.ts';
import { nearest } from '../../../worker/core/rag/nearest.ts';

interface FakeCollection {
  state: CollectionState;
  readonly documents: Map<string, NewDocument>;
}

export interface FakeCollections extends CollectionsPort {
  /** By `tenant/collection`. */
  readonly held: ReadonlyMap<string, FakeCollection>;
}

export function createFakeCollections(): FakeCollections {
  const held = new Map<string, FakeCollection>();
  const of = ({ tenantId, collection }: CollectionPlace): FakeCollection => {
    const name = `${tenantId}/${collection}`;
    const known = held.get(name) ?? { state: emptyCollection, documents: new Map<string, NewDocument>() };
    held.set(name, known);
    return known;
  };
  return {
    held,
    look: async (place, ids) => ({
      state: of(place).state,
      documents: ids.flatMap((id) => of(place).documents.get(id)?.record ?? []),
    }),
    async put(place, { shape, limits, documents, unchanged }): Promise<PutAnswer> {
      const collection = of(place);
      if (unchanged.some(({ id, hash }) => collection.documents.get(id)?.record.hash !== hash)) return { kind: 'changed' };
      let { counts } = collection.state;
      for (const { record } of documents) {
        const old = collection.documents.get(record.id);
        if (old !== undefined) counts = addCounts(counts, countsOf(old.record), -1);
        counts = addCounts(counts, countsOf(record));
      }
      const refused = documents.length === 0 ? null : refusal(collection.state, counts, shape, limits);
      if (refused !== null) return refused;
      const stored = documents.map((document) => {
        const old = collection.documents.get(document.record.id);
        collection.documents.set(document.record.id, document);
        return { record: document.record, status: old === undefined ? ('created' as const) : ('replaced' as const) };
      });
      const left = unchanged.flatMap(({ id }) => {
        const record = collection.documents.get(id)?.record;
        return record === undefined ? [] : [{ record, status: 'unchanged' as const }];
      });
      collection.state = { counts, shape: collection.state.counts.documents === 0 ? shape : collection.state.shape };
      return { kind: 'stored', documents: [...stored, ...left], counts, dropped: [] };
    },
    async list(place, afterId, most) {
      const { documents, state } = of(place);
      const all = [...documents.values()].map(({ record }) => record).filter(({ id }) => id > afterId);
      const sorted = all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      return { documents: sorted.slice(0, most), hasMore: sorted.length > most, state };
    },
    async get(place, id) {
      const found = of(place).documents.get(id);
      return found === undefined ? null : { record: found.record, chunks: found.chunks };
    },
    async remove(place, id) {
      const collection = of(place);
      const found = collection.documents.get(id);
      if (found === undefined) return null;
      collection.documents.delete(id);
      collection.state = { ...collection.state, counts: addCounts(collection.state.counts, countsOf(found.record), -1) };
      return { dropped: { revision: found.revision, chunks: found.chunks.length }, isEmpty: collection.documents.size === 0 };
    },
    async search(place, { vector: question }, shape, most) {
      const { documents, state } = of(place);
      if (state.shape === null || documents.size === 0) return { kind: 'found', chunks: [], compared: 0 };
      if (!isSameShape(state.shape, shape)) return { kind: 'other_model', shape: state.shape };
      const all = [...documents.values()].flatMap((document) => document.chunks.map((chunk, at) => ({ document, chunk, at })));
      const values = Int8Array.from([...documents.values()].flatMap((document) => [...document.values]));
      const scales = Float32Array.from([...documents.values()].flatMap((document) => [...document.scales]));
      const near = nearest({ dimensions: shape.dimensions, count: all.length, values, scales }, question, most);
      const chunks = near.flatMap(({ at, score }) => {
        const found = all[at];
        if (found === undefined) return [];
        const { id: documentId, title } = found.document.record;
        return [{ ...found.chunk, documentId, title, chunk: found.at, score }];
      });
      return { kind: 'found', chunks, compared: all.length };
    },
    load: async (place, found) =>
      found.flatMap(({ id, score }) => {
        const name = readVectorId(id);
        const document = [...of(place).documents.values()].find(({ revision }) => revision === name?.revision);
        const chunk = document?.chunks[name?.chunk ?? -1];
        if (document === undefined || chunk === undefined || name === null) return [];
        return [{ ...chunk, documentId: document.record.id, title: document.record.title, chunk: name.chunk, score }];
      }),
    dropped: async () => [],
    forgetDropped: async () => undefined,
    enlist: async () => true,
    strike: async () => undefined,
  };
}
