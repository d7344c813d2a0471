/**
 * A run whose answer is kept: everything that its client is shown goes into the log as well, and the client is one reader among others. That it
 * leaves is not the end: the run goes on while somebody else reads, or for as long as it may be picked up again.
 */
import type { RunEnding } from '../../core/ledger/ending.ts';
import type { WholeAnswer } from '../../core/answer/whole-answer.ts';
import { createNumbering } from '../../core/kept/frames.ts';
import type { KeptEnding, KeptOpening } from '../../core/kept/kept-answer.ts';
import { writeStreamId } from '../../core/kept/stream-id.ts';
import { createPieceWriter, piecesOfWhole } from '../../core/kept/pieces.ts';
import type { ClientPipe } from '../../core/ports.ts';
import type { KeptPlace } from '../../core/kept/ports.ts';
import type { StreamWriter } from '../../core/surfaces/surface.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { Usage } from '../../../shared/usage.ts';
import type { Keeping } from '../run/client.ts';
import { clientLeft, type Run } from '../run/run.ts';
import { Keeper } from './keeper.ts';

/** A client that takes nothing for so long has left: it must not hold up those who read on. */
const stuckClientMs = 30_000;

export interface KeptRunOptions {
  readonly place: KeptPlace;
  readonly opening: KeptOpening;
  /** How long the run goes on when its client has left and nobody else reads. */
  readonly graceMs: number;
  /** No second run may be under way with this id: where that is not certain any more, this one stops. */
  readonly isSole: boolean;
  /** What is kept of its end; as it is unless it says otherwise. */
  readonly asKept?: (ending: KeptEnding) => KeptEnding;
}

/** From here on the run's answer is kept. */
export function keepRun(run: Run, options: KeptRunOptions): void {
  const kept = new KeptRun(run, options);
  run.client.kept = kept;
  run.client.writer = kept.writer(run.client.writer);
}

const encoder = new TextEncoder();

class KeptRun implements Keeping {
  readonly #run: Run;
  readonly #options: KeptRunOptions;
  readonly #keeper: Keeper;
  readonly #write = createPieceWriter();
  #stopped: RunEnding | null = null;
  /** When the client left, or the last reader after it. */
  #aloneSinceMs: number | null = null;

  constructor(run: Run, options: KeptRunOptions) {
    this.#run = run;
    this.#options = options;
    const { deps, asked } = run;
    this.#keeper = new Keeper({
      kept: deps.kept,
      place: options.place,
      writerId: options.opening.writerId,
      clock: deps.clock,
      timers: deps.timers,
      background: asked.caller.background,
      onReply: ({ readers, isCancelAsked }) => {
        if (isCancelAsked) this.#stop({ kind: 'cancelled' });
        else this.#look(readers);
      },
      onLost: () => {
        if (options.isSole) this.#stop({ kind: 'failed', failure: { code: 'state_unavailable' } });
        else this.#look(0);
      },
    });
  }

  get stopped(): RunEnding | null {
    return this.#stopped;
  }

  get streamId(): string | null {
    const { place, opening } = this.#options;
    return opening.hasIds ? writeStreamId({ id: place.id, writerId: opening.writerId }) : null;
  }

  /** The same writer, with everything that it is given going into the log. */
  writer(writer: StreamWriter): StreamWriter {
    const { hasIds } = this.#options.opening;
    const numbering = createNumbering(0);
    const shown = (frames: string): string => (hasIds ? numbering.number(frames) : frames);
    return {
      write: (head, events, routing) => {
        const ends = events.some(({ kind }) => kind === 'finish');
        const known = ends ? routing() : null;
        this.#keeper.add(this.#write({ head, events, routing: known }));
        return shown(writer.write(head, events, () => known ?? routing()));
      },
      // What is kept are events, and what is shown again must be what was shown.
      pass: null,
      end: () => shown(writer.end()),
      fail: (failure) => shown(writer.fail(failure)),
    };
  }

  whole(answer: WholeAnswer, usage: Usage, routing: RoutingMetadata): void {
    for (const piece of piecesOfWhole(answer, usage, routing)) this.#keeper.add(piece);
  }

  pipe(pipe: ClientPipe): ClientPipe {
    const { timers } = this.#run.deps;
    let isOver = false;
    void pipe.closed.then(() => isOver || this.drop());
    return {
      readable: pipe.readable,
      write: async (bytes) => {
        if (this.#aloneSinceMs !== null) return;
        const cancel = timers.once(stuckClientMs, () => pipe.abort());
        await pipe.write(bytes).catch(() => this.drop());
        cancel();
      },
      close: async () => {
        isOver = true;
        const failure = failureOf(this.#stopped);
        if (failure !== null) await pipe.write(encoder.encode(this.#run.client.writer.fail(failure))).catch(() => undefined);
        await pipe.close();
      },
      abort: () => pipe.abort(),
      // The client's leaving is heard of here, and by nobody else.
      closed: new Promise(() => undefined),
    };
  }

  drop(): void {
    const { client, deps } = this.#run;
    if (client.isSettled || this.#aloneSinceMs !== null) return;
    this.#aloneSinceMs = deps.clock.now();
    if (this.#keeper.isKept) {
      this.#keeper.send();
      deps.timers.once(this.#options.graceMs + 1, () => this.#keeper.send());
    } else clientLeft(this.#run);
  }

  end(ending: KeptEnding): void {
    this.#keeper.end(this.#options.asKept?.(ending) ?? ending);
  }

  /** Whether anybody is left to write for. */
  #look(readers: number): void {
    if (this.#aloneSinceMs === null) return;
    const nowMs = this.#run.deps.clock.now();
    const isReadable = this.#keeper.isKept;
    if (isReadable && readers > 0) this.#aloneSinceMs = nowMs;
    else if (!isReadable || nowMs - this.#aloneSinceMs >= this.#options.graceMs) clientLeft(this.#run);
  }

  #stop(ending: RunEnding): void {
    if (this.#run.client.isSettled || this.#stopped !== null) return;
    this.#stopped = ending;
    clientLeft(this.#run);
  }
}

/** What the client is told of a run that was stopped. */
export function failureOf(stopped: RunEnding | null) {
  if (stopped?.kind === 'cancelled') return { code: 'stream_cancelled' } as const;
  return stopped?.kind === 'failed' ? stopped.failure : null;
}
