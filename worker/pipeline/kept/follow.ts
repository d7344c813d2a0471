/** Reads a kept answer for a client that did not begin it: what there is of it, and then what comes, in the words of its surface. */
import { errors, type Failure, shouldRetry } from '../../../shared/errors.ts';
import { headerNames } from '../../../shared/headers.ts';
import { encodeMetadataHeader, type RoutingMetadata } from '../../../shared/routing-metadata.ts';
import { createReplay, type Replay } from '../../core/kept/frames.ts';
import type { KeptEnding, KeptPage } from '../../core/kept/kept-answer.ts';
import { wholeOfPieces } from '../../core/kept/pieces.ts';
import { writeStreamId } from '../../core/kept/stream-id.ts';
import { pingFrame } from '../../core/sse/encode-events.ts';
import type { Background, ClientPipe } from '../../core/ports.ts';
import type { KeptPlace } from '../../core/kept/ports.ts';
import type { Surface } from '../../core/surfaces/surface.ts';
import type { PipelineDeps } from '../run/deps.ts';

/** An answer that was not made for this request, ready to be sent. */
export interface SentAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | ReadableStream<Uint8Array> | null;
}

export interface Following {
  readonly deps: Pick<PipelineDeps, 'kept' | 'timers' | 'clock' | 'config' | 'openPipe'>;
  readonly place: KeptPlace;
  readonly surface: Surface;
  readonly background: Background;
  /** The number of the last event that the reader has; 0 for none. */
  readonly after: number;
}

/** Longest wait of one call for more. */
const readMs = 5000;
/** An object that cannot be reached for so long is not asked any more. */
const lostMs = 30_000;
/** A reader that takes nothing for so long has left. */
const stuckReaderMs = 60_000;

const encoder = new TextEncoder();

const vanished: Failure = { code: 'upstream_truncated', sentence: 'The answer is not kept any more.' };
const tooLong: Failure = {
  code: 'upstream_too_large',
  sentence: 'The answer is longer than is kept of one: it cannot be followed any further.',
};

/** An answer that has ended, as its own client got it. */
export function endedAnswer(following: Following, page: KeptPage, ending: KeptEnding): SentAnswer {
  const { surface, place } = following;
  const { opening, pieces } = page;
  if (ending.kind === 'failed' && pieces.length === 0)
    return failedAnswer(surface, ending.failure, ending.metadata, opening.requestId);
  if (opening.isStream) {
    const replay = replayOf(following, page);
    const body = replay.write(pieces) + replay.end(ending);
    return { status: 200, headers: streamHeaders(following, page), body };
  }
  const { answer, usage, routing } = wholeOfPieces(pieces);
  if (usage === null || routing === null) throw new Error('a whole answer has its usage and its routing');
  const headers = [['content-type', 'application/json'], ...routingHeader(ending.metadata)] as const;
  const name = writeStreamId({ id: place.id, writerId: opening.writerId });
  return { status: 200, headers, body: surface.writeWhole(answer, usage, routing, opening.request, name) };
}

/** An answer under way, from its first piece on. */
export function followedAnswer(following: Following, page: KeptPage): SentAnswer {
  const pipe = following.deps.openPipe();
  following.background(relayKept(following, pipe, page));
  return { status: 200, headers: streamHeaders(following, page), body: pipe.readable };
}

function failedAnswer(surface: Surface, failure: Failure, metadata: RoutingMetadata | null, requestId: string): SentAnswer {
  const headers = [
    ['content-type', 'application/json'],
    [headerNames.shouldRetry, String(shouldRetry(failure.code))],
    ...routingHeader(metadata),
  ] as const;
  return { status: errors[failure.code].status, headers, body: surface.writeError(failure, metadata, requestId) };
}

export function streamHeaders({ place }: Following, { opening, ending }: KeptPage): SentAnswer['headers'] {
  const { hasIds, writerId } = opening;
  return [
    ['content-type', 'text/event-stream; charset=utf-8'],
    ...(hasIds ? [[headerNames.streamId, writeStreamId({ id: place.id, writerId })] as const] : []),
    ...routingHeader(ending?.metadata ?? null),
  ];
}

function routingHeader(metadata: RoutingMetadata | null): SentAnswer['headers'] {
  return metadata === null ? [] : [[headerNames.routingMetadata, encodeMetadataHeader(metadata)]];
}

export function replayOf(
  { surface, place, after }: Pick<Following, 'surface' | 'place' | 'after'>,
  { opening }: KeptPage,
): Replay {
  const name = writeStreamId({ id: place.id, writerId: opening.writerId });
  return createReplay(surface.openStream(opening.request, name, opening.requestId), opening.hasIds ? after : null);
}

/** Runs until the answer has ended, or its reader has left. Never rejects. */
async function relayKept(following: Following, pipe: ClientPipe, first: KeptPage): Promise<void> {
  const { timers } = following.deps;
  const replay = replayOf(following, first);
  let isGone = false;
  void pipe.closed.then(() => (isGone = true));
  const write = async (bytes: Uint8Array): Promise<void> => {
    const cancel = timers.once(stuckReaderMs, () => pipe.abort());
    await pipe.write(bytes).catch(() => (isGone = true));
    cancel();
  };
  let page: KeptPage | Failure = first;
  while (!isGone) {
    const text: string = 'code' in page ? replay.end(broken(page)) : replay.write(page.pieces) + endOf(replay, page);
    if (text !== '') await write(encoder.encode(text));
    if ('code' in page || page.ending !== null || page.isTooLong) break;
    page = await nextPage(following, page, () => write(pingFrame));
  }
  await pipe.close();
}

function endOf(replay: Replay, { ending, isTooLong }: KeptPage): string {
  if (isTooLong) return replay.end(broken(tooLong));
  return ending === null ? '' : replay.end(ending);
}

function broken(failure: Failure): KeptEnding {
  return { kind: 'failed', failure, metadata: null, isFinal: false };
}

/** What comes after this page; or why nothing can come. An object that has restarted is asked again. */
export async function nextPage(
  { deps, place }: Pick<Following, 'deps' | 'place'>,
  { opening, next }: KeptPage,
  ping: () => Promise<void>,
): Promise<KeptPage | Failure> {
  const { kept, timers, clock, config } = deps;
  const stopPings = timers.every(config.routing.streaming.ping_ms, () => void ping());
  const untilMs = clock.now() + lostMs;
  try {
    for (;;) {
      try {
        return (await kept.read(place, opening.writerId, next, readMs)) ?? vanished;
      } catch {
        if (clock.now() >= untilMs) return { code: 'state_unavailable' };
        await new Promise<void>((resolve) => void timers.once(250, resolve));
      }
    }
  } finally {
    stopPings();
  }
}
