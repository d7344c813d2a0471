/**
 * `npm run reconcile:log`: sets the request log in PostgreSQL beside the ledger, of a running gateway, or of one that it starts itself and
 * whose database it kills, slows down and fills under load. Ends non-zero on any difference.
 */
import { Client } from 'pg';
import { readCommandLine, runCommand, serverOrigin, UsageError, wholeNumber } from '../../infra/command-line.ts';
import { grantTo } from '../../infra/postgres/migrate.ts';
import { startPostgres } from '../../infra/postgres/server.ts';
import { startSlowProxy } from '../../infra/postgres/slow-proxy.ts';
import { type Bundle, buildGateway } from '../../infra/rig/bundle.ts';
import { read } from '../../infra/rig/connect.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { inParallel, until } from '../../infra/rig/waiting.ts';
import { type BookLine, bookTable, driftOf, type Query, readBooks } from './log-books.ts';

const help = `Compares the request log in PostgreSQL with the ledger: requests, tokens and nano-USD by model and by key.

  npm run reconcile:log -- [options]

  --database URL   the database of a running gateway (DATABASE_URL)
  --url U          that gateway (http://127.0.0.1:8787)
  --admin K        its admin token (ADMIN_TOKEN from the environment, else the one of npm start)
  --requests N     without a database: how many to send to a gateway of its own (2000)
  --help

Without a database it starts a PostgreSQL, a gateway and stand-ins, and sends requests while the database is killed, started, made slow (every
statement 5 s) and read-only. Shadow answers are in the ledger alone, and so are requests whose end was never reported.`;

const options = {
  database: { type: 'string', default: process.env['DATABASE_URL'] ?? '' },
  url: { type: 'string', default: 'http://127.0.0.1:8787' },
  admin: { type: 'string', default: process.env['ADMIN_TOKEN'] ?? 'pointsman-local-admin' },
  requests: { type: 'string', default: '2000' },
} as const;

interface Trouble {
  readonly lines: readonly BookLine[];
  readonly failed: number;
  readonly double: number;
}

async function ofRunning(url: string, admin: string, database: string): Promise<readonly BookLine[]> {
  const response = await fetch(`${url}/stats`, { headers: { authorization: `Bearer ${admin}` } });
  if (!response.ok) throw new UsageError(`${url}/stats answers ${response.status}: is --admin its token?`);
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    const query: Query = async (text, values = []) => (await client.query(text, [...values])).rows;
    return await readBooks(await response.json(), query);
  } finally {
    await client.end();
  }
}

/** A gateway of its own, in trouble with its database for four fifths of the time. */
export async function inTrouble(bundle: Bundle, requests: number): Promise<Trouble> {
  const server = await startPostgres({ settings: { fsync: 'off' } });
  await server.query(`create role gateway login password 'gateway-password'`);
  await grantTo(server.url, 'gateway');
  const proxy = await startSlowProxy(
    Object.assign(new URL(server.url), { username: 'gateway', password: 'gateway-password' }).href,
  );
  const rig = await startRig({ on: bundle, vars: { DATABASE_URL: proxy.url } });
  try {
    const keys = await Promise.all(['shop', 'search'].map((name) => rig.makeKey({ name })));
    const part = (at: number): Promise<number> =>
      send(
        rig,
        Math.ceil(requests / 5),
        at,
        keys.map(({ key }) => key),
      );
    let failed = await part(0);
    const killed = part(1);
    await server.kill();
    failed += await killed;
    await server.start();
    proxy.setDelay(5000);
    failed += await part(2);
    proxy.setDelay(0);
    await server.query('alter role gateway set default_transaction_read_only = on');
    failed += await part(3);
    await server.query('alter role gateway reset default_transaction_read_only');
    failed += await part(4);
    const rows = async (): Promise<number> =>
      Number((await server.query('select count(*)::int as n from pointsman.requests'))[0]?.['n']);
    await until('the log has every request', async () => (await rows()) >= (await rig.stats()).totals.requests, 120_000);
    const [double] = await server.query('select (count(*) - count(distinct id))::int as n from pointsman.requests');
    const lines = await readBooks(await read(await rig.get('/stats')), server.query);
    return { lines, failed, double: Number(double?.['n']) };
  } finally {
    await rig.stop();
    await proxy.stop();
    await server.stop();
  }
}

/** @returns how many had no whole answer */
async function send(rig: Rig, count: number, seed: number, keys: readonly string[]): Promise<number> {
  let failed = 0;
  await inParallel(count, 16, async (at) => {
    const model = ['small', 'large', 'auto'][(at + seed) % 3];
    const body = {
      model,
      stream: at % 2 === 0,
      max_tokens: 5 + (at % 20),
      messages: [{ role: 'user', content: `Question ${at}` }],
    };
    const response = await rig.chat(body, {}, { key: keys[at % keys.length] ?? '' });
    const text = await response.text();
    if (response.status !== 200 || text.includes('"error":{')) failed += 1;
  });
  return failed;
}

async function main(): Promise<number> {
  const { values } = readCommandLine({ name: 'npm run reconcile:log', help, options });
  if (values.database !== '') {
    const lines = await ofRunning(serverOrigin('url', values.url), values.admin, values.database);
    console.log(bookTable(lines));
    return driftOf(lines) === 0 ? 0 : 1;
  }
  const bundle = await buildGateway();
  try {
    const { lines, failed, double } = await inTrouble(bundle, wholeNumber('requests', values.requests, { min: 5 }));
    console.log(bookTable(lines));
    console.log(
      `\nfailed answers: ${failed}; rows that are there twice: ${double}; difference of all numbers: ${driftOf(lines)}`,
    );
    return failed + double + driftOf(lines) === 0 ? 0 : 1;
  } finally {
    bundle.remove();
  }
}

if (import.meta.main) await runCommand(main);
