/** The end of every run, whatever became of it: lets go of all that it held and books it, once. Nothing here reaches the client. */
import type { LedgerEntry } from '../../../shared/records.ts';
import type { RunEnding } from '../../core/ledger/ending.ts';
import { dropSpare, type Run } from '../run/run.ts';
import { entryOf } from './book.ts';
import { release } from './holders.ts';
import { releasePlace } from './places.ts';
import { reportUnanswered } from './report.ts';

/** The first call counts, and gets the entry; later ones do nothing and get null, so every path may call it. */
export function settle(run: Run, ending: RunEnding): LedgerEntry | null {
  const { tried, spent, client } = run;
  if (client.isSettled) return null;
  client.isSettled = true;
  tried.current = null;
  reportUnanswered(run);
  dropSpare(run);
  releasePlace(run);
  spent.stopHeartbeat();
  const entry = entryOf(run, ending);
  release(run, entry);
  return entry;
}
