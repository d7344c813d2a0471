/** The adapter and the migrations against a real PostgreSQL, which the test starts itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate, type Migration, readMigrations } from '../../infra/postgres/migrate.ts';
import { noPostgres, type PostgresServer, startPostgres } from '../../infra/postgres/server.ts';
import type { PostgresPort } from '../../worker/core/rows/ports.ts';
import { createPostgres } from '../../worker/io/postgres.ts';

const timeoutMs = 10_000;

describe.skipIf(noPostgres() !== null)(`PostgreSQL (${noPostgres() ?? 'found'})`, () => {
  let server: PostgresServer;
  let postgres: PostgresPort;

  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } });
    postgres = createPostgres(server.url);
  });
  afterAll(() => server.stop());

  const rowsOf = async (text: string, values: readonly unknown[] = []): Promise<unknown> => {
    const result = await postgres.query(text, values, { timeoutMs });
    return result.ok ? result.value : result.failure;
  };

  it('answers rows by the names of their columns, whole numbers as numbers', async () => {
    const [row] = Object(
      await rowsOf(
        `select $1::bigint as big, $2::jsonb as json, $3::bytea as bytes, $4::timestamptz as at, count(*) from generate_series(1, 3)`,
        [9_007_199_254_740_991, JSON.stringify({ a: [1] }), new Uint8Array([0, 255]), '2026-11-29T00:00:00Z'],
      ),
    );
    expect({ ...row, bytes: [...row.bytes] }).toEqual({
      big: 9_007_199_254_740_991,
      json: { a: [1] },
      bytes: [0, 255],
      at: new Date('2026-11-29T00:00:00Z'),
      count: 3,
    });
  });

  it('fails with the state that the server names', async () => {
    expect(await rowsOf('select 1 / 0')).toMatchObject({ kind: 'refused', sqlState: '22012' });
    expect(await rowsOf('select * from nowhere')).toMatchObject({ kind: 'unavailable', sqlState: '42P01' });
  });

  it('a statement that takes too long is given up at the deadline', async () => {
    const result = await postgres.query('select pg_sleep(60)', [], { timeoutMs: 200 });
    expect(result).toMatchObject({ ok: false, failure: { kind: 'timeout' } });
  });

  it('never has more than five connections; the sixth waits, at most until its deadline', async () => {
    const own = createPostgres(server.url);
    const mark = 'select 1 /* five */, pg_sleep(30)';
    const held = Array.from({ length: 5 }, () => own.query(mark, [], { timeoutMs: 1500 }));
    const sixth = await own.query('select 1', [], { timeoutMs: 300 });
    expect(sixth).toMatchObject({ ok: false, failure: { kind: 'timeout', detail: 'No connection was free in time.' } });
    const seventh = own.query('select 7 as n', [], { timeoutMs });
    await Promise.all(held);
    expect(await seventh).toMatchObject({ ok: true, value: [{ n: 7 }] });
  });

  it('a server that is not there is a failure, and is found again', async () => {
    await server.kill();
    expect(await rowsOf('select 1')).toMatchObject({ kind: 'unavailable', sqlState: null });
    await server.start();
    expect(await rowsOf('select 1 as n')).toEqual([{ n: 1 }]);
  });

  it('partitions are made for whole days, once, and dropped by their day', async () => {
    const make = `select pointsman.make_request_partitions('2001-01-01', '2001-01-03') as n`;
    expect(await rowsOf(make)).toEqual([{ n: 3 }]);
    expect(await rowsOf(make)).toEqual([{ n: 0 }]);
    expect(await rowsOf(`select pointsman.drop_request_partitions('2001-01-03') as n`)).toEqual([{ n: 2 }]);
    expect(await rowsOf(`select to_regclass('pointsman.requests_20010103') is not null as kept`)).toEqual([{ kept: true }]);
  });
});

describe.skipIf(noPostgres() !== null)('migrations', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } });
  });
  afterAll(() => server.stop());

  const shipped = readMigrations();
  const names = shipped.map(({ name }) => name);
  const next = (text: string, checksum = 'x'): Migration => ({ name: '0999_next.sql', text, checksum });

  it('are applied once, also by two at the same time', async () => {
    await server.query('drop schema pointsman cascade');
    const reports = await Promise.all([migrate(server.url), migrate(server.url)]);
    expect(reports.map(({ applied }) => applied.length).toSorted()).toEqual([0, names.length]);
    expect((await migrate(server.url)).known).toEqual(names);
  });

  it('a file that fails leaves nothing behind, and is named', async () => {
    const broken = next('create table pointsman.half (a int); select nonsense');
    await expect(migrate(server.url, [...shipped, broken])).rejects.toThrow(/^0999_next\.sql: .*nonsense/);
    expect(await server.query(`select to_regclass('pointsman.half') as half`)).toEqual([{ half: null }]);
  });

  it('a dry run says what would be applied, and applies nothing', async () => {
    expect((await migrate(server.url, [...shipped, next('select 1')], true)).applied).toEqual(['0999_next.sql']);
    expect((await migrate(server.url)).applied).toEqual([]);
  });

  it('a file that has changed since, one that comes late and a database that is ahead are refused', async () => {
    const changed = shipped.map((one, at) => (at === 0 ? { ...one, checksum: 'other' } : one));
    await expect(migrate(server.url, changed)).rejects.toThrow(/^0001_requests\.sql has changed since it was applied/);
    await migrate(server.url, [...shipped, next('select 1')]);
    await expect(migrate(server.url)).rejects.toThrow(/ahead of this checkout: it has 0999_next\.sql/);
    const late: Migration = { name: '0500_late.sql', text: 'select 1', checksum: 'y' };
    await expect(migrate(server.url, [...shipped, late, next('select 1')])).rejects.toThrow(
      /^0500_late\.sql comes before 0999_next\.sql/,
    );
  });
});
