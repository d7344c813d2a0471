/**
 * Passes one call's stream on: what is read goes to the client, and every write is awaited, so that nothing is buffered (the measured
 * shape: it distinguishes all endings at the cost of a plain pump; docs/decisions/0002-relay-shape.md).
 */
import type { ClientPipe } from '../../core/ports.ts';
import { isComplete } from '../../core/answer/answer.ts';
import { type AnswerEnding, judgeEnding } from '../../core/answer/verdict.ts';
import { pingFrame } from '../../core/sse/encode-events.ts';
import { contentOf, joined } from './frames.ts';
import type { FedPiece, OpenStream, Stop, Taker } from '../run/opened.ts';
import { clientLeft, type Run } from '../run/run.ts';
import { isLost, tooLarge, watchLimits } from './call.ts';
import { startWatch, type Watch } from './watch.ts';

export interface Pumped {
  readonly ending: AnswerEnding;
  /** What came with the end mark and is not written yet: it goes out in one write with what follows it. */
  readonly last: Uint8Array | null;
}

/** Runs to the end of this call, however it ends. Never rejects. */
export async function pump(run: Run, pipe: ClientPipe, stream: OpenStream): Promise<Pumped> {
  const { deps, client } = run;
  const { answer, intake } = stream;
  const { state } = answer;
  let limit: 'idle' | 'total' | null = null;
  let stop: Stop | null = null;
  let last: Uint8Array | null = null;
  let pieces = 0;
  const watch = startWatch(deps.clock, deps.timers, {
    ...watchLimits(run, stream.candidate, state),
    pingMs: deps.config.routing.streaming.ping_ms,
    onLimit(passed, isHeld) {
      limit ??= passed;
      stream.abort();
      // A client that reads nothing for the whole time: only breaking its pipe ends the pending write.
      if (isHeld) pipe.abort();
    },
    onBeat(quietMs) {
      if (!isLost(run, stream.candidate, quietMs)) return;
      limit ??= 'idle';
      stream.abort();
    },
    onPing: () => void held(watch, pipe.write(pingFrame)).catch(() => clientLeft(run)),
  });
  const write = (content: Uint8Array | null): Promise<void> | null => {
    if (content === null || !state.sawDone) return content === null ? null : pipe.write(content);
    last = content;
    return null;
  };
  const taker: Taker = {
    isEnough: () => state.sawDone || client.isGone,
    take({ piece, feeds }: FedPiece) {
      pieces += 1;
      if (pieces === piecesBeforeReuse) intake.reuseBuffer();
      return write(contentOf(run, state, piece, feeds));
    },
    hold: watch.hold,
  };
  try {
    client.firstByteAtMs ??= deps.clock.now();
    const beginning = write(joined(stream.held.map(({ piece, feeds }) => contentOf(run, state, piece, feeds))));
    stream.held.length = 0;
    if (beginning !== null) await held(watch, beginning);
    stop = await intake.read(taker);
  } catch {
    clientLeft(run);
  }
  watch.stop();
  if (!state.sawDone) stream.abort();
  intake.cancel();
  const ending = judgeEnding({
    isClientGone: client.isGone,
    problem: stop?.kind === 'broken' ? stop.problem : stop?.kind === 'overflow' ? tooLarge : null,
    isComplete: isComplete(state),
    limit,
    end: stop?.kind === 'eof' || stop?.kind === 'reset' ? stop.kind : null,
  });
  return { ending, last };
}

/** Going over to one buffer costs as much as some reads, and the first byte must not wait for it. */
const piecesBeforeReuse = 8;

/** While the client is awaited, silence is not the server's. */
async function held(watch: Watch, write: Promise<void>): Promise<void> {
  watch.hold(1);
  await write;
  watch.hold(-1);
}
