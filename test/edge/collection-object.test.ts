import { env, evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import type { CollectionLimits, NewDocument, PutBatch, VectorShape } from '../../worker/core/rag/collection.ts';
import { quantise } from '../../worker/core/rag/quantise.ts';

const shape: VectorShape = { store: 'object', model: 'test (test)', dimensions: 8 };
const limits: CollectionLimits = { documents: 100, chunks: 2000, bytes: 1_000_000 };

let revisions = 0;

/** Directions that are told apart, by number. */
function direction(number: number): number[] {
  return Array.from({ length: 8 }, (_, at) => Math.sin(number * 1.7 + at * (1 + (number % 5))));
}

/** A document whose chunks point in these directions. */
function document(id: string, directions: readonly number[], hash = `hash ${id} ${directions.join()}`): NewDocument {
  revisions += 1;
  const chunks = directions.map((number) => ({ start: 0, end: 9, tokens: 3, headings: ['Part'], text: `chunk ${number}` }));
  const quantised = directions.map((number) => quantise(direction(number)));
  return {
    record: {
      id,
      title: id,
      format: 'text',
      metadataJson: '{}',
      chunks: chunks.length,
      tokens: 3 * chunks.length,
      bytes: 9 * chunks.length,
      hash,
      createdAtMs: 1,
      updatedAtMs: 1,
    },
    revision: `r${revisions}`,
    chunks,
    values: Int8Array.from(quantised.flatMap(({ values }) => [...values])),
    scales: Float32Array.from(quantised.map(({ scale }) => scale)),
  };
}

function batch(documents: readonly NewDocument[], more: Partial<PutBatch> = {}): PutBatch {
  return { shape, limits, documents, unchanged: [], ...more };
}

function collection(name: string) {
  return env.COLLECTION.getByName(name);
}

async function found(stub: ReturnType<typeof collection>, number: number, most = 1): Promise<string[]> {
  const answer = await stub.search({ vector: Float32Array.from(direction(number)), words: null }, shape, most);
  return answer.kind === 'found' ? answer.chunks.map(({ documentId, text }) => `${documentId}: ${text}`) : [answer.kind];
}

describe('a collection', () => {
  it('finds what was put into it, also after its object was evicted', async () => {
    const stub = collection('find');
    const put = await stub.put(batch([document('a', [1, 2, 3]), document('b', [4])]));
    expect(put).toMatchObject({
      kind: 'stored',
      documents: [{ status: 'created' }, { status: 'created' }],
      counts: { documents: 2, chunks: 4 },
    });
    expect(await found(stub, 2)).toEqual(['a: chunk 2']);
    await evictDurableObject(stub);
    expect(await found(stub, 4)).toEqual(['b: chunk 4']);
    expect(await stub.get('a')).toMatchObject({ record: { id: 'a', chunks: 3 }, chunks: [{ text: 'chunk 1' }, {}, {}] });
  });

  it('replaces a document at once: nothing of the old one is found any more', async () => {
    const stub = collection('replace');
    await stub.put(batch([document('a', [1, 2, 3]), document('b', [9])]));
    expect(await stub.put(batch([document('a', [5])]))).toMatchObject({
      documents: [{ status: 'replaced' }],
      counts: { documents: 2, chunks: 2 },
    });
    for (const gone of [1, 2, 3]) expect(await found(stub, gone, 10)).not.toContain(`a: chunk ${gone}`);
    expect(await found(stub, 5)).toEqual(['a: chunk 5']);
    await evictDurableObject(stub);
    expect((await found(stub, 9, 10)).toSorted()).toEqual(['a: chunk 5', 'b: chunk 9']);
  });

  it('a put that is made again changes nothing', async () => {
    const stub = collection('again');
    const once = batch([document('a', [1, 2])]);
    await stub.put(once);
    expect(await stub.put(once)).toMatchObject({ kind: 'stored', counts: { documents: 1, chunks: 2 } });
    expect(await found(stub, 1, 10)).toHaveLength(2);
  });

  it('keeps vectors without holes, whatever is deleted, in every order', async () => {
    const stub = collection('holes');
    const ids = Array.from({ length: 60 }, (_, at) => `d${at}`);
    for (let at = 0; at < ids.length; at += 20)
      await stub.put(
        batch(ids.slice(at, at + 20).map((id, n) => document(id, [100 + (at + n) * 3, 101 + (at + n) * 3, 102 + (at + n) * 3]))),
      );
    const gone = ids.filter((_, at) => (at * 7) % 3 === 0);
    for (const id of gone) expect(await stub.remove(id, false)).not.toBeNull();
    await evictDurableObject(stub);
    const left = ids.filter((id) => !gone.includes(id));
    const all = await stub.search({ vector: Float32Array.from(direction(1)), words: null }, shape, 1000);
    expect(all).toMatchObject({ kind: 'found', compared: left.length * 3 });
    if (all.kind === 'found') expect(new Set(all.chunks.map(({ documentId }) => documentId))).toEqual(new Set(left));
    for (const id of left.slice(0, 5)) {
      const at = ids.indexOf(id);
      expect(await found(stub, 101 + at * 3)).toEqual([`${id}: chunk ${101 + at * 3}`]);
    }
  });

  it('lists in pages, in the order of the ids', async () => {
    const stub = collection('list');
    await stub.put(batch(['c', 'a', 'd', 'b'].map((id, at) => document(id, [at]))));
    const first = await stub.list('', 3);
    expect(first).toMatchObject({ hasMore: true, documents: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] });
    expect(await stub.list('c', 3)).toMatchObject({ hasMore: false, documents: [{ id: 'd' }] });
  });
});

describe('words of a question', () => {
  const asked = async (stub: ReturnType<typeof collection>, words: string | null): Promise<string[]> => {
    const answer = await stub.search({ vector: Float32Array.from(direction(1)), words }, shape, 2);
    return answer.kind === 'found' ? answer.chunks.map(({ documentId }) => documentId) : [];
  };
  const titled = (id: string, number: number, text: string): NewDocument => {
    const made = document(id, [number]);
    return { ...made, chunks: made.chunks.map((chunk) => ({ ...chunk, text })) };
  };

  it('find what no vector is near to, and nothing once it is gone', async () => {
    const stub = collection('words');
    const others = Array.from({ length: 60 }, (_, at) => titled(`near${at}`, 1, 'about the same'));
    await stub.put(batch([...others, titled('far', 9, 'the error code E4711 means that the door is open')]));
    expect(await asked(stub, null)).not.toContain('far');
    expect(await asked(stub, 'What does E4711 mean?')).toContain('far');
    await evictDurableObject(stub);
    expect(await asked(stub, 'What does E4711 mean?')).toContain('far');
    await stub.remove('far', false);
    expect(await asked(stub, 'What does E4711 mean?')).not.toContain('far');
  });

  it('may be anything that looks like a query', async () => {
    const stub = collection('odd words');
    await stub.put(batch([document('a', [1])]));
    for (const words of ['"', 'NEAR(a b)', 'text:', '* OR', "' ; DROP TABLE words", '漢字', 'a'.repeat(30_000), '🙂', ''])
      expect(await asked(stub, words)).toEqual(['a']);
  });
});

describe('limits of a collection', () => {
  it.each([
    ['documents', { documents: 2 }, 3, 2],
    ['chunks', { chunks: 5 }, 6, 5],
    ['bytes', { bytes: 50 }, 54, 50],
  ] as const)('%s: at the limit nothing is written, and nothing is lost', async (what, limit, count, most) => {
    const stub = collection(`limit ${what}`);
    const own = { ...limits, ...limit };
    await stub.put(batch([document('a', [1, 2]), document('b', [3, 4])], { limits: own }));
    const refused = await stub.put(batch([document('c', [5, 6])], { limits: own }));
    expect(refused).toEqual({ kind: 'full', what, limit: most, count });
    expect((await stub.list('', 10)).documents.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await found(stub, 5, 10)).toHaveLength(4);
    expect(await stub.put(batch([document('b', [7])], { limits: own }))).toMatchObject({ kind: 'stored' });
  });

  it('a collection above a limit that was lowered may shrink', async () => {
    const stub = collection('shrink');
    await stub.put(batch([document('a', [1, 2, 3])]));
    const lower = { ...limits, chunks: 1 };
    expect(await stub.put(batch([document('a', [1, 2])], { limits: lower }))).toMatchObject({ kind: 'stored' });
    expect(await stub.put(batch([document('a', [1, 2, 3])], { limits: lower }))).toMatchObject({ kind: 'full', what: 'chunks' });
  });

  it('counts collections of a tenant', async () => {
    const stub = collection('of a tenant');
    expect(await stub.enlist('one', 2)).toBe(true);
    expect(await stub.enlist('two', 2)).toBe(true);
    expect(await stub.enlist('three', 2)).toBe(false);
    expect(await stub.enlist('two', 2)).toBe(true);
    await stub.strike('one');
    expect(await stub.enlist('three', 2)).toBe(true);
  });
});

describe('another embedding model', () => {
  const other: VectorShape = { ...shape, model: 'other (other)' };

  it('is refused, for documents and for questions, until the collection is empty', async () => {
    const stub = collection('model');
    await stub.put(batch([document('a', [1])]));
    expect(await stub.put(batch([document('b', [2])], { shape: other }))).toEqual({ kind: 'other_model', shape });
    expect(await stub.search({ vector: Float32Array.from(direction(1)), words: null }, other, 1)).toEqual({
      kind: 'other_model',
      shape,
    });
    expect(await stub.remove('a', false)).toMatchObject({ isEmpty: true });
    expect(await stub.put(batch([document('b', [2])], { shape: other }))).toMatchObject({ kind: 'stored' });
  });

  it('with another length of vectors as well', async () => {
    const stub = collection('dimensions');
    await stub.put(batch([document('a', [1])]));
    expect(await stub.search({ vector: new Float32Array(4), words: null }, { ...shape, dimensions: 4 }, 1)).toEqual({
      kind: 'other_model',
      shape,
    });
  });
});

describe('a change that fails', () => {
  it('leaves rows and memory as they were', async () => {
    const stub = collection('fails');
    await stub.put(batch([document('a', [1, 2])]));
    const broken = { ...document('b', [3, 4]), scales: new Float32Array(1) };
    await runInDurableObject(stub, (object) =>
      expect(() => object.put(batch([document('a', [5]), broken]))).toThrow(/as many vectors/),
    );
    expect((await found(stub, 1, 10)).toSorted()).toEqual(['a: chunk 1', 'a: chunk 2']);
    expect(await stub.list('', 10)).toMatchObject({
      documents: [{ id: 'a', chunks: 2 }],
      state: { counts: { documents: 1, chunks: 2 } },
    });
  });
});

describe('vectors that an index elsewhere has', () => {
  const elsewhere: VectorShape = { ...shape, store: 'vectorize' };
  const bare = (id: string, directions: readonly number[]): NewDocument => ({
    ...document(id, directions),
    values: new Int8Array(),
    scales: new Float32Array(),
  });

  it('are loaded by name, and not at all once their document is gone', async () => {
    const stub = collection('elsewhere');
    const first = bare('a', [1, 2]);
    await stub.put(batch([first], { shape: elsewhere }));
    expect(
      await stub.load(
        [
          { id: `${first.revision}.1`, score: 0.9 },
          { id: 'other.0', score: 0.8 },
          { id: 'nonsense', score: 1 },
        ],
        null,
      ),
    ).toMatchObject([{ documentId: 'a', text: 'chunk 2', chunk: 1, score: 0.9 }]);
    const second = bare('a', [3]);
    expect(await stub.put(batch([second], { shape: elsewhere }))).toMatchObject({
      dropped: [{ revision: first.revision, chunks: 2 }],
    });
    expect(await stub.load([{ id: `${first.revision}.1`, score: 0.9 }], null)).toEqual([]);
    expect(await stub.dropped()).toEqual([{ revision: first.revision, chunks: 2 }]);
    await stub.forgetDropped([first.revision]);
    expect(await stub.dropped()).toEqual([]);
  });
});
