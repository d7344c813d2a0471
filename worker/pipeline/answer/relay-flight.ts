/** Streams the answer of another run to a client that asked the same: its events under an identity of this client's own, as they come. */
import type { Failure } from '../../../shared/errors.ts';
import type { AnswerHead } from '../../core/answer/whole-answer.ts';
import type { KeptPage } from '../../core/kept/kept-answer.ts';
import { createPieceReader, type KeptPiece, wholeOfPieces } from '../../core/kept/pieces.ts';
import type { ClientPipe } from '../../core/ports.ts';
import type { KeptPlace } from '../../core/kept/ports.ts';
import { pingFrame } from '../../core/sse/encode-events.ts';
import { nextPage } from '../kept/follow.ts';
import { finalMetadata } from '../run/metadata.ts';
import { clientLeft, type Run } from '../run/run.ts';
import { finish } from './finish.ts';
import { deliver } from './deliver.ts';
import { errorFrame } from './frames.ts';
import { headFor, noteGiven } from './give.ts';

const encoder = new TextEncoder();
const broken: Failure = { code: 'upstream_truncated' };

/** Runs until the client has what there is of it, or has left. Never rejects, always settles. */
export async function relayFlight(run: Run, place: KeptPlace, first: KeptPage, pipe: ClientPipe): Promise<void> {
  const { deps, client } = run;
  void pipe.closed.then(() => clientLeft(run));
  client.cache = { ...client.cache, state: 'shared', keeps: false };
  // A client that has left is noted by the write that failed.
  const write = (bytes: Uint8Array): Promise<void> => deliver(run, pipe, bytes).catch(() => undefined);
  const frames = framesOf(run);
  const pieces: string[] = [];
  let failure: Failure | null = broken;
  for (let page: KeptPage | Failure = first; !client.isGone;) {
    if ('code' in page) {
      failure = page;
      break;
    }
    pieces.push(...page.pieces);
    const { ending } = page;
    const text = page.pieces.map(frames).join('') + (ending?.kind === 'complete' ? client.writer.end() : '');
    client.firstByteAtMs ??= text === '' ? null : deps.clock.now();
    if (text !== '') await write(encoder.encode(text));
    if (ending !== null || page.isTooLong) {
      if (ending?.kind === 'complete') failure = null;
      else if (ending?.kind === 'failed') failure = ending.failure;
      break;
    }
    page = await nextPage({ deps, place }, page, () => write(pingFrame));
  }
  if (failure !== null && !client.isGone) await write(errorFrame(run, failure));
  const { answer, usage } = wholeOfPieces(pieces);
  if (failure === null && usage !== null) noteGiven(run, answer, usage);
  finish(run, client.isGone ? { kind: 'client_gone' } : failure === null ? { kind: 'ok' } : { kind: 'failed', failure });
  await pipe.close();
}

/** The events of a piece, as this client reads them. */
function framesOf(run: Run): (piece: string) => string {
  const { client } = run;
  const read = createPieceReader();
  const head = headFor(run, run.deps.clock.now());
  return (text) => {
    const piece: KeptPiece = read(text);
    client.servedModelId = piece.routing?.model_id ?? client.servedModelId;
    const own: AnswerHead = { ...head, model: piece.head.model };
    return client.writer.write(own, piece.events, () => finalMetadata(run));
  };
}
