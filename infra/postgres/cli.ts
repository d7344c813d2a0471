/** `npm run migrate`: brings a database up to this checkout's tables. */
import { readCommandLine, runCommand, UsageError } from '../command-line.ts';
import { grantTo, makeVectorTable, migrate, readMigrations } from './migrate.ts';

const help = `Applies the migrations of infra/sql that a database does not have yet, in order, each in its own transaction.

  npm run migrate -- --url postgres://user:password@host:5432/database [options]

  --url URL     of the database itself, not of Hyperdrive; without it the variable DATABASE_URL
  --dry-run     says what would be applied, and changes nothing
  --vectors     also makes the table for rag.store: pgvector, and the extension where it is missing
  --grant ROLE  lets this role, which must exist, do what a gateway does, and nothing else
  --list        the migrations of this checkout, without a database
  --help

A file that was applied may not change any more: the command refuses, and names it.`;

const options = {
  url: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  vectors: { type: 'boolean', default: false },
  grant: { type: 'string' },
  list: { type: 'boolean', default: false },
} as const;

async function main(): Promise<void> {
  const { values } = readCommandLine({ name: 'npm run migrate', help, options });
  const migrations = readMigrations();
  if (values.list) {
    for (const { name, checksum } of migrations) console.log(`${name}  ${checksum.slice(0, 12)}`);
    return;
  }
  const url = values.url ?? process.env['DATABASE_URL'];
  if (url === undefined || !/^postgres(?:ql)?:\/\//.test(url))
    throw new UsageError('Which database? npm run migrate -- --url postgres://user:password@host:5432/database');
  const { applied, known } = await migrate(url, migrations, values['dry-run']);
  for (const name of known) console.log(`${name}  there already`);
  for (const name of applied) console.log(`${name}  ${values['dry-run'] ? 'would be applied' : 'applied'}`);
  if (values.vectors) {
    if (!values['dry-run']) await makeVectorTable(url);
    console.log(`rag_vectors  ${values['dry-run'] ? 'would be made where it is missing' : 'there'}`);
  }
  if (values.grant === undefined || values['dry-run']) return;
  await grantTo(url, values.grant);
  console.log(`${values.grant}  may write and read them`);
}

await runCommand(main);
