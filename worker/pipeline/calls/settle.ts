/** The end of every run, however it ended: releases all that it held and books it, once. Nothing here reaches the client. */
import type { LedgerEntry } from '../../../shared/records.ts';
import type { RunEnding } from '../../core/ledger/ending.ts';
import { dropSpare, type Run } from '../run/run.ts';
import { entryOf } from './book.ts';
import { release } from './holders.ts';
import { logRequest } from './log-request.ts';
import { releasePlace } from './places.ts';
import { reportUnanswered } from './report.ts';

/** The first call counts, and gets the entry; later ones do nothing and get null, so every path may call it. */
export function settle(run: Run, ending: RunEnding): LedgerEntry | null {
  const { tried, spent, client } = run;
  if (client.isSettled) return null;
  client.isSettled = true;
  run.asked.caller.trace?.enter('settle');
  tried.current = null;
  reportUnanswered(run);
  dropSpare(run);
  releasePlace(run);
  spent.stopHeartbeat();
  client.stopHearing();
  const entry = entryOf(run, ending);
  release(run, entry);
  logRequest(run, entry);
  return entry;
}
