/**
 * Decodes server-sent events (HTML standard §9.2.6) from text that arrives in arbitrary pieces, down to their data. Event names,
 * ids, retry times and comments are dropped: chat completions use none of them. Made for the common case, whole `data: {…}`
 * frames in one piece.
 */

export interface DecodedChunk {
  /** The data of each event that this piece completed, in order; lines of one event are joined by \n. */
  readonly payloads: readonly string[];
  /**
   * True when the piece was nothing but whole `data: X\n\n` frames, with nothing held before or after: forwarding its bytes as
   * they came is the same as encoding the payloads. U+FFFD makes it false, because the bytes behind it may be invalid UTF-8.
   */
  readonly isVerbatim: boolean;
  /** Whether an unfinished line or event is held: a stream that ends now was cut. */
  readonly hasPartial: boolean;
  /** An event or a line has outgrown `maxEventBytes`. The decoder has stopped and dropped what it held. */
  readonly overflow: boolean;
}

export interface EventDecoder {
  /** Text as a streaming `TextDecoder` gives it, cut anywhere. */
  feed(text: string): DecodedChunk;
  /**
   * The stream is over. An event without its blank line is not dispatched, as the standard says; `hasPartial` tells that there
   * was one.
   */
  end(): DecodedChunk;
}

const lineFeed = 10;
const prefix = 'data: ';

/** `maxEventBytes` counts UTF-16 units of one event's data, or of one line; there are never more of them than UTF-8 bytes. */
export function createEventDecoder({ maxEventBytes }: { readonly maxEventBytes: number }): EventDecoder {
  /** The unfinished line, and the data lines of the unfinished event (null before the first). */
  let line = '';
  let data: string | null = null;
  /** The last line ended with CR at the end of a piece: an LF that comes next belongs to it. */
  let isAfterReturn = false;
  let isAtStart = true;
  let hasOverflown = false;

  function overflow(): DecodedChunk {
    hasOverflown = true;
    [line, data] = ['', null];
    return { payloads: [], isVerbatim: false, hasPartial: false, overflow: true };
  }

  function feed(text: string): DecodedChunk {
    if (hasOverflown) return overflow();
    if (text === '') return { payloads: [], isVerbatim: false, hasPartial: line !== '' || data !== null, overflow: false };
    const payloads: string[] = [];
    const isFresh = line === '' && data === null && !isAfterReturn;
    const from = isFresh && !text.includes('\r') ? readFrames(text, payloads) : 0;
    if (from === text.length) {
      isAtStart = false;
      return { payloads, isVerbatim: !text.includes('\uFFFD'), hasPartial: false, overflow: false };
    }
    if (from < 0 || !readLines(text, from, payloads)) return overflow();
    return { payloads, isVerbatim: false, hasPartial: line !== '' || data !== null, overflow: false };
  }

  /** Reads whole `data: X\n\n` frames as long as there are any; returns where they end, or -1 on overflow. */
  function readFrames(text: string, payloads: string[]): number {
    let at = 0;
    while (at < text.length && startsWithPrefix(text, at)) {
      const end = text.indexOf('\n', at + prefix.length);
      if (end < 0 || text.charCodeAt(end + 1) !== lineFeed) return at;
      if (end - at > maxEventBytes) return -1;
      payloads.push(text.slice(at + prefix.length, end));
      at = end + 2;
    }
    return at;
  }

  function readLines(text: string, from: number, payloads: string[]): boolean {
    let at = from;
    if (isAtStart && at === 0 && text.startsWith('\uFEFF')) at += 1;
    isAtStart = false;
    if (isAfterReturn && text.charCodeAt(at) === lineFeed) at += 1;
    isAfterReturn = false;
    let nextReturn = text.indexOf('\r', at);
    let nextFeed = text.indexOf('\n', at);
    while (nextReturn >= 0 || nextFeed >= 0) {
      const isReturn = nextReturn >= 0 && (nextFeed < 0 || nextReturn < nextFeed);
      const end = isReturn ? nextReturn : nextFeed;
      if (!endLine(line + text.slice(at, end), payloads)) return false;
      at = end + 1;
      if (isReturn && text.charCodeAt(at) === lineFeed) at += 1;
      else if (isReturn && at === text.length) isAfterReturn = true;
      if (nextReturn >= 0 && nextReturn < at) nextReturn = text.indexOf('\r', at);
      if (nextFeed >= 0 && nextFeed < at) nextFeed = text.indexOf('\n', at);
    }
    // A rope: appending is cheap, and it is only flattened when the line ends.
    line += text.slice(at);
    return line.length + (data?.length ?? 0) <= maxEventBytes;
  }

  function endLine(whole: string, payloads: string[]): boolean {
    line = '';
    if (whole === '') {
      if (data !== null) payloads.push(data);
      data = null;
      return true;
    }
    if (whole.length > maxEventBytes) return false;
    if (whole !== 'data' && !whole.startsWith('data:')) return true;
    const value = whole.slice(whole.charCodeAt(5) === 32 ? 6 : 5);
    data = data === null ? value : `${data}\n${value}`;
    return data.length <= maxEventBytes;
  }

  function end(): DecodedChunk {
    const hasPartial = line !== '' || data !== null;
    [line, data] = ['', null];
    return { payloads: [], isVerbatim: false, hasPartial, overflow: hasOverflown };
  }

  return { feed, end };
}

/** `text.startsWith('data: ', at)` in 28 instead of 37 ns: it is asked once per event. */
function startsWithPrefix(text: string, at: number): boolean {
  return (
    text.charCodeAt(at) === 100 &&
    text.charCodeAt(at + 1) === 97 &&
    text.charCodeAt(at + 2) === 116 &&
    text.charCodeAt(at + 3) === 97 &&
    text.charCodeAt(at + 4) === 58 &&
    text.charCodeAt(at + 5) === 32
  );
}
