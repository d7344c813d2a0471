/** The newest requests that the page knows, by id: a bounded number, so that a page that stays open for days does not grow. */
import type { RequestRecord } from '../../../shared/observed.ts';

export const keptRequests = 200;

/** @returns the newest first; `before` itself when nothing new is among them */
export function withRequests(before: readonly RequestRecord[], more: readonly RequestRecord[]): readonly RequestRecord[] {
  const known = new Set(before.map(({ id }) => id));
  const fresh = more.filter(({ id }) => !known.has(id));
  if (fresh.length === 0) return before;
  return [...before, ...fresh].sort((a, b) => b.at.localeCompare(a.at)).slice(0, keptRequests);
}
