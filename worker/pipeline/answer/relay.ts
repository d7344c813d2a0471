/**
 * Streams an answer to the client, from the headers on. The first data event written here is the commit point of the request: before
 * it the chain may still choose another model, after it the answer is finished, rescued, or ended with an error event.
 */
import type { ClientPipe } from '../../core/ports.ts';
import type { AnswerEnding } from '../../core/answer/verdict.ts';
import { pingFrame } from '../../core/sse/encode-events.ts';
import { reportEnd } from '../calls/report.ts';
import { errorFrame, joined, queuedFrame, tailOf, wholeAsFrames } from './frames.ts';
import type { OpenStream } from '../run/opened.ts';
import { clientLeft, type Run } from '../run/run.ts';
import { finish } from './finish.ts';
import type { FirstAnswer } from './first-answer.ts';
import { deliver, type Leaving, pinging } from './deliver.ts';
import { pump } from './pump.ts';
import { rescue } from './rescue.ts';

/** Runs until the client has its answer, or its error event, or has left. Never rejects, always settles. */
export async function relay(run: Run, pipe: ClientPipe, first: FirstAnswer | Promise<FirstAnswer>): Promise<void> {
  void pipe.closed.then(() => clientLeft(run));
  let ending: AnswerEnding;
  try {
    ending = await answer(run, pipe, first);
    if (ending.kind === 'failed') await deliver(run, pipe, errorFrame(run, ending.failure));
  } catch (error) {
    ending = run.client.isGone ? { kind: 'client_gone' } : await brokenByUs(run, pipe, error);
  }
  finish(run, ending.kind === 'complete' ? { kind: 'ok' } : ending);
  await pipe.close();
}

/** A bug is logged, and the client gets an error as for any other failure: no answer ends without one. */
async function brokenByUs(run: Leaving, pipe: ClientPipe, error: unknown): Promise<AnswerEnding> {
  const failure = { code: 'internal_error' } as const;
  run.deps.log.write('error', failure.code, { requestId: run.asked.caller.requestId, error });
  await deliver(run, pipe, errorFrame(run, failure)).catch(() => undefined);
  return { kind: 'failed', failure, cause: 'client' };
}

async function answer(run: Run, pipe: ClientPipe, first: FirstAnswer | Promise<FirstAnswer>): Promise<AnswerEnding> {
  const opened = first instanceof Promise ? await commented(run, pipe, first) : first;
  if (run.client.isGone) return { kind: 'client_gone' };
  if (opened.kind === 'failed') return { kind: 'failed', failure: opened.failure, cause: 'client' };
  run.asked.caller.trace?.enter('answer');
  if (opened.kind === 'whole') {
    await send(run, pipe, wholeAsFrames(run, opened.answer.state));
    await send(run, pipe, tailOf(run, opened.answer.state));
    return { kind: 'complete' };
  }
  return segments(run, pipe, opened.stream);
}

/** One call's stream after another, as long as what breaks off can be rescued. The first failure is the one to show. */
async function segments(run: Run, pipe: ClientPipe, first: OpenStream): Promise<AnswerEnding> {
  let stream = first;
  let shown: AnswerEnding | null = null;
  for (;;) {
    const { ending, last } = await pump(run, pipe, stream);
    if (ending.kind !== 'client_gone')
      reportEnd(run, stream.candidate, stream.startedAtMs, ending.kind === 'failed' ? ending : null);
    if (ending.kind === 'client_gone') return ending;
    const rest = joined([last, ending.kind === 'complete' ? tailOf(run, stream.answer.state) : null]);
    if (rest !== null) await send(run, pipe, rest);
    if (ending.kind === 'complete') return ending;
    shown ??= ending;
    const rescued = await commented(run, pipe, rescue(run, stream, ending));
    if (run.client.isGone) return { kind: 'client_gone' };
    if (rescued === null) return shown;
    stream = rescued;
  }
}

function send(run: Leaving, pipe: ClientPipe, bytes: Uint8Array): Promise<void> {
  run.client.firstByteAtMs ??= run.deps.clock.now();
  return deliver(run, pipe, bytes);
}

function commented<T>(run: Leaving, pipe: ClientPipe, work: Promise<T>): Promise<T> {
  const { client } = run;
  const comment = (): Uint8Array => (client.queuePosition === null ? pingFrame : queuedFrame(client.queuePosition));
  return pinging(run, pipe, work, run.deps.config.routing.streaming.ping_ms, comment);
}
