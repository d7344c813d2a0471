/** A question for single requests, as `GET /admin/requests` takes it: filters, a page's size, and where the page begins. */
import { clientIdPattern } from '../../../shared/headers.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { requestFilterIds, type RequestFilterId, requestFilters, type RequestFilters, readTime } from './request-filters.ts';

/**
 * The request that a page ended with: the next page begins behind it, whatever has ended since. Each source goes on exactly where its own page
 * ended; where the other one has to go on, it begins at the millisecond before.
 */
export interface RequestCursor {
  readonly atMs: number;
  /** The log's own id of it, or the request's where the page came from elsewhere. */
  readonly id: string;
  /** Its place among the records of the newest requests; null where the page came from the log. */
  readonly place: RecordPlace | null;
}

/** A place in the order of records: that one and all newer ones come before it. */
export interface RecordPlace {
  readonly row: number;
  readonly index: number;
}

export interface RequestQuery {
  readonly filters: RequestFilters;
  readonly limit: number;
  readonly before: RequestCursor | null;
  /** The newest requests, also where there is a log, which has them some seconds later. */
  readonly isRecent: boolean;
}

/** Which parameter is wrong, and what it should have been. */
export interface WrongParameter {
  readonly param: string;
  readonly detail: string;
}

const defaultPage = 50;
const maxPage = 200;
const cursorPattern = /^(\d{1,15})(?:\.(\d{1,12})-(\d{1,3}))?~(.+)$/;

/** @param params all that were sent, each with its value: what is unknown or sent twice is wrong too, or it would seem to have been heard */
export function readRequestQuery(params: Iterable<readonly [string, string]>): Result<RequestQuery, WrongParameter> {
  const filters: Partial<Record<RequestFilterId, string>> = {};
  const seen = new Set<string>();
  let limit = defaultPage;
  let before: RequestCursor | null = null;
  let isRecent = false;
  for (const [param, text] of params) {
    const wrong = (detail: string): Result<never, WrongParameter> => fail({ param, detail });
    if (seen.has(param)) return wrong('It is given twice.');
    seen.add(param);
    if (param === 'limit') {
      limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
      if (limit < 1 || limit > maxPage) return wrong(`Expected a number from 1 to ${maxPage}.`);
    } else if (param === 'before') {
      before = readCursor(text);
      if (before === null) return wrong('Expected the `next` of an earlier page.');
    } else if (param === 'source') {
      if (text !== 'recent') return wrong('Expected `recent`, or nothing for whichever source goes back further.');
      isRecent = true;
    } else {
      const id = requestFilterIds.find((known) => known === param);
      if (id === undefined)
        return wrong(`There is no such filter; there are: ${requestFilterIds.join(', ')}, limit, before, source.`);
      if (requestFilters[id].condition(text) === null) return wrong(`Expected ${requestFilters[id].expected}.`);
      filters[id] = text;
    }
  }
  if (filters.from !== undefined && filters.to !== undefined && (readTime(filters.from) ?? 0) >= (readTime(filters.to) ?? 0))
    return fail({ param: 'to', detail: 'Expected a time after `from`.' });
  return ok({ filters, limit, before, isRecent });
}

/** As `next` has it. */
export function writeCursor({ atMs, id, place }: RequestCursor): string {
  return `${atMs}${place === null ? '' : `.${place.row}-${place.index}`}~${id}`;
}

/** Null for what is none. */
export function readCursor(text: string): RequestCursor | null {
  const [, atMs, row, index, id] = cursorPattern.exec(text) ?? [];
  if (atMs === undefined || id === undefined || !clientIdPattern.test(id)) return null;
  const place = row === undefined || index === undefined ? null : { row: Number(row), index: Number(index) };
  return { atMs: Number(atMs), id, place };
}
