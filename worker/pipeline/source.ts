/** A model server's event stream as decoded pieces. Reads are made one by one, so that a slow client holds the server back. */
import { createEventDecoder } from '../core/sse/decode-events.ts';

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
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  const events = createEventDecoder({ maxEventBytes });
  return {
    async read() {
      try {
        const { done, value } = await reader.read();
        if (done) return eof;
        const { payloads, isVerbatim: hasWholeFrames, overflow: isOver } = events.feed(decoder.decode(value, { stream: true }));
        // The text decoder may hold back the beginning of a character that these bytes end with.
        const isVerbatim = hasWholeFrames && value[value.byteLength - 1] === lineFeed;
        return isOver ? overflow : { kind: 'data', bytes: value, payloads, isVerbatim };
      } catch {
        return reset;
      }
    },
    cancel() {
      reader.cancel().catch(() => undefined);
    },
  };
}
