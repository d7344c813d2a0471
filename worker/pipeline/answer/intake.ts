/**
 * Reads one call's stream into its answer. The only loop that reads an answer: callers that wait for its beginning, collect it whole or pass
 * it on say how much is enough and take the pieces.
 */
import type { Timers } from '../../core/ports.ts';
import type { Answer, Feed } from '../../core/answer/answer.ts';
import type { FedPiece, Intake, Piece, Stop, StreamEnd } from '../run/opened.ts';
import type { Read, Source } from './source.ts';

/** When every choice has its finish reason, usage and the end mark are waited for no longer than this. */
const lingerMs = 2000;

const enough: Stop = { kind: 'enough' };
const done: Stop = { kind: 'done' };

/** @param abort ends the call */
export function openIntake(answer: Answer, source: Source, timers: Timers, abort: () => void): Intake {
  const { state } = answer;
  let stopLingering: (() => void) | null = null;
  let lingersSince = 0;
  /** Some servers keep writing after a finish reason. */
  const linger = (): void => {
    if (!state.isOver || (stopLingering !== null && lingersSince === state.contentEvents)) return;
    stopLingering?.();
    stopLingering = timers.once(lingerMs, abort);
    lingersSince = state.contentEvents;
  };
  return {
    async read(taker) {
      for (;;) {
        if (taker.isEnough()) return enough;
        linger();
        let read: Read | null = null;
        try {
          read = await source.next();
        } catch {
          // It broke off.
        }
        const fed = feed(answer, source.pieceOf(read));
        if (fed.kind !== 'fed') return fed;
        const taking = taker.take(fed);
        if (taking !== null) {
          // Here and not in the taker: an extra promise per piece would cost more than the piece.
          taker.hold(1);
          await taking;
          taker.hold(-1);
        }
        const last = fed.feeds?.at(-1);
        if (last?.kind === 'broken') return { kind: 'broken', problem: last.problem };
        if (last?.kind === 'done' && !taker.isEnough()) return done;
      }
    },
    reuseBuffer: () => source.reuseBuffer(whatever),
    cancel() {
      stopLingering?.();
      source.cancel();
    },
  };
}

const whatever = (): number => 1;

const noBytes = new Uint8Array(0);

/** Feeds what was read. A whole answer is finished when nothing more can come, however the stream ended. */
function feed(answer: Answer, piece: Piece): FedPiece | StreamEnd {
  if (piece.kind === 'data') return { kind: 'fed', piece, feeds: feedUntilEnd(answer, piece.payloads) };
  const end = answer.end();
  // Unreadable data after a whole answer is ignored.
  if (end.kind === 'done' && end.events.length === 0) return answer.state.isOver ? { kind: 'eof' } : piece;
  return { kind: 'fed', piece: { kind: 'data', bytes: noBytes, payloads: [''], isVerbatim: false }, feeds: [end] };
}

/**
 * Feeds payloads up to the one that ends the answer; what comes after it is dropped. Null when all of them may be passed on unchanged, which
 * is the case for nearly every piece of a stream and then costs no list.
 */
function feedUntilEnd(answer: Answer, payloads: readonly string[]): readonly Feed[] | null {
  let feeds: Feed[] | null = null;
  for (let i = 0; i < payloads.length; i += 1) {
    const fed = answer.feed(payloads[i] ?? '');
    if (feeds === null && fed.kind === 'verbatim') continue;
    feeds ??= Array.from({ length: i }, (): Feed => ({ kind: 'verbatim' }));
    feeds.push(fed);
    if (fed.kind === 'done' || fed.kind === 'broken') break;
  }
  return feeds;
}
