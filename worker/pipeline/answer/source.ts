/** A model server's answer: its events as decoded pieces, or one text. Reads are made one by one, so that a slow client holds the server back. */
import { createEventDecoder } from '../../core/sse/decode-events.ts';
import { readNamedEvent } from '../../core/sse/named-event.ts';
import { createSniffer } from '../../core/sse/sniff.ts';
import type { Dialect } from '../../core/upstreams/dialect.ts';
import { parseLenient } from '../../core/upstreams/lenient-json.ts';
import type { Piece, StreamEnd } from '../run/opened.ts';

type Shape = 'events' | 'text';

export type Read = ReadableStreamReadResult<Uint8Array>;

export interface Source {
  /** Whether the answer is events or one text, by what it begins with; a server's word for it counts where that says nothing. */
  shape(mediaType: string): Promise<Shape>;
  /** The next read; rejects where the stream breaks off. In two steps, since a promise around each read would cost as much as what is done with it. */
  next(): Read | Promise<Read>;
  /** What a read brought; null is one that failed. */
  pieceOf(read: Read | null): Piece;
  /** All of it as one text, at most `maxBytes` long; null when it breaks off. */
  readText(maxBytes: number): Promise<string | 'too_large' | null>;
  /**
   * From here on one buffer does for all reads: the bytes of a piece are gone when the next one is read. The platform makes 4 KB for each read
   * otherwise, and clears them away (`npm run bench:overhead`: a twentieth of a chunk). Where it cannot, reads stay as they are.
   *
   * @param leastBytes that a read waits for, if the end does not come first. Told how many came since
   */
  reuseBuffer(leastBytes: (seenBytes: number) => number): void;
  /** Whether the body ends now: something else may come, or nothing for as long as the source is not cancelled. */
  isEnded(): Promise<boolean>;
  /** Frees the server; never rejects. */
  cancel(): void;
}

const lineFeed = 10;

const eof: StreamEnd = { kind: 'eof' };
const reset: StreamEnd = { kind: 'reset' };
const overflow: StreamEnd = { kind: 'overflow' };
/** By this side, which is no end of the answer. */
const givenUp: Read = { done: true, value: undefined };

export function openSource(body: ReadableStream<Uint8Array>, maxEventBytes: number, dialect: Pick<Dialect, 'isEndMark'>): Source {
  /**
   * Let go of at the end. The platform holds the error that broke a stream off with the stream, and the error's stack holds the functions
   * that were reading: one of them knowing the stream kept the whole run through every collection, 20 KB for each client that left (docs/decisions/0013-cost-of-a-stream.md).
   */
  let stream: ReadableStream<Uint8Array> | null = body;
  let reader: ReadableStreamDefaultReader<Uint8Array> | null = body.getReader();
  /** In its place once one buffer does for all reads. */
  let refills: Refills | null = null;
  const letGo = (): void => {
    stream = null;
    reader = null;
    refills?.end();
    refills = null;
  };
  const pieces = createPieces(maxEventBytes, dialect);
  /** Read already, to see what it is. */
  const early: Uint8Array[] = [];
  let end: Piece | null = null;
  const endWith = (how: StreamEnd): Piece => {
    end = how;
    letGo();
    return pieces.last(how);
  };
  const cancel = (): void => {
    reader?.cancel().catch(() => undefined);
    refills?.cancel();
    letGo();
  };
  return {
    async shape(mediaType) {
      const byName = mediaType === 'text/event-stream' ? 'events' : 'text';
      return reader === null ? byName : sniffShape(reader, early, byName);
    },
    next() {
      if (early.length > 0) return { done: false, value: early.shift() ?? noBytes };
      if (refills !== null) return refills.next();
      return reader === null ? givenUp : reader.read();
    },
    reuseBuffer(leastBytes) {
      if (reader === null || stream === null) return;
      reader.releaseLock();
      refills = openRefills(stream, leastBytes);
      reader = refills === null ? stream.getReader() : null;
    },
    async isEnded() {
      const asked = reader;
      const read = await asked?.read().catch(() => null);
      return read?.done === true && reader === asked;
    },
    pieceOf(read) {
      if (end !== null) return end;
      if (read === null) return endWith(reset);
      if (read === givenUp) return reset;
      refills?.take(read);
      return read.done ? endWith(eof) : pieces.take(read.value);
    },
    readText: (maxBytes) => joinedText(async () => early.shift() ?? (await reader?.read())?.value, maxBytes, cancel),
    cancel,
  };
}

async function joinedText(
  next: () => Promise<Uint8Array | undefined>,
  maxBytes: number,
  cancel: () => void,
): Promise<string | 'too_large' | null> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for (let value = await next(); value !== undefined; value = await next()) {
      bytes += value.byteLength;
      if (bytes > maxBytes) {
        cancel();
        return 'too_large';
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return null;
  }
  return text + decoder.decode();
}

/** Lets go of everything at the end, like the source. */
class Refills {
  #reader: ReadableStreamBYOBReader | null;
  #leastBytes: ((seenBytes: number) => number) | null;
  #buffer: Uint8Array = new Uint8Array(bufferBytes);
  #seenBytes = 0;

  constructor(reader: ReadableStreamBYOBReader, leastBytes: (seenBytes: number) => number) {
    this.#reader = reader;
    this.#leastBytes = leastBytes;
  }

  /** The platform's own promise, without a function of ours around it: see `openSource`. */
  next(): Read | Promise<Read> {
    if (this.#reader === null || this.#leastBytes === null) return givenUp;
    return this.#reader.readAtLeast(this.#leastBytes(this.#seenBytes), this.#buffer);
  }

  /** What the last read brought, before the next one is made. */
  take({ value }: Read): void {
    if (value === undefined) return;
    this.#seenBytes += value.byteLength;
    this.#buffer = new Uint8Array(value.buffer);
  }

  end(): void {
    this.#reader = null;
    this.#leastBytes = null;
  }

  cancel(): void {
    this.#reader?.cancel().catch(() => undefined);
  }
}

/** Null where the body cannot be read so. */
function openRefills(body: ReadableStream<Uint8Array>, leastBytes: (seenBytes: number) => number): Refills | null {
  if (!canReadAtLeast) return null;
  try {
    return new Refills(body.getReader({ mode: 'byob' }), leastBytes);
  } catch {
    return null;
  }
}

/** As much as the platform itself reads at once. */
const bufferBytes = 4096;
/** Only on the platform. */
const canReadAtLeast = typeof ReadableStreamBYOBReader !== 'undefined' && 'readAtLeast' in ReadableStreamBYOBReader.prototype;

/** Reads as far as it must to see what an answer is. @param early gets what was read */
async function sniffShape(reader: ReadableStreamDefaultReader<Uint8Array>, early: Uint8Array[], byName: Shape): Promise<Shape> {
  const sniff = createSniffer();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return byName;
      early.push(value);
      const shape = sniff(value);
      if (shape !== null) return shape === 'unknown' ? byName : shape;
    }
  } catch {
    // Nothing has come: a connection that broke, which reading events will find out.
    return 'events';
  }
}

/** Reads of an event stream → pieces. */
function createPieces(maxEventBytes: number, { isEndMark }: Pick<Dialect, 'isEndMark'>) {
  const decode = createTextDecoder();
  const events = createEventDecoder({ maxEventBytes, readNamed: readNamedEvent });
  return {
    take(value: Uint8Array): Piece {
      const { payloads, isVerbatim: hasWholeFrames, overflow: isOver } = events.feed(decode(value));
      if (isOver) return overflow;
      // The text decoder may hold back the beginning of a character that these bytes end with.
      return { kind: 'data', bytes: value, payloads, isVerbatim: hasWholeFrames && value[value.byteLength - 1] === lineFeed };
    },
    /** The last event may lack the blank line behind it. One that is only begun says nothing: the answer is then cut, not unreadable. */
    last(how: StreamEnd): Piece {
      const payloads = events.end().payloads.filter((payload) => isEndMark(payload) || parseLenient(payload) !== null);
      return payloads.length === 0 ? how : { kind: 'data', bytes: noBytes, payloads, isVerbatim: false };
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
