/** A model server's event stream as decoded pieces. Reads are made one by one, so that a slow client holds the server back. */
import { isEndMark } from '../core/relay/answer.ts';
import { createEventDecoder } from '../core/sse/decode-events.ts';
import { readNamedEvent } from '../core/sse/named-event.ts';
import { parseLenient } from '../core/upstreams/lenient-json.ts';

export type Piece =
  | { readonly kind: 'data'; readonly bytes: Uint8Array; readonly payloads: readonly string[]; readonly isVerbatim: boolean }
  | { readonly kind: 'eof' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'overflow' };

export interface Source {
  read(): Promise<Piece>;
  /** Frees the server; never rejects. */
  cancel(): void;
}

const lineFeed = 10;

const eof: Piece = { kind: 'eof' };
const reset: Piece = { kind: 'reset' };
const overflow: Piece = { kind: 'overflow' };

export function openSource(body: ReadableStream<Uint8Array>, maxEventBytes: number): Source {
  const reader = body.getReader();
  const decode = createTextDecoder();
  const events = createEventDecoder({ maxEventBytes, readNamed: readNamedEvent });
  let end: Piece | null = null;
  const take = (value: Uint8Array): Piece => {
    const { payloads, isVerbatim: hasWholeFrames, overflow: isOver } = events.feed(decode(value));
    if (isOver) return overflow;
    // The text decoder may hold back the beginning of a character that these bytes end with.
    return { kind: 'data', bytes: value, payloads, isVerbatim: hasWholeFrames && value[value.byteLength - 1] === lineFeed };
  };
  /** The last event may lack the blank line behind it. One that is only begun says nothing: the answer is then cut, not unreadable. */
  const endWith = (how: Piece): Piece => {
    end = how;
    const payloads = events.end().payloads.filter((payload) => isEndMark(payload) || parseLenient(payload) !== null);
    return payloads.length === 0 ? how : { kind: 'data', bytes: noBytes, payloads, isVerbatim: false };
  };
  return {
    async read() {
      if (end !== null) return end;
      try {
        const { done, value } = await reader.read();
        return done ? endWith(eof) : take(value);
      } catch {
        return endWith(reset);
      }
    },
    cancel() {
      reader.cancel().catch(() => undefined);
    },
  };
}

const noBytes = new Uint8Array(0);

const decoderOptions = { fatal: false, ignoreBOM: true };
const wholeDecoder = new TextDecoder('utf-8', decoderOptions);
const streaming = { stream: true };

/**
 * Bytes → text, for characters cut anywhere. Servers end their writes with a line, so that nearly every piece is whole by itself: then one
 * decoder serves all streams, and without the option that costs more to read than the text (`npm run bench:relay`).
 */
function createTextDecoder(): (bytes: Uint8Array) => string {
  let cut: TextDecoder | null = null;
  let isCut = false;
  return (bytes) => {
    // An empty piece ends where the one before it did.
    const endsInside = bytes.byteLength === 0 ? isCut : (bytes[bytes.byteLength - 1] ?? 0) >= 0x80;
    if (!isCut && !endsInside) return wholeDecoder.decode(bytes);
    cut ??= new TextDecoder('utf-8', decoderOptions);
    isCut = endsInside;
    return cut.decode(bytes, streaming);
  };
}
