/** Documents whose vectors are in a real PostgreSQL with pgvector: the adapter by itself, then the whole gateway, as a role without rights of its own. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import * as z from 'zod';
import { grantTo, makeVectorTable } from '../../infra/postgres/migrate.ts';
import { noPgvector, type PostgresServer, startPostgres } from '../../infra/postgres/server.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { until } from '../../infra/rig/waiting.ts';
import type { VectorIndexPort } from '../../worker/core/rag/rag-ports.ts';
import { createPgvectorIndex } from '../../worker/io/pgvector-index.ts';
import { createPostgres } from '../../worker/io/postgres.ts';

/** @returns the server, and the address of a role that may do what a gateway does */
async function startWithVectors(): Promise<{ readonly server: PostgresServer; readonly roleUrl: string }> {
  const server = await startPostgres({ settings: { fsync: 'off' } });
  await server.query(`create role gateway login password 'gateway-password'`);
  await makeVectorTable(server.url);
  await makeVectorTable(server.url);
  await grantTo(server.url, 'gateway');
  return {
    server,
    roleUrl: Object.assign(new URL(server.url), { username: 'gateway', password: 'gateway-password' }).href,
  };
}

/** The same for the same seed. */
function vector(dimensions: number, seed: number): Float32Array {
  return Float32Array.from({ length: dimensions }, (_, at) => Math.sin(seed * 1000 + at * at + 1));
}

describe.skipIf(noPgvector() !== null)(`vectors in PostgreSQL (${noPgvector() ?? 'found'})`, () => {
  let server: PostgresServer;
  let index: VectorIndexPort;

  beforeAll(async () => {
    const started = await startWithVectors();
    server = started.server;
    index = createPgvectorIndex(createPostgres(started.roleUrl));
  });
  afterAll(() => server.stop());

  const place = (collection: string, tenantId = 'tenant-1') => ({ tenantId, collection });
  const idsOf = async (at: ReturnType<typeof place>, question: Float32Array, most = 3): Promise<string[]> =>
    (await index.nearest(at, question, most)).map(({ id }) => id);

  it('are found in the order of their cosine, more of them than one statement takes', async () => {
    await index.put(
      place('order'),
      Array.from({ length: 501 }, (_, at) => ({ id: `r.${at}`, values: vector(384, at) })),
    );
    const [first, second] = await index.nearest(place('order'), vector(384, 500), 2);
    expect(first).toEqual({ id: 'r.500', score: expect.closeTo(1, 6) });
    expect(second?.score).toBeLessThan(1);
    expect(await index.nearest(place('order'), vector(384, 500), 1000)).toHaveLength(501);
  });

  it('are of one tenant and one collection, and taken out by their own tenant alone', async () => {
    await index.put(place('own'), [{ id: 'a.0', values: vector(8, 1) }]);
    await index.put(place('own', 'tenant-2'), [{ id: 'b.0', values: vector(8, 1) }]);
    expect(await idsOf(place('own'), vector(8, 1))).toEqual(['a.0']);
    expect(await idsOf(place('else'), vector(8, 1))).toEqual([]);
    await index.remove(place('own', 'tenant-2'), ['a.0']);
    expect(await idsOf(place('own'), vector(8, 1))).toEqual(['a.0']);
    await index.remove(place('own'), ['a.0', 'never.0']);
    expect(await idsOf(place('own'), vector(8, 1))).toEqual([]);
    expect(await idsOf(place('own', 'tenant-2'), vector(8, 1))).toEqual(['b.0']);
  });

  it('of another model that are left there do not end a search', async () => {
    await index.put(place('mixed'), [
      { id: 'old.0', values: vector(3, 1) },
      { id: 'new.0', values: vector(8, 1) },
    ]);
    expect(await idsOf(place('mixed'), vector(8, 1))).toEqual(['new.0']);
  });

  it('without a direction are no reason to fail, and near to nothing', async () => {
    await index.put(place('zero'), [
      { id: 'zero.0', values: new Float32Array(8) },
      { id: 'one.0', values: vector(8, 1) },
    ]);
    expect(await idsOf(place('zero'), vector(8, 1), 1)).toEqual(['one.0']);
    expect((await index.nearest(place('zero'), new Float32Array(8), 2)).every(({ score }) => Number.isNaN(score))).toBe(true);
  });

  it('of a small collection are all found, also where an approximate index has many nearer ones of others', async () => {
    await server.query('DELETE FROM pointsman.rag_vectors WHERE vector_dims(embedding) <> 384');
    await server.query('ALTER TABLE pointsman.rag_vectors ALTER COLUMN embedding TYPE vector(384)');
    await server.query('CREATE INDEX rag_vectors_near ON pointsman.rag_vectors USING hnsw (embedding vector_cosine_ops)');
    await index.put(
      place('large'),
      Array.from({ length: 200 }, (_, at) => ({ id: `large.${at}`, values: vector(384, at) })),
    );
    const opposite = vector(384, 7).map((value) => -value);
    await index.put(
      place('small', 'tenant-2'),
      [0, 1, 2].map((at) => ({ id: `small.${at}`, values: opposite })),
    );
    // The index is now the cheapest way to an order.
    const off = ['enable_sort', 'enable_seqscan', 'enable_bitmapscan'];
    for (const one of off) await server.query(`ALTER ROLE gateway SET ${one} = off`);
    expect(await idsOf(place('small', 'tenant-2'), vector(384, 7))).toHaveLength(3);
    for (const one of off) await server.query(`ALTER ROLE gateway RESET ${one}`);
  });

  it('that are not to be had are said to be so: no table, no right, no server', async () => {
    await index.put(place('there'), [{ id: 'there.0', values: vector(384, 1) }]);
    const tried = () => index.nearest(place('there'), vector(384, 1), 1);
    await server.query('REVOKE SELECT ON pointsman.rag_vectors FROM gateway');
    await expect(tried()).rejects.toMatchObject({ code: 'not_ready', detail: expect.stringContaining('42501') });
    await server.query('ALTER TABLE pointsman.rag_vectors RENAME TO rag_vectors_away');
    await expect(tried()).rejects.toMatchObject({ code: 'not_ready', detail: expect.stringContaining('--vectors') });
    await server.query('ALTER TABLE pointsman.rag_vectors_away RENAME TO rag_vectors');
    await grantTo(server.url, 'gateway');
    await server.kill();
    await expect(tried()).rejects.toMatchObject({ code: 'state_unavailable', sentence: expect.stringContaining('vectors') });
    await server.start();
    await expect(tried()).resolves.toHaveLength(1);
  });
});

const Failed = z.object({ error: z.object({ code: z.string(), param: z.string().nullable(), message: z.string() }) });
const Listed = z.object({
  data: z.array(z.object({ id: z.string(), status: z.string().optional(), chunks: z.number() })),
  counts: z.object({ documents: z.number(), chunks: z.number() }),
});
const Answered = z.object({
  sources: z.array(
    z.object({ document_id: z.string(), quotes: z.array(z.object({ text: z.string(), start: z.number(), end: z.number() })) }),
  ),
});

describe.skipIf(noPgvector() !== null)(`documents with vectors in PostgreSQL (${noPgvector() ?? 'found'})`, () => {
  let server: PostgresServer;
  let rig: Rig;
  /** Keys of two tenants. */
  let one = '';
  let two = '';

  beforeAll(async () => {
    const started = await startWithVectors();
    server = started.server;
    rig = await startRig({
      on: inject('bundle'),
      direct: [{ id: 'embedder', kind: 'embedding', servedName: 'BAAI/bge-small-en-v1.5' }],
      overrides: { rag: { store: 'pgvector', limits: { documents: 4 } } },
      vars: { DATABASE_URL: started.roleUrl },
    });
    one = (await rig.makeKey()).key;
    two = (await rig.makeKey()).key;
  });
  afterAll(async () => {
    await rig.stop();
    await server.stop();
  });

  async function send(method: string, path: string, body?: unknown, key = one): Promise<Response> {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    return fetch(`${rig.url}/v1/rag${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  async function put(body: object, key = one) {
    const response = await send('POST', '/documents', body, key);
    const text = await response.text();
    expect([response.status, text]).toEqual([200, expect.any(String)]);
    return Listed.parse(JSON.parse(text));
  }

  async function ask(collection: string, query: string, key = one) {
    const response = await send('POST', '/query', { collection, query }, key);
    const text = await response.text();
    expect([response.status, text]).toEqual([200, expect.any(String)]);
    return Answered.parse(JSON.parse(text)).sources;
  }

  const failure = async (response: Response) => ({ status: response.status, ...Failed.parse(await response.json()).error });
  const list = async (collection: string) =>
    Listed.parse(await (await send('GET', `/documents?collection=${collection}`)).json());
  const kept = async (collection: string): Promise<unknown> =>
    (await server.query('select count(*)::int as n from pointsman.rag_vectors where collection = $1', [collection]))[0]?.['n'];

  it('are put, found with the right one first, replaced, listed and deleted, and no vector is left', async () => {
    await put({
      collection: 'life',
      documents: [
        { id: 'port', text: 'The harbour of Bergen opens at seven in the morning.' },
        { id: 'keys', text: 'A revoked key is refused everywhere within sixty seconds.' },
        { id: 'bread', text: 'Rye bread is baked for ninety minutes.' },
      ],
    });
    expect(await kept('life')).toBe(3);
    expect((await ask('life', 'When does the harbour of Bergen open?'))[0]?.document_id).toBe('port');
    expect((await ask('life', 'How fast is a revoked key refused?'))[0]?.document_id).toBe('keys');
    const again = await put({ collection: 'life', id: 'port', text: 'The harbour of Bergen opens at nine in the morning.' });
    expect(again).toMatchObject({ data: [{ status: 'replaced' }], counts: { documents: 3 } });
    expect(JSON.stringify(await ask('life', 'When does the harbour of Bergen open?'))).toMatch(/nine/);
    await until('the old vector is gone', async () => (await kept('life')) === 3);
    expect((await list('life')).data.map(({ id }) => id)).toEqual(['bread', 'keys', 'port']);
    for (const id of ['port', 'keys', 'bread'])
      expect((await send('DELETE', `/documents/${id}?collection=life`)).status).toBe(200);
    expect(await ask('life', 'When does the harbour of Bergen open?')).toEqual([]);
    await until('no vector is left', async () => (await kept('life')) === 0);
  });

  it('of two tenants with the same names are apart', async () => {
    await put({ collection: 'same', id: 'doc', text: 'The harbour of Bergen opens at seven.' });
    await put({ collection: 'same', id: 'doc', text: 'The harbour of Bergen opens at eleven.' }, two);
    const query = 'When does the harbour of Bergen open?';
    expect(JSON.stringify(await ask('same', query))).toMatch(/seven/);
    expect(JSON.stringify(await ask('same', query, two))).toMatch(/eleven/);
    expect((await send('DELETE', '/documents/doc?collection=same', undefined, two)).status).toBe(200);
    await until('one vector is left', async () => (await kept('same')) === 1);
    expect(await ask('same', query)).toHaveLength(1);
  });

  it('beyond a limit are refused before a vector is written', async () => {
    await put({
      collection: 'full',
      documents: ['a', 'b', 'c', 'd'].map((id) => ({ id, text: `Document ${id} of a harbour.` })),
    });
    const documents = [
      { id: 'a', text: 'changed' },
      { id: 'e', text: 'one more' },
    ];
    expect(await failure(await send('POST', '/documents', { collection: 'full', documents }))).toMatchObject({
      status: 409,
      code: 'collection_full',
    });
    expect(await kept('full')).toBe(4);
    expect(await (await send('GET', '/documents/a?collection=full&include=text')).json()).toMatchObject({
      text: 'Document a of a harbour.',
    });
  });

  it('with odd characters come back as they were, and are found', async () => {
    const text = `# “Häfen” \u2028 😀 {braces} '; drop table x; --\n\nThe harbour of Tromsø opens at six. \\ $1 \u0000 \uFEFF é e\u0301\n\n| a | b |\n|---|---|\n| \`x\` | **y** |\n`;
    await put({ collection: 'odd', id: 'odd/page.md', format: 'markdown', text });
    expect(await (await send('GET', '/documents/odd/page.md?collection=odd&include=text')).json()).toMatchObject({ text });
    const [source] = await ask('odd', 'When does the harbour of Tromsø open?');
    for (const quote of source?.quotes ?? []) expect(text.slice(quote.start, quote.end)).toBe(quote.text);
    expect(source?.document_id).toBe('odd/page.md');
  });

  const long = (count: number): string =>
    Array.from({ length: count }, (_, at) => `# Berth ${at}\n\nBerth number ${at} takes ships of ${at} metres.\n`).join('\n');

  it('of more passages than one statement takes are whole, and the right one is found', async () => {
    expect(await put({ collection: 'long', id: 'berths', format: 'markdown', text: long(520) })).toMatchObject({
      data: [{ chunks: 520 }],
    });
    expect(await kept('long')).toBe(520);
    expect(JSON.stringify(await ask('long', 'How long are the ships that berth number 517 takes?'))).toContain('517');
  });

  it('whose second statement fails are not there at all, and what the first one wrote goes again', async () => {
    await server.query(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$`);
    await server.query(
      `create trigger refuse before insert on pointsman.rag_vectors for each row when (new.id like '%.519') execute function refuse()`,
    );
    try {
      const refused = await failure(
        await send('POST', '/documents', { collection: 'half', id: 'berths', format: 'markdown', text: long(520) }),
      );
      expect(refused).toMatchObject({ status: 503, code: 'state_unavailable' });
      expect(refused.message).not.toContain('no room');
      expect(await list('half')).toMatchObject({ data: [], counts: { documents: 0, chunks: 0 } });
      await until('nothing is left of it', async () => (await kept('half')) === 0);
    } finally {
      await server.query('drop trigger refuse on pointsman.rag_vectors');
    }
    await put({ collection: 'half', id: 'berths', format: 'markdown', text: long(520) });
    expect(await ask('half', 'What does berth number 3 take?')).not.toEqual([]);
  });

  it('are asked beside vectors of a model that had other dimensions', async () => {
    await put({ collection: 'mixed', id: 'doc', text: 'The harbour of Bergen opens at seven.' });
    await server.query(
      `insert into pointsman.rag_vectors select 'old.0', tenant_id, collection, '[1,2,3]' from pointsman.rag_vectors where collection = 'mixed'`,
    );
    expect(await ask('mixed', 'When does the harbour of Bergen open?')).toHaveLength(1);
  });

  it('are as they were while the database is away, and whole when it is back; what was deleted meanwhile leaves with the next question', async () => {
    await put({
      collection: 'away',
      documents: [
        { id: 'stays', text: 'The harbour of Bergen opens at seven.' },
        { id: 'goes', text: 'The harbour of Bergen opens at eleven.' },
      ],
    });
    await server.kill();
    const change = { collection: 'away', id: 'stays', text: 'The harbour of Bergen is closed.' };
    expect(await failure(await send('POST', '/documents', change))).toMatchObject({
      status: 503,
      code: 'state_unavailable',
      message: expect.stringContaining('vectors'),
    });
    expect(await failure(await send('POST', '/query', { collection: 'away', query: 'harbour?' }))).toMatchObject({ status: 503 });
    expect((await list('away')).data.map(({ id }) => id)).toEqual(['goes', 'stays']);
    expect((await send('DELETE', '/documents/goes?collection=away')).status).toBe(200);
    expect((await rig.get('/readyz')).status).toBe(200);
    await server.start();
    const sources = await ask('away', 'When does the harbour of Bergen open?');
    expect(sources.map(({ document_id }) => document_id)).toEqual(['stays']);
    expect(JSON.stringify(sources)).toMatch(/seven/);
    await until('the deleted one’s vector is gone', async () => (await kept('away')) === 1);
  });
});
