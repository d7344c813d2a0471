/** Kept answers as rows of the database: the statements, and what is deleted of them. A row is found by its tenant and the hash of its key. */
import type { SqlRow } from './sql-row.ts';

const table = 'pointsman.cache_entries';

/** Takes tenant and hash. That it asks for the time keeps Hyperdrive from keeping its rows, and that there was none. */
export const selectEntry = `select body from ${table} where tenant = $1 and key = $2 and expires_at > now()`;

/** Takes tenant, hash, body and lifetime in milliseconds. The newest answer takes the place of an older one. */
export const upsertEntry = `insert into ${table} (tenant, key, body, expires_at)
values ($1, $2, $3, now() + $4 * interval '1 millisecond')
on conflict (tenant, key) do update set body = excluded.body, created_at = now(), expires_at = excluded.expires_at`;

/** How often an isolate that keeps answers deletes others. */
export const purgeEveryMs = 600_000;

/** What one statement deletes: a longer one may be ended by the server's own limit each time, and nothing would ever go. */
const purgedAtOnce = 20_000;

/**
 * Takes the bytes that all bodies may have together. Deletes what has expired, and beyond the bytes what would expire first; one isolate at a time,
 * the others pass.
 */
export const purgeEntries = `with mine as materialized (select pg_try_advisory_xact_lock(7403223) as is_mine),
sized as (
  select tenant, key, expires_at, sum(pg_column_size(body)) over (order by expires_at desc, tenant, key) as bytes
  from ${table}, mine where is_mine
)
delete from ${table} c using (select tenant, key from sized where expires_at <= now() or bytes > $1 limit ${purgedAtOnce}) s
where c.tenant = s.tenant and c.key = s.key`;

/** The body of a row of `selectEntry`; null for no row. */
export function bodyOf([row]: readonly SqlRow[]): Uint8Array<ArrayBuffer> | null {
  const body = row?.['body'];
  return body instanceof Uint8Array ? new Uint8Array(body) : null;
}
