/** A gateway in workerd whose request log goes to a real PostgreSQL, by way of a proxy that can be slow. */
import { inject } from 'vitest';
import { grantTo } from '../../../infra/postgres/migrate.ts';
import { type PostgresServer, startPostgres } from '../../../infra/postgres/server.ts';
import { type SlowProxy, startSlowProxy } from '../../../infra/postgres/slow-proxy.ts';
import { type Rig, startRig } from '../../../infra/rig/rig.ts';
import { inParallel, until } from '../../../infra/rig/waiting.ts';
import type { RowsStatus } from '../../../shared/rows-status.ts';

export interface LogRig {
  readonly server: PostgresServer;
  readonly proxy: SlowProxy;
  readonly rig: Rig;
  /** Sends so many requests, and returns the statuses that were not 200 with their bodies. */
  load(count: number): Promise<readonly string[]>;
  /** Requests sent by `load` so far. */
  sent(): number;
  status(): Promise<RowsStatus>;
  /** Every request that the ledger has is in the database once, and nothing waits; how long it took, in ms. */
  settled(withinMs?: number): Promise<number>;
  stop(): Promise<void>;
}

export interface LogRigOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly overrides?: Readonly<Record<string, unknown>>;
}

export async function startLogRig({ settings = {}, overrides = {} }: LogRigOptions = {}): Promise<LogRig> {
  const server = await startPostgres({ settings: { fsync: 'off', ...settings } });
  // A role without rights of its own, as in a deployment: a superuser would get in where nobody else does.
  await server.query(`create role gateway login password 'gateway-password'`);
  await grantTo(server.url, 'gateway');
  const roleUrl = Object.assign(new URL(server.url), { username: 'gateway', password: 'gateway-password' }).href;
  const proxy = await startSlowProxy(roleUrl);
  const rig = await startRig({ on: inject('bundle'), overrides, vars: { DATABASE_URL: proxy.url } });
  let sent = 0;
  const status = async (): Promise<RowsStatus> => {
    const info: { request_log: { rows: RowsStatus } } = JSON.parse(await (await rig.get('/router/info')).text());
    return info.request_log.rows;
  };
  return {
    server,
    proxy,
    rig,
    sent: () => sent,
    status,
    async load(count) {
      const failed: string[] = [];
      await inParallel(count, 16, async (at) => {
        sent += 1;
        const body = { model: 'auto', stream: at % 2 === 0, messages: [{ role: 'user', content: `[[tokens:3]]Request ${at}` }] };
        const response = await rig.chat(body, { 'x-agent-name': `agent-${at % 3}` });
        const text = await response.text();
        if (response.status !== 200 || /"error":\{/.test(text)) failed.push(`${response.status} ${text}`);
      });
      return failed;
    },
    settled: (withinMs = 60_000) =>
      until(
        `${sent} rows in the database, none waiting`,
        async () => {
          const [row] = await server.query('select count(*)::int as n from pointsman.requests').catch(() => []);
          return row?.['n'] === sent && (await status()).waiting === 0;
        },
        withinMs,
      ),
    async stop() {
      await rig.stop();
      await proxy.stop();
      await server.stop();
    },
  };
}
