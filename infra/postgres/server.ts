/**
 * A real PostgreSQL server on a loopback port, with the gateway's tables: for `npm start -- --postgres` and for tests, which kill it, start it
 * again and fill it up. Its only user has a random password.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { until } from '../rig/waiting.ts';
import { freePort } from '../port.ts';
import { findPostgres, hasExtension, howToGetPostgres, isPostgresRequired } from './binaries.ts';
import { migrate } from './migrate.ts';
import { dataFolder, programsFolder, type ServerUser, serverUser } from './place.ts';

export interface PostgresOptions {
  /** Where its data stays; by default a temporary folder, deleted with the server. */
  readonly folder?: string;
  /** Further settings of the server: `{ max_connections: '8' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  /** `postgres://user:password@127.0.0.1:port/pointsman`. */
  readonly url: string;
  readonly port: number;
  /** One statement from outside the gateway. */
  query(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and data, after it was killed or stopped. */
  start(): Promise<void>;
  /** Ends it in an orderly way; it can be started again. */
  halt(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

const database = 'pointsman';
const startsWithinMs = 30_000;

/** Why tests that need a server are skipped; null where they run. */
export function noPostgres(): string | null {
  return isPostgresRequired || findPostgres() !== null ? null : `needs PostgreSQL (${howToGetPostgres})`;
}

/** Why tests that need pgvector are skipped; null where they run. */
export function noPgvector(): string | null {
  return hasExtension('vector')
    ? null
    : 'needs a PostgreSQL with the extension vector: POINTSMAN_POSTGRES_BIN names its folder of programs';
}

interface Place {
  readonly bin: string;
  readonly folder: string;
  readonly user: ServerUser | null;
  readonly password: string;
}

/** A running server with all migrations applied. Rejects with its output when it does not start. */
export async function startPostgres({ folder, settings = {} }: PostgresOptions = {}): Promise<PostgresServer> {
  const place = prepare(folder);
  const port = await freePort();
  const url = `postgres://${database}:${place.password}@127.0.0.1:${port}/${database}`;
  let child: ChildProcess | null = null;
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(name);
    await exited;
  };
  const start = async (): Promise<void> => {
    child = await startOnce(place, port, settings, url);
  };
  const atExit = (): void => void child?.kill('SIGINT');
  process.on('exit', atExit);
  const server: PostgresServer = {
    url,
    port,
    query: (text, values) => queryOnce(url, text, values),
    kill: () => signal('SIGKILL'),
    start,
    // Fast shutdown: open connections are ended.
    halt: () => signal('SIGINT'),
    async stop() {
      await signal('SIGINT');
      process.off('exit', atExit);
      if (folder === undefined) rmSync(place.folder, { recursive: true, force: true });
    },
  };
  try {
    await start();
    await createDatabase(url);
    await migrate(url);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Its data folder, initialised once. */
function prepare(wanted: string | undefined): Place {
  const found = findPostgres();
  if (found === null) throw new Error(`There is no PostgreSQL on this machine: ${howToGetPostgres}.`);
  const user = serverUser();
  const bin = programsFolder(found, user);
  const folder = dataFolder(wanted ?? mkdtempSync(join(tmpdir(), 'pointsman-postgres-')), user);
  const secret = join(folder, 'password');
  const data = join(folder, 'data');
  if (existsSync(join(data, 'PG_VERSION')) && existsSync(secret)) {
    return { bin, folder, user, password: readFileSync(secret, 'utf8') };
  }
  rmSync(data, { recursive: true, force: true });
  const password = randomBytes(18).toString('hex');
  writeFileSync(secret, password, { mode: 0o600 });
  if (user !== null) chownSync(secret, user.uid, user.gid);
  const args = ['-D', data, '-U', database, '-E', 'UTF8', '--no-locale', '-A', 'scram-sha-256', `--pwfile=${secret}`, '-N'];
  const { status, stdout, stderr } = spawnSync(join(bin, 'initdb'), args, { ...user, cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`PostgreSQL could not make its data folder ${data}.\n${stdout}${stderr}`);
  return { bin, folder, user, password };
}

/** Starts the process and waits until it answers. A killed server's children may hold its memory for a moment, so it is tried again. */
async function startOnce(place: Place, port: number, settings: PostgresOptions['settings'], url: string): Promise<ChildProcess> {
  const all = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '', ...settings };
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  let output = '';
  const deadlineMs = Date.now() + startsWithinMs;
  for (;;) {
    // A group of its own: Ctrl-C ends the gateway first, and that ends the server.
    const child = spawn(join(place.bin, 'postgres'), ['-D', join(place.folder, 'data'), ...options], {
      ...place.user,
      cwd: place.folder,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-20_000)));
    const hasExited = () => child.exitCode !== null || child.signalCode !== null;
    child.on('error', (error) => (output += String(error)));
    await until('PostgreSQL answers', async () => hasExited() || (await isUp(url)), startsWithinMs);
    if (!hasExited()) return child;
    if (Date.now() > deadlineMs || !/shared memory|lock file/.test(output)) {
      throw new Error(`PostgreSQL did not start.\n${output}`);
    }
  }
}

function isUp(url: string): Promise<boolean> {
  return queryOnce(maintenance(url), 'select 1').then(
    () => true,
    () => false,
  );
}

/** The database that every server has. */
function maintenance(url: string): string {
  return Object.assign(new URL(url), { pathname: '/postgres' }).href;
}

async function createDatabase(url: string): Promise<void> {
  const known = await queryOnce(maintenance(url), 'select 1 from pg_database where datname = $1', [database]);
  if (known.length === 0) await queryOnce(maintenance(url), `create database ${database}`);
}

async function queryOnce(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  // A server that is killed ends connections at any time.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query(text, [...values]);
    return rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
