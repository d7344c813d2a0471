import { expect, it } from 'vitest';
import { createVectorizeIndex, type VectorizeBinding } from '../../../worker/io/vectorize-index.ts';

const place = { tenantId: 'tenant-1', collection: 'pages' };

/** What is asked of the binding, which nothing here can run. */
function binding() {
  const asked: unknown[] = [];
  const fake: VectorizeBinding = {
    upsert: async (vectors) => {
      asked.push(['upsert', vectors.length, vectors[0]?.namespace, vectors[0]?.metadata]);
      return { mutationId: '1' };
    },
    deleteByIds: async (ids) => {
      asked.push(['delete', ids.length]);
      return { mutationId: '2' };
    },
    query: async (_, options) => {
      asked.push(['query', options?.namespace, options?.filter, options?.topK]);
      return { matches: [{ id: 'r1.0', score: 0.9 }], count: 1 };
    },
  };
  return { asked, index: createVectorizeIndex(fake) };
}

it('every vector is put into its tenant’s namespace, with its collection, a thousand at once', async () => {
  const { asked, index } = binding();
  await index.put(
    place,
    Array.from({ length: 1001 }, (_, at) => ({ id: `r.${at}`, values: new Float32Array(2) })),
  );
  expect(asked).toEqual([
    ['upsert', 1000, 'tenant-1', { collection: 'pages' }],
    ['upsert', 1, 'tenant-1', { collection: 'pages' }],
  ]);
});

it('a search stays in its tenant’s namespace and collection, and within what the platform takes', async () => {
  const { asked, index } = binding();
  expect(await index.nearest(place, new Float32Array(2), 500)).toEqual([{ id: 'r1.0', score: 0.9 }]);
  expect(asked).toEqual([['query', 'tenant-1', { collection: 'pages' }, 100]]);
});

it('vectors are deleted a hundred at once', async () => {
  const { asked, index } = binding();
  await index.remove(
    place,
    Array.from({ length: 250 }, (_, at) => `r.${at}`),
  );
  expect(asked).toEqual([
    ['delete', 100],
    ['delete', 100],
    ['delete', 50],
  ]);
});
