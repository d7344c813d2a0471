/**
 * Reads one call's stream and passes it on: a loop that feeds the answer machine and awaits every write, so that nothing is buffered
 * (the measured shape: all endings told apart at the cost of a pump that looks at nothing; docs/decisions/0002-relay-shape.md).
 */
import type { ClientPipe } from '../../core/ports.ts';
import { isComplete } from '../../core/relay/answer.ts';
import { type AnswerEnding, judgeEnding } from '../../core/relay/verdict.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import type { OpenStream } from './open.ts';
import { contentOf, pingFrame } from '../frames.ts';
import { problemIn } from './intake.ts';
import { watchLimits } from '../calls/pace.ts';
import { clientLeft, type Run } from '../run/run.ts';
import { startWatch, type Watch } from './watch.ts';

const overflow: UpstreamFailure = { failure: { code: 'upstream_too_large' }, cause: 'invalid_answer' };

/** Runs to the end of this call, however it ends. Never rejects. */
export async function pump(run: Run, pipe: ClientPipe, stream: OpenStream): Promise<AnswerEnding> {
  const { answer, source } = stream;
  let limit: 'idle' | 'total' | null = null;
  let problem: UpstreamFailure | null = null;
  let end: 'eof' | 'reset' | null = null;
  const watch = startWatch(run.deps.clock, run.deps.timers, {
    ...watchLimits(run, stream.candidate, answer.state),
    pingMs: run.deps.config.routing.streaming.ping_ms,
    onLimit(passed, isHeld) {
      limit ??= passed;
      stream.abort();
      // A client that reads nothing for the whole time: only breaking its pipe ends the pending write.
      if (isHeld) pipe.abort();
    },
    onBeat: () => run.place?.keep(run.background),
    onPing: () => void held(watch, pipe.write(pingFrame)).catch(() => clientLeft(run)),
  });
  try {
    run.firstByteAtMs ??= run.deps.clock.now();
    for (const { piece, feeds } of stream.held) {
      const content = contentOf(run, answer.state, piece, feeds);
      if (content !== null) await held(watch, pipe.write(content));
    }
    for (;;) {
      if (problem !== null || end !== null || answer.state.sawDone || run.isClientGone) break;
      const fed = source.take(await source.read());
      if (fed.kind === 'fed') {
        problem = problemIn(fed.feeds);
        const content = contentOf(run, answer.state, fed.piece, fed.feeds);
        if (content !== null) {
          // As `held`, without a promise of its own for every chunk.
          watch.hold(1);
          await pipe.write(content);
          watch.hold(-1);
        }
      } else if (fed.kind === 'overflow') problem = overflow;
      else end = fed.kind;
    }
  } catch {
    clientLeft(run);
  }
  watch.stop();
  if (!answer.state.sawDone) stream.abort();
  source.cancel();
  return judgeEnding({ isClientGone: run.isClientGone, problem, isComplete: isComplete(answer.state), limit, end });
}

/** While the client is awaited, silence is not the server's. */
async function held(watch: Watch, write: Promise<void>): Promise<void> {
  watch.hold(1);
  await write;
  watch.hold(-1);
}
