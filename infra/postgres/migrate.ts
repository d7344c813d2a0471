/**
 * Applies the numbered files of infra/sql to a database, in order and once each. They only go forward: a file that was applied may not change
 * any more, which its checksum shows. Two runs at the same time wait for each other.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { repoFolder } from '../wrangler.ts';

export interface Migration {
  /** `0001_requests.sql`. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the text. */
  readonly checksum: string;
}

export interface MigrationReport {
  /** Names, in their order. */
  readonly applied: readonly string[];
  readonly known: readonly string[];
}

/** Any number, the same for every run. */
const lockId = 7_403_221;

export function readMigrations(folder = join(repoFolder, 'infra', 'sql')): Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return names.toSorted().map((name, index) => {
    if (!name.startsWith(`${String(index + 1).padStart(4, '0')}_`))
      throw new Error(`${name}: migrations are numbered from 0001 on, without gaps.`);
    const text = readFileSync(join(folder, name), 'utf8');
    return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
  });
}

/** @param isDry changes nothing, and says what would be applied. Rejects with a sentence where a file has changed or fails. */
export async function migrate(url: string, migrations = readMigrations(), isDry = false): Promise<MigrationReport> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [lockId]);
    const done = await readApplied(client);
    const waiting = notYetApplied(migrations, done);
    if (!isDry) for (const migration of waiting) await apply(client, migration);
    return { applied: waiting.map(({ name }) => name), known: [...done.keys()] };
  } finally {
    // The lock goes with the connection.
    await client.end().catch(() => undefined);
  }
}

/** Checksums by name. */
async function readApplied(client: Client): Promise<ReadonlyMap<string, string>> {
  const { rows: tables } = await client.query(`select to_regclass('pointsman.migrations') is not null as "isThere"`);
  if (tables[0]?.isThere !== true) return new Map();
  const { rows } = await client.query('select name, checksum from pointsman.migrations order by name');
  return new Map(rows.map(({ name, checksum }) => [String(name), String(checksum)]));
}

function notYetApplied(migrations: readonly Migration[], done: ReadonlyMap<string, string>): readonly Migration[] {
  for (const { name, checksum } of migrations) {
    const before = done.get(name);
    if (before !== undefined && before !== checksum) {
      throw new Error(`${name} has changed since it was applied. Restore it, and put the change into a new file.`);
    }
  }
  const names = new Set(migrations.map(({ name }) => name));
  const unknown = [...done.keys()].filter((name) => !names.has(name));
  if (unknown.length > 0) throw new Error(`The database is ahead of this checkout: it has ${unknown.join(', ')}.`);
  const waiting = migrations.filter(({ name }) => !done.has(name));
  const [last] = [...done.keys()].toReversed();
  const late = waiting.find(({ name }) => last !== undefined && name < last);
  if (late !== undefined)
    throw new Error(`${late.name} comes before ${last}, which is applied already. Give it the next number.`);
  return waiting;
}

/** With its line in the table, or not at all. */
async function apply(client: Client, { name, text, checksum }: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(`create schema if not exists pointsman`);
    await client.query(
      `create table if not exists pointsman.migrations (
         name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
    );
    await client.query(text);
    await client.query('insert into pointsman.migrations (name, checksum) values ($1, $2)', [name, checksum]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/**
 * The table of documents' vectors, in a database that `migrate` has been over. It is no numbered file, because most databases have no pgvector and
 * need none. May be repeated. The extension is made where it is missing, which takes a role that may.
 */
export async function makeVectorTable(url: string): Promise<void> {
  const text = readFileSync(join(repoFolder, 'infra', 'sql', 'vectors', 'rag_vectors.sql'), 'utf8');
  await connected(url, async (client) => {
    try {
      await client.query('select pg_advisory_lock($1)', [lockId]);
      await client.query(text);
    } catch (error) {
      throw new Error(`rag_vectors.sql: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  });
}

/** What a gateway's role may do, and nothing else: no table is its own. The role must exist. */
export async function grantTo(url: string, role: string): Promise<void> {
  await connected(url, async (client) => {
    const name = client.escapeIdentifier(role);
    await client.query(`
      grant usage on schema pointsman to ${name};
      grant select, insert on pointsman.requests to ${name};
      grant select, insert, update, delete on pointsman.cache_entries to ${name};
      grant execute on function pointsman.make_request_partitions(date, date), pointsman.drop_request_partitions(date) to ${name};`);
    const { rows } = await client.query(`select to_regclass('pointsman.rag_vectors') is not null as "isThere"`);
    if (rows[0]?.isThere === true) await client.query(`grant select, insert, update, delete on pointsman.rag_vectors to ${name}`);
  });
}

/** What is done with one connection. */
async function connected(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
