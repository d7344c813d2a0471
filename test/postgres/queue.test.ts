/** Rows by way of the queue, as under `npm start` and on Cloudflare: the gateway runs under `wrangler dev`, which has queues. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noPostgres, type PostgresServer, startPostgres } from '../../infra/postgres/server.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { inParallel, until } from '../../infra/rig/waiting.ts';

describe.skipIf(noPostgres() !== null)('the request log by way of a queue', () => {
  let server: PostgresServer;
  let rig: Rig;
  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } });
    rig = await startRig({ on: 'wrangler dev', vars: { DATABASE_URL: server.url } });
  }, 120_000);
  afterAll(async () => {
    await rig?.stop();
    await server?.stop();
  });

  const rows = async (): Promise<unknown> =>
    (await server.query('select count(*)::int as n, count(distinct id)::int as d from pointsman.requests'))[0];
  const ask = (count: number): Promise<void> =>
    inParallel(count, 8, async (at) => {
      const response = await rig.chat({ model: 'small', max_tokens: 3, messages: [{ role: 'user', content: `Question ${at}` }] });
      expect(response.status).toBe(200);
      await response.text();
    });

  it('every request has its row, and an outage of the database delays it', async () => {
    const info: unknown = JSON.parse(await (await rig.get('/router/info')).text());
    expect(info).toMatchObject({ postgres: 'direct', request_log: { queue: true } });
    await ask(40);
    await until('40 rows', async () => Object(await rows()).n === 40, 30_000);
    await server.halt();
    await ask(40);
    await server.start();
    await until('80 rows', async () => Object(await rows()).n === 80, 60_000);
    expect(await rows()).toEqual({ n: 80, d: 80 });
  }, 120_000);
});
