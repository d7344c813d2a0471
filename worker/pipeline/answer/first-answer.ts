/** The result of the chain: an answer that may be shown, or why there is none. */
import type { Failure } from '../../../shared/errors.ts';
import { tryInTurn } from '../calls/chain.ts';
import type { Opened } from '../run/opened.ts';
import { dropSpare, type Run } from '../run/run.ts';
import { openCall } from './open.ts';
import { takeSpare } from './spare.ts';

export type FirstAnswer = Opened | { readonly kind: 'failed'; readonly failure: Failure };

/** Runs the chain; if it ends without an answer, a doubtful one is shown if there is one. */
export async function firstAnswer(run: Run): Promise<FirstAnswer> {
  run.asked.caller.trace?.enter('attempts');
  const result = await tryInTurn(run, (candidate) => openCall(run, candidate));
  if (!result.ok && !run.client.isGone) return takeSpare(run) ?? { kind: 'failed', failure: result.failure };
  dropSpare(run);
  return result.ok ? result.value : { kind: 'failed', failure: result.failure };
}
