/**
 * Cloudflare Vectorize behind the port of vector indexes. One index for the deployment: a tenant is a namespace of it, the collection stands in
 * the vectors' metadata (its index has to exist: docs/rag.md). It is some seconds behind what was put.
 */
import type { VectorIndexPort } from '../core/rag/rag-ports.ts';

/** What one call may carry. */
const perUpsert = 1000;
const perDelete = 100;
/** The most that it finds at once. */
const mostFound = 100;

/** What is used of the binding. */
export type VectorizeBinding = Pick<Vectorize, 'upsert' | 'deleteByIds' | 'query'>;

export function createVectorizeIndex(index: VectorizeBinding): VectorIndexPort {
  return {
    id: 'vectorize',
    async put({ tenantId: namespace, collection }, vectors) {
      for (const some of batches(vectors, perUpsert))
        await index.upsert(some.map(({ id, values }) => ({ id, values, namespace, metadata: { collection } })));
    },
    async remove(_, ids) {
      for (const some of batches(ids, perDelete)) await index.deleteByIds([...some]);
    },
    async nearest({ tenantId: namespace, collection }, question, most) {
      const { matches } = await index.query(question, {
        namespace,
        filter: { collection },
        topK: Math.min(most, mostFound),
        returnMetadata: 'none',
      });
      return matches.map(({ id, score }) => ({ id, score }));
    },
  };
}

function batches<One>(all: readonly One[], size: number): (readonly One[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}
