/** The database killed, restarted, slow, full and read-only while the gateway answers: no answer fails, no row is lost, none is there twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from 'pg';
import { noPostgres } from '../../infra/postgres/server.ts';
import { until } from '../../infra/rig/waiting.ts';
import { type LogRig, startLogRig } from '../support/postgres/log-rig.ts';

describe.skipIf(noPostgres() !== null)('requests while the database is in trouble', () => {
  let lab: LogRig;
  beforeAll(async () => {
    lab = await startLogRig({ settings: { max_connections: '8', superuser_reserved_connections: '2' } });
  });
  afterAll(() => lab.stop());

  const count = async (sql: string): Promise<unknown> => (await lab.server.query(sql))[0]?.['n'];
  /** Whether each request has its row, no more and no less. */
  const expectExact = async (): Promise<void> => {
    expect(await count('select count(*)::int as n from pointsman.requests')).toBe(lab.sent());
    expect(await count('select count(distinct id)::int as n from pointsman.requests')).toBe(lab.sent());
    // The ledger has them by another way, which may be the slower one.
    await until('the ledger has every request', async () => (await lab.rig.stats()).totals.requests >= lab.sent());
    const { totals } = await lab.rig.stats();
    expect(totals.requests).toBe(lab.sent());
    expect(await count('select coalesce(sum(cost_nano_usd), 0)::float8 as n from pointsman.requests')).toBe(totals.cost_nano_usd);
    expect(await lab.status()).toMatchObject({ waiting: 0, dropped: 0, refused: 0 });
  };

  it('healthy: every request has a row within a moment', async () => {
    expect(await lab.load(60)).toEqual([]);
    await lab.settled();
    await expectExact();
  });

  it('killed under load, and restarted', async () => {
    const load = lab.load(150);
    await until('rows arrive', async () => Number(await count('select count(*)::int as n from pointsman.requests')) > 60);
    await lab.server.kill();
    expect(await load).toEqual([]);
    expect(await lab.load(100)).toEqual([]);
    await until('rows wait', async () => (await lab.status()).waiting > 0);
    await lab.server.start();
    await lab.settled();
    await expectExact();
    expect((await lab.status()).replayed).toBeGreaterThan(0);
  });

  it('restarted again and again under load', async () => {
    for (let round = 0; round < 3; round += 1) {
      const load = lab.load(60);
      await lab.server.halt();
      expect(await load).toEqual([]);
      await lab.server.start();
    }
    await lab.settled();
    await expectExact();
  });

  it('slow: every statement takes five seconds', async () => {
    lab.proxy.setDelay(5000);
    expect(await lab.load(150)).toEqual([]);
    await until('a statement is held back', () => lab.proxy.held() > 0);
    expect(await lab.load(50)).toEqual([]);
    // Statements that were given up arrive all the same, after their rows went to the outbox: both ways lead to one row.
    await lab.settled(90_000);
    lab.proxy.setDelay(0);
    await expectExact();
  });

  it('full: no connection is left', async () => {
    const { url } = lab.proxy;
    const crowd: Client[] = [];
    while (crowd.length < 20) {
      const client = new Client({ connectionString: url });
      client.on('error', () => undefined);
      const isIn = await client.connect().then(
        () => true,
        () => false,
      );
      if (!isIn) break;
      crowd.push(client);
    }
    expect(crowd).toHaveLength(6);
    expect(await lab.load(80)).toEqual([]);
    await until('rows wait', async () => (await lab.status()).last_error === '53300');
    await Promise.all(crowd.map((client) => client.end()));
    await lab.settled();
    await expectExact();
  });

  it('full: the disk', async () => {
    await lab.server.query(`
      create function pointsman.disk_full() returns trigger language plpgsql as $$ begin
        raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
      create trigger disk_full before insert on pointsman.requests for each row execute function pointsman.disk_full()`);
    expect(await lab.load(80)).toEqual([]);
    await until('rows wait', async () => (await lab.status()).last_error === '53100');
    await lab.server.query('drop trigger disk_full on pointsman.requests');
    await lab.settled();
    await expectExact();
  });

  it('read-only, as a replica is', async () => {
    await lab.server.query('alter role gateway set default_transaction_read_only = on');
    expect(await lab.load(80)).toEqual([]);
    await until('rows wait', async () => (await lab.status()).last_error === '25006');
    await lab.server.query('alter role gateway reset default_transaction_read_only');
    await lab.settled();
    await expectExact();
  });
});

describe.skipIf(noPostgres() !== null)('an outbox that is full', () => {
  it('drops the oldest rows, and says how many', async () => {
    const lab = await startLogRig({ overrides: { request_log: { outbox_rows: 50 } } });
    try {
      expect(await lab.load(10)).toEqual([]);
      await lab.settled();
      await lab.server.halt();
      expect(await lab.load(90)).toEqual([]);
      await until('all have gone to the outbox', async () => {
        const { waiting, dropped } = await lab.status();
        return waiting + dropped === 90;
      });
      expect(await lab.status()).toMatchObject({ waiting: 50, dropped: 40 });
      await lab.server.start();
      await until('the rest is replayed', async () => (await lab.status()).waiting === 0);
      expect(await lab.server.query('select count(*)::int as n from pointsman.requests')).toEqual([{ n: 60 }]);
      expect(await (await lab.rig.get('/metrics')).text()).toMatch(
        /^pointsman_request_log_lost_rows_total\{[^}]*dropped[^}]*\} 40$/m,
      );
    } finally {
      await lab.stop();
    }
  });
});
