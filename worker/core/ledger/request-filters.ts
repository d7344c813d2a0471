/**
 * What single requests can be looked for by: one row for every filter of `GET /admin/requests`, which says what is taken, which records fit, and how
 * the log's database is asked for the same. A filter's value stays the text that was sent: it travels to objects as it is.
 */
import type { RequestRecord } from '../../../shared/observed.ts';
import { tierIds } from '../../../shared/config.ts';
import { errors } from '../../../shared/errors.ts';
import { clientIdPattern } from '../../../shared/headers.ts';
import { cacheStateIds, endingIds } from '../../../shared/records.ts';
import { nanoUsdFromUsd } from '../../../shared/units.ts';
import { statusOf } from './ending.ts';

/** What a bound parameter of a statement may be. */
export type SqlValue = string | number;

/** Binds a value and returns the placeholder that stands for it, such as `$3`. */
export type Bind = (value: SqlValue) => string;

/** A filter with its value. */
export interface Condition {
  fits(record: RequestRecord): boolean;
  /** A condition on the table of requests; the value is bound, never written into the text. */
  where(bind: Bind): string;
  /** Stands in the JSON text of every record that fits, so that other texts need not be parsed; null where there is no such text. */
  readonly mark: string | null;
}

interface Filter {
  /** Follows "Expected". */
  readonly expected: string;
  /** Null for a value that is none. */
  condition(text: string): Condition | null;
}

interface Rule<T> {
  readonly expected: string;
  read(text: string): T | null;
  fits(record: RequestRecord, value: T): boolean;
  where(value: T, bind: Bind): string;
  mark?(value: T): string;
}

function filter<T>(rule: Rule<T>): Filter {
  return {
    expected: rule.expected,
    condition: (text) => {
      const value = rule.read(text);
      if (value === null) return null;
      return {
        fits: (record) => rule.fits(record, value),
        where: (bind) => rule.where(value, bind),
        mark: rule.mark?.(value) ?? null,
      };
    },
  };
}

const maxNameLength = 128;
const largestNumber = 1e9;

/** A column that equals the value. */
function equal(
  column: string,
  of: (record: RequestRecord) => string | null,
  expected: string,
  read: (text: string) => string | null,
): Filter {
  return filter<string>({
    expected,
    read,
    fits: (record, value) => of(record) === value,
    where: (value, bind) => `${column} = ${bind(value)}`,
    mark: (value) => JSON.stringify(value),
  });
}

const named = (text: string): string | null => (text !== '' && text.length <= maxNameLength ? text : null);
const clientId = (text: string): string | null => (clientIdPattern.test(text) ? text : null);
const oneOf = (ids: readonly string[]) => ({
  expected: `one of: ${ids.join(', ')}`,
  read: (text: string): string | null => (ids.includes(text) ? text : null),
});
const clientIdExpected = '1 to 128 letters, digits, dots, underscores or hyphens';

const tiers = oneOf(tierIds);
const endings = oneOf(endingIds);
const codes = oneOf(Object.keys(errors));
const caches = oneOf(cacheStateIds);

export const requestFilters = {
  from: filter<number>({
    expected: 'a time such as 2026-11-29 or 2026-11-29T10:30:00Z',
    read: readTime,
    fits: ({ at }, atMs) => Date.parse(at) >= atMs,
    where: (atMs, bind) => `ended_at >= ${bind(new Date(atMs).toISOString())}`,
  }),
  to: filter<number>({
    expected: 'a time such as 2026-11-29 or 2026-11-29T10:30:00Z',
    read: readTime,
    fits: ({ at }, atMs) => Date.parse(at) < atMs,
    where: (atMs, bind) => `ended_at < ${bind(new Date(atMs).toISOString())}`,
  }),
  id: filter<string>({
    expected: `the beginning of a request id: ${clientIdExpected}`,
    read: clientId,
    fits: ({ id }, prefix) => id.startsWith(prefix),
    where: (prefix, bind) => `starts_with(request_id, ${bind(prefix)})`,
    mark: (prefix) => `"id":${JSON.stringify(prefix).slice(0, -1)}`,
  }),
  key_id: equal('key_id', ({ key_id: keyId }) => keyId, '1 to 128 characters', named),
  agent: equal('agent', ({ agent }) => agent, clientIdExpected, clientId),
  session: equal('session', ({ session }) => session, clientIdExpected, clientId),
  model: filter<string>({
    expected: '1 to 128 characters',
    read: named,
    fits: (record, value) => record.served_model === value || record.routed_model === value,
    where: (value, bind) => {
      const placeholder = bind(value);
      return `(served_model = ${placeholder} OR routed_model = ${placeholder})`;
    },
    mark: (value) => JSON.stringify(value),
  }),
  tier: equal('tier', ({ tier }) => tier, tiers.expected, tiers.read),
  ending: equal('ending', ({ ending }) => ending, endings.expected, endings.read),
  error_code: equal('error_code', ({ error_code: code }) => code, codes.expected, codes.read),
  status: filter<number>({
    expected: 'a status from 200 to 599',
    read: (text) => (/^[2-5]\d\d$/.test(text) ? Number(text) : null),
    fits: ({ ending, error_code: code }, status) => statusOf(ending, code) === status,
    where: (status, bind) => `http_status = ${bind(status)}`,
  }),
  cache: equal('cache', ({ cache }) => cache, caches.expected, caches.read),
  min_cost_usd: filter<number>({
    expected: 'an amount such as 0.25',
    read: (text) => {
      const usd = readNumber(text);
      return usd === null ? null : nanoUsdFromUsd(usd);
    },
    fits: ({ cost_nano_usd: cost }, least) => cost >= least,
    where: (least, bind) => `cost_nano_usd >= ${bind(least)}`,
  }),
  min_latency_ms: filter<number>({
    expected: 'a number of milliseconds',
    read: readNumber,
    fits: ({ latency_ms: latency }, least) => latency >= least,
    where: (least, bind) => `latency_ms >= ${bind(least)}`,
  }),
} as const satisfies Record<string, Filter>;

export type RequestFilterId = keyof typeof requestFilters;

export const requestFilterIds = Object.keys(requestFilters) as readonly RequestFilterId[];

/** Only of filters that are set. */
export type RequestFilters = Readonly<Partial<Record<RequestFilterId, string>>>;

/** The conditions that a request has to meet. Of filters that were read: a value that is none throws. */
export function conditionsOf(filters: RequestFilters): readonly Condition[] {
  return requestFilterIds.flatMap((id) => {
    const text = filters[id];
    if (text === undefined) return [];
    const condition = requestFilters[id].condition(text);
    if (condition === null) throw new Error(`the filter ${id} was not read`);
    return [condition];
  });
}

/** A day is its beginning in UTC; a time says its zone. Milliseconds since 1970. */
export function readTime(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/.test(text)) return null;
  const atMs = Date.parse(text);
  // Of a day that no month has, Date.parse makes another one or none.
  const isRealDay = new Date(`${text.slice(0, 10)}T00:00:00Z`).toJSON()?.slice(0, 10) === text.slice(0, 10);
  return isRealDay && Number.isFinite(atMs) ? atMs : null;
}

function readNumber(text: string): number | null {
  const value = /^\d{1,10}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  return value <= largestNumber ? value : null;
}
