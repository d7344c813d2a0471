/** Questions for single requests as statements on the table of the log, and its rows as the records that operators see. */
import type { RequestDetail, RequestList, RequestRecord } from '../../../shared/observed.ts';
import { conditionsOf, type SqlValue } from '../ledger/request-filters.ts';
import { type RequestCursor, type RequestQuery, writeCursor } from '../ledger/request-query.ts';
import type { SqlRow } from './sql-row.ts';

export interface SqlStatement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

const recordFields: readonly (keyof RequestRecord)[] = [
  'key_id',
  'agent',
  'session',
  'requested_model',
  'routed_model',
  'served_model',
  'tier',
  'intent',
  'strategy',
  'score',
  'rule',
  'reason',
  'ending',
  'error_code',
  'fallback_used',
  'escalated',
  'rescued',
  'cache',
  'latency_ms',
  'first_byte_ms',
  'prompt_tokens',
  'completion_tokens',
  'cost_nano_usd',
  'all_large_cost_nano_usd',
  'gpu_ms',
  'gpu_cost_nano_usd',
];
const detailFields: readonly (keyof RequestDetail)[] = ['threshold', 'confidence', 'signals', 'attempts', 'prompt', 'answer'];

/** A record as JSON text, made by the database: no value of it has to be read from a driver's types. */
function recordOf(fields: readonly string[]): string {
  const at = `'at', to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  const pairs = [`'id', request_id`, at, `'stream', is_stream`, ...fields.map((field) => `'${field}', ${field}`)];
  return `json_build_object(${pairs.join(', ')})::text as record`;
}

const table = 'pointsman.requests';
/** Hyperdrive keeps the rows of statements for a minute, but not of those that ask for the time: a log must not be a minute old. */
const uncached = 'now() is not null';
const newestFirst = 'order by ended_at desc, id desc';

/** One more than the page holds, which shows that there is a next one. */
export function selectRequests({ filters, limit, before }: RequestQuery): SqlStatement {
  const values: SqlValue[] = [];
  const bind = (value: SqlValue): string => `$${values.push(value)}`;
  const conditions = [uncached, ...conditionsOf(filters).map(({ where }) => where(bind))];
  if (before !== null) conditions.push(behind(before, bind));
  const text = `select id, ${recordOf(recordFields)} from ${table} where ${conditions.join(' and ')} ${newestFirst} limit ${bind(limit + 1)}`;
  return { text, values };
}

/** A cursor from elsewhere has no id of a row. */
function behind({ atMs, id, place }: RequestCursor, bind: (value: SqlValue) => string): string {
  const at = `${bind(new Date(atMs).toISOString())}::timestamptz`;
  return place === null ? `(ended_at, id) < (${at}, ${bind(id)})` : `ended_at < ${at}`;
}

export function selectRequest(id: string): SqlStatement {
  const text = `select ${recordOf([...recordFields, ...detailFields])} from ${table} where request_id = $1 and ${uncached} ${newestFirst} limit 1`;
  return { text, values: [id] };
}

export const selectOldest: SqlStatement = { text: `select min(ended_at) as oldest from ${table}`, values: [] };

/** The page that rows of `selectRequests` make, and the row of `selectOldest`. */
export function listOf(rows: readonly SqlRow[], oldest: readonly SqlRow[], { limit }: RequestQuery): RequestList {
  const requests = rows.slice(0, limit).map((row): RequestRecord => JSON.parse(String(row['record'])));
  const last = requests.at(-1);
  const hasNext = rows.length > limit && last !== undefined;
  const id = String(rows[limit - 1]?.['id']);
  const oldestAt = oldest[0]?.['oldest'];
  return {
    requests,
    source: 'log',
    log_down: false,
    oldest_at: oldestAt instanceof Date ? oldestAt.toISOString() : null,
    next: hasNext ? writeCursor({ atMs: Date.parse(last.at), id, place: null }) : null,
    unrecorded: 0,
  };
}

/** Null for no row. */
export function detailOf([row]: readonly SqlRow[]): RequestDetail | null {
  return row === undefined ? null : JSON.parse(String(row['record']));
}
