/** One call's stream on its way into the answer that is made of it: what was read, what each event of it meant, and how it ended. */
import type { Timers } from '../../core/ports.ts';
import type { Answer, Feed } from '../../core/relay/answer.ts';
import type { UpstreamFailure } from '../../core/upstreams/transport-failure.ts';
import type { Piece, Source } from './source.ts';

export type DataPiece = Extract<Piece, { kind: 'data' }>;

export interface FedPiece {
  readonly kind: 'fed';
  readonly piece: DataPiece;
  /** Null: all verbatim. */
  readonly feeds: readonly Feed[] | null;
}

type StreamEnd = Exclude<Piece, DataPiece>;

export interface Intake {
  read(): Promise<Piece>;
  /** Feeds what was read. An answer that is whole says its last when nothing more can come, however the stream came to its end. */
  take(piece: Piece): FedPiece | StreamEnd;
  /** Frees the server; never rejects. */
  cancel(): void;
}

/** When every choice has its finish reason, usage and the end mark are waited for no longer than this. */
const lingerMs = 2000;

/** @param abort ends the call */
export function openIntake(answer: Answer, source: Source, timers: Timers, abort: () => void): Intake {
  let stopLingering: (() => void) | null = null;
  let lingersSince = 0;
  const last = (how: StreamEnd): FedPiece | StreamEnd => {
    const end = answer.end();
    // What cannot be read behind a whole answer is not missed.
    if (end.kind === 'done' && end.emissions.length === 0) return answer.state.isOver ? { kind: 'eof' } : how;
    return { kind: 'fed', piece: { kind: 'data', bytes: noBytes, payloads: [''], isVerbatim: false }, feeds: [end] };
  };
  return {
    read() {
      const { isOver, contentEvents } = answer.state;
      // There are servers that go on writing behind a finish reason.
      if (isOver && (stopLingering === null || lingersSince !== contentEvents)) {
        stopLingering?.();
        stopLingering = timers.once(lingerMs, abort);
        lingersSince = contentEvents;
      }
      return source.read();
    },
    take: (piece) => (piece.kind === 'data' ? { kind: 'fed', piece, feeds: feedUntilEnd(answer, piece.payloads) } : last(piece)),
    cancel() {
      stopLingering?.();
      source.cancel();
    },
  };
}

const noBytes = new Uint8Array(0);

/**
 * Feeds payloads up to the one that ends the answer; what comes after it is dropped. Null when all of them may go on as they came, which is
 * so for nearly every piece of a stream and then costs no list.
 */
function feedUntilEnd(answer: Answer, payloads: readonly string[]): readonly Feed[] | null {
  let feeds: Feed[] | null = null;
  for (let i = 0; i < payloads.length; i += 1) {
    const feed = answer.feed(payloads[i] ?? '');
    if (feeds === null && feed.kind === 'verbatim') continue;
    feeds ??= Array.from({ length: i }, (): Feed => ({ kind: 'verbatim' }));
    feeds.push(feed);
    if (feed.kind === 'done' || feed.kind === 'broken') break;
  }
  return feeds;
}

export function problemIn(feeds: readonly Feed[] | null): UpstreamFailure | null {
  const last = feeds?.at(-1);
  return last?.kind === 'broken' ? last.problem : null;
}
