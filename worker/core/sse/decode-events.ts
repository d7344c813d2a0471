/**
 * Decodes server-sent events (HTML standard §9.2.6) from text that arrives in arbitrary pieces, down to their data. Ids, retry times and
 * comments are dropped: chat completions use none of them. Made for the common case, whole `data: {…}` frames in one piece.
 *
 * Two things are read more kindly than the standard has it, because otherwise a piece of an answer would be lost in silence: a line that
 * is no field continues JSON that a raw line break has cut, and the last event needs no blank line behind it.
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
  /** The stream is over: the event that has no blank line behind it. It may be the beginning of one. */
  end(): DecodedChunk;
}

export interface EventDecoderOptions {
  /** Counts UTF-16 units of one event's data, or of one line; there are never more of them than UTF-8 bytes. */
  readonly maxEventBytes: number;
  /** The data of an event that has a name; null drops it. Without this, names mean nothing. */
  readNamed?(name: string, data: string): string | null;
}

const lineFeed = 10;
const prefix = 'data: ';

export function createEventDecoder({ maxEventBytes, readNamed }: EventDecoderOptions): EventDecoder {
  /** The unfinished line, and the data lines of the unfinished event (null before the first). */
  let line = '';
  let data: string | null = null;
  let name = '';
  /** The data is JSON that a line break has cut; found out once an event, at the first line that is no data. */
  let isCut: boolean | null = null;
  /** Lines of a cut event that were no data, since the last that was; each behind a line feed. */
  let passedOver = '';
  /** The last line ended with CR at the end of a piece: an LF that comes next belongs to it. */
  let isAfterReturn = false;
  let isAtStart = true;
  let hasOverflown = false;

  function overflow(): DecodedChunk {
    hasOverflown = true;
    [line, data, name, isCut, passedOver] = ['', null, '', null, ''];
    return { payloads: [], isVerbatim: false, hasPartial: false, overflow: true };
  }

  function feed(text: string): DecodedChunk {
    if (hasOverflown) return overflow();
    if (text === '') return { payloads: [], isVerbatim: false, hasPartial: line !== '' || data !== null, overflow: false };
    const payloads: string[] = [];
    const isFresh = line === '' && data === null && name === '' && !isAfterReturn;
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
      dispatch(payloads);
      return true;
    }
    if (whole.length > maxEventBytes) return false;
    if (whole === 'data' || whole.startsWith('data:')) {
      const value = valueOf(whole);
      data = data === null ? value : `${data}\n${value}`;
      passedOver = '';
    } else if (data !== null && (isCut ??= isUnfinished(data))) {
      passedOver += `\n${whole}`;
      // What looks like a comment or a field inside a text is one only if nothing of the text comes behind it.
      if (!isField(whole)) [data, passedOver] = [data + passedOver, ''];
    } else if (whole.startsWith('event:')) name = valueOf(whole);
    return (data?.length ?? 0) + passedOver.length <= maxEventBytes;
  }

  function dispatch(payloads: string[]): void {
    const payload = data === null || name === '' || readNamed === undefined ? data : readNamed(name, data);
    if (payload !== null) payloads.push(payload);
    [data, name, isCut, passedOver] = [null, '', null, ''];
  }

  function end(): DecodedChunk {
    const payloads: string[] = [];
    const hasPartial = line !== '' || data !== null;
    if (line !== '' && !endLine(line, payloads)) return overflow();
    dispatch(payloads);
    return { payloads, isVerbatim: false, hasPartial, overflow: hasOverflown };
  }

  return { feed, end };
}

function valueOf(line: string): string {
  const from = line.indexOf(':') + 1;
  return from === 0 ? '' : line.slice(line.charCodeAt(from) === 32 ? from + 1 : from);
}

function isField(line: string): boolean {
  return /^(?:event|id|retry)?:/.test(line);
}

/** An object that has begun: every line may be more of it. */
function isUnfinished(data: string): boolean {
  if (!data.startsWith('{')) return false;
  try {
    JSON.parse(data);
    return false;
  } catch {
    return true;
  }
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
