/** What requests are looked for by: the same names in the page's address, in its form and in the question to the gateway. */
export const searchFields = [
  'from',
  'to',
  'id',
  'key_id',
  'agent',
  'session',
  'model',
  'tier',
  'ending',
  'error_code',
  'status',
  'cache',
  'min_cost_usd',
  'min_latency_ms',
] as const;
export type SearchField = (typeof searchFields)[number];

/** Only of fields that are set. Times are UTC, so that an address means the same everywhere. */
export type Search = Readonly<Partial<Record<SearchField, string>>>;

const requestParam = 'request';

export function readSearch(query: string): Search {
  const params = new URLSearchParams(query);
  return Object.fromEntries(searchFields.flatMap((field) => (params.get(field) ? [[field, params.get(field) ?? '']] : [])));
}

/** The request that an address opens. */
export function readRequestId(query: string): string | null {
  return new URLSearchParams(query).get(requestParam);
}

/** The page's address for a search, and for a request that is open. */
export function addressOf(search: Search, requestId: string | null): string {
  const params = new URLSearchParams(search);
  if (requestId !== null) params.set(requestParam, requestId);
  const query = params.toString();
  return location.pathname + (query === '' ? '' : `?${query}`) + location.hash;
}

/** @param before `next` of the page before; undefined for the first */
export function listPath(search: Search, limit: number, before: string | undefined): string {
  const params = new URLSearchParams({ ...search, limit: String(limit) });
  if (before !== undefined) params.set('before', before);
  return `/admin/requests?${params}`;
}

/** The search with a field set, or without it where the value is empty. */
export function withField(search: Search, field: SearchField, value: string): Search {
  const { [field]: _before, ...rest } = search;
  return value.trim() === '' ? rest : { ...rest, [field]: value.trim() };
}

/** How many fields are set that have no place beside the title. */
export function otherFields({ ending: _ending, model: _model, ...others }: Search): number {
  return Object.keys(others).length;
}

/** UTC as the reader's own time in a field for date and time, and back; empty for none. */
export function localTime(utc: string | undefined): string {
  const at = new Date(utc ?? '');
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function utcTime(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}
