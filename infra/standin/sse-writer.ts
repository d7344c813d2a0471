/** Writes an answer to the socket, action by action: bytes, pauses, and the ways a connection can break. Decides nothing. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame } from './completion.ts';

/** What happens next on the connection. */
export type Wire =
  | {
      readonly do: 'send';
      readonly bytes: string | Uint8Array;
      readonly tokens: number;
      /** The finish or what follows it: a fault in the middle must come before. */
      readonly isTail: boolean;
    }
  | { readonly do: 'wait'; readonly ms: number }
  /** Silence until the client leaves. */
  | { readonly do: 'stall' }
  /** A well-formed end of the HTTP message. */
  | { readonly do: 'end' }
  /** TCP reset, after what was sent has had time to arrive. */
  | { readonly do: 'reset' }
  /** TCP end without the end of the HTTP message. */
  | { readonly do: 'hang-up' };

export type WireStream = AsyncIterable<Wire>;

const BODY_PIECES = 8;

export function serializeFrame(frame: Frame): string {
  return `${frame.event === undefined ? '' : `event: ${frame.event}\n`}data: ${typeof frame.payload === 'string' ? frame.payload : JSON.stringify(frame.payload)}\n\n`;
}

/** Events as vLLM writes them. */
export async function* plainWire(frames: AsyncIterable<Frame>): AsyncGenerator<Wire, void> {
  for await (const frame of frames) {
    const isTail = frame.kind === 'finish' || frame.kind === 'usage' || frame.kind === 'done';
    yield { do: 'send', bytes: serializeFrame(frame), tokens: frame.tokens, isTail };
  }
}

/** A JSON body in a few pieces, so that a fault can strike in the middle of it. */
export async function* bodyWire(text: string, tokens: number): AsyncGenerator<Wire, void> {
  const bytes = Buffer.from(text);
  const size = Math.max(1, Math.ceil(bytes.length / BODY_PIECES));
  for (let from = 0; from < bytes.length; from += size) {
    const isTail = from + size >= bytes.length;
    yield { do: 'send', bytes: bytes.subarray(from, from + size), tokens: isTail ? tokens : 0, isTail };
  }
}

/** A reset overtakes bytes that the peer has not read yet; this is how long they get. */
const RESET_GRACE_MS = 25;

export interface WriteProgress {
  onFirstByte(): void;
  onTokens(tokens: number): void;
}

/**
 * Runs the actions until the message has ended or the client is gone. Waits for the socket where it is full, so nothing piles up here.
 * Resolves to how it ended; never rejects for a lost client.
 */
export async function writeWire(
  response: ServerResponse,
  wire: WireStream,
  gone: AbortSignal,
  progress: WriteProgress,
): Promise<'ended' | 'gone' | 'killed'> {
  let isFirst = true;
  for await (const action of wire) {
    if (gone.aborted) return 'gone';
    if (action.do === 'send') {
      if (isFirst) progress.onFirstByte();
      isFirst = false;
      progress.onTokens(action.tokens);
      if (!response.write(action.bytes)) await drained(response, gone);
    } else if (action.do === 'wait') {
      await pause(action.ms, gone);
    } else if (action.do === 'stall') {
      await untilGone(gone);
    } else if (action.do === 'end') {
      break;
    } else {
      await pause(RESET_GRACE_MS, gone);
      kill(response, action.do);
      return 'killed';
    }
    if (gone.aborted) return 'gone';
  }
  if (gone.aborted) return 'gone';
  response.end();
  return 'ended';
}

/** Ends the connection under the HTTP message. */
export function kill(response: ServerResponse, how: 'reset' | 'hang-up'): void {
  if (how === 'reset') response.socket?.resetAndDestroy();
  else response.socket?.destroy();
}

/** Waits, or returns early when the client is gone. */
export async function pause(ms: number, gone: AbortSignal): Promise<void> {
  if (ms > 0 && !gone.aborted) await sleep(ms, undefined, { signal: gone }).catch(() => undefined);
}

export function untilGone(gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (gone.aborted) resolve();
    else gone.addEventListener('abort', () => resolve(), { once: true });
  });
}

function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      gone.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    gone.addEventListener('abort', done, { once: true });
    if (gone.aborted) done();
  });
}
