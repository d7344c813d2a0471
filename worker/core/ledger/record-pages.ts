/** The records of requests as pages, the newest first. They are kept in rows of some dozens, which are numbered in the order they were begun. */
import type { RequestDetail, RequestList, RequestRecord } from '../../../shared/observed.ts';
import { conditionsOf } from './request-filters.ts';
import { type RequestCursor, type RequestQuery, writeCursor } from './request-query.ts';

/** A row's text is a JSON array of these. */
export type StoredRecord = readonly [RequestRecord, Omit<RequestDetail, keyof RequestRecord>];

/**
 * One page. `rowsFrom` gives the rows' texts from one of them on, the newest first; they are read one by one until the page is full.
 */
export function pageOf(
  rowsFrom: Iterable<{ readonly row: number; readonly text: string }>,
  { filters, limit, before }: RequestQuery,
): Pick<RequestList, 'requests' | 'next'> {
  const conditions = conditionsOf(filters);
  const marks = conditions.flatMap(({ mark }) => mark ?? []);
  const requests: RequestRecord[] = [];
  let last: RequestCursor | null = null;
  for (const { row, text } of rowsFrom) {
    if (!marks.every((mark) => text.includes(mark))) continue;
    const records = parseRow(text);
    const end = before?.place?.row === row ? before.place.index : records.length;
    for (let index = Math.min(end, records.length) - 1; index >= 0; index -= 1) {
      const record = records[index]?.[0];
      if (record === undefined || !isBehind(record, before) || !conditions.every(({ fits }) => fits(record))) continue;
      // One more than the page holds shows that there is a next one.
      if (requests.length === limit) return { requests, next: last === null ? null : writeCursor(last) };
      requests.push(record);
      last = { atMs: Date.parse(record.at), id: record.id, place: { row, index } };
    }
  }
  return { requests, next: null };
}

/** Without a place here the cursor came from the log, whose ids are others. */
function isBehind({ at }: RequestRecord, before: RequestCursor | null): boolean {
  return before === null || before.place !== null || Date.parse(at) < before.atMs;
}

/** The newest record under this id, which a client may have chosen twice; null when there is none. */
export function findRecord(rows: Iterable<{ readonly text: string }>, id: string): RequestDetail | null {
  const mark = JSON.stringify(id);
  for (const { text } of rows) {
    if (!text.includes(mark)) continue;
    const found = parseRow(text).findLast(([record]) => record.id === id);
    if (found !== undefined) return { ...found[0], ...found[1] };
  }
  return null;
}

/** When the oldest record of a row ended, ISO 8601; null for a row without any. */
export function oldestOf(text: string): string | null {
  return parseRow(text)[0]?.[0].at ?? null;
}

/** Written by the ledger root from `RecordLine`s. */
function parseRow(text: string): readonly StoredRecord[] {
  return JSON.parse(text);
}
