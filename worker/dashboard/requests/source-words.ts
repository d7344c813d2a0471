/** Where the rows come from, and how far back they go. */
import type { RequestList } from '../../../shared/observed.ts';
import { count, dayAndTime } from '../data/format.ts';

export function sourceWords({ source, log_down: isDown, oldest_at: oldest, unrecorded }: RequestList): string {
  const back = oldest === null ? '' : `, back to ${dayAndTime(oldest)}`;
  if (source === 'log') return `From the log in the database${back}`;
  const missing = unrecorded > 0 ? `; ${count(unrecorded)} requests have no record` : '';
  const recent = `the newest requests that the gateway keeps${back}${missing}`;
  return isDown ? `The log does not answer; these are ${recent}` : `These are ${recent}`;
}
