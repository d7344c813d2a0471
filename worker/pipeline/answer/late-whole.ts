/**
 * The whole answer of a client that does not stream. Normally the headers wait for it, so that every failure has its true status. But the
 * platform shows that a client has closed its connection only when something is written to it (measured: docs/streaming.md), and a model
 * that writes for a client that has left blocks others. So once an answer has begun and its client has waited for some seconds, the headers
 * are sent, followed by white space, which JSON may begin with. The only failure left then is that this answer breaks off and no other model
 * can stand in: the error is written after the status 200, and the connection is closed before the end of the body.
 */
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { RunEnding } from '../../core/ledger/ending.ts';
import type { ClientPipe } from '../../core/ports.ts';
import type { Answer } from '../../core/answer/answer.ts';
import { streamRequestOf } from '../../core/request/inner-request.ts';
import { clientUsage } from '../calls/book.ts';
import { wholeOf } from './frames.ts';
import { finalMetadata } from '../run/metadata.ts';
import { clientLeft, type Parts, type Run } from '../run/run.ts';
import { deliver, pinging } from './deliver.ts';
import { finish } from './finish.ts';
import type { FirstAnswer } from './first-answer.ts';

const encoder = new TextEncoder();
const blank = encoder.encode(' ');
/** How often it is looked whether an answer has begun after all. */
const lookEveryMs = 1000;

/** The result of the request; null when the headers should be sent before it. */
export function orLate(run: Parts<'deps' | 'tried' | 'spent'>, first: Promise<FirstAnswer>): Promise<FirstAnswer | null> {
  const { timers, config } = run.deps;
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (!isAnswering(run)) return;
      stop();
      resolve(null);
    };
    let stop = timers.once(config.routing.streaming.hold_whole_ms, () => {
      stop = timers.every(lookEveryMs, look);
      look();
    });
    first.then(
      (result) => {
        stop();
        resolve(result);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}

/** The call in flight has brought tokens. */
function isAnswering({ tried: { calls, outcomes }, spent: { answers } }: Parts<'tried' | 'spent'>): boolean {
  const begun = answers.at(-1);
  return begun !== undefined && begun.call === calls && outcomes.length < calls && begun.answer.state.contentEvents > 0;
}

/** The answer as it is sent, and what its client is told about its routing. */
export function wholeBody(run: Run, { state }: Answer): { readonly body: string; readonly metadata: RoutingMetadata } {
  const { asked, client } = run;
  const nowMs = run.deps.clock.now();
  client.firstByteAtMs = nowMs;
  const metadata = finalMetadata(run, nowMs);
  const answer = wholeOf(run, state);
  const usage = clientUsage(run);
  client.kept?.whole(answer, usage, metadata);
  const asStream = streamRequestOf(asked.request, asked.view.estimatedPromptTokens);
  return { body: asked.caller.surface.writeWhole(answer, usage, metadata, asStream, client.answerName), metadata };
}

/** Runs until the client has its answer, or the error in its place, or has left. Never rejects, always settles. */
export async function sendLate(run: Run, pipe: ClientPipe, first: Promise<FirstAnswer>): Promise<void> {
  const { deps, asked, client } = run;
  void pipe.closed.then(() => clientLeft(run));
  let ending: RunEnding;
  try {
    const result = await pinging(run, pipe, first, deps.config.routing.streaming.whole_ping_ms, () => blank);
    ending = client.isGone ? { kind: 'client_gone' } : await sendResult(run, pipe, result);
  } catch (error) {
    ending = client.isGone ? { kind: 'client_gone' } : { kind: 'failed', failure: { code: 'internal_error' } };
    if (!client.isGone) deps.log.write('error', 'internal_error', { requestId: asked.caller.requestId, error });
  }
  finish(run, ending);
  // Closed early, so that every client throws: none looks for an error in a 200.
  if (ending.kind === 'failed') pipe.abort();
  else await pipe.close();
}

async function sendResult(run: Run, pipe: ClientPipe, result: FirstAnswer): Promise<RunEnding> {
  if (result.kind === 'stream') throw new Error('a whole answer was asked for');
  run.asked.caller.trace?.enter('late whole');
  if (result.kind === 'whole') {
    await deliver(run, pipe, encoder.encode(wholeBody(run, result.answer).body));
    return { kind: 'ok' };
  }
  const { surface, requestId } = run.asked.caller;
  await deliver(run, pipe, encoder.encode(surface.writeError(result.failure, null, requestId)));
  // Taken when the error has gone out; what breaks the connection would overtake it otherwise.
  await deliver(run, pipe, blank);
  return { kind: 'failed', failure: result.failure };
}
