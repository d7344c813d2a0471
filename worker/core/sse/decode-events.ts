/**
 * Decodes server-sent events (HTML standard §9.2.6) from text that arrives in arbitrary pieces, down to their data. Ids, retry times and
 * comments are dropped: chat completions use none of them. Made for the common case, whole `data: {…}` frames in one piece.
 *
 * Two things are read more leniently than the standard says, because otherwise a piece of an answer would be lost silently: a line that
 * is not a field continues JSON that a raw line break has cut, and the last event needs no blank line after it.
 */

export interface DecodedChunk {
  /** The data of each event that this piece completed, in order; lines of one event are joined by \n. */
  readonly payloads: readonly string[];
  /**
   * True when the piece was nothing but whole `data: X\n\n` frames, with nothing held before or after: forwarding its bytes unchanged
   * is the same as encoding the payloads. U+FFFD makes it false, because the original bytes may be invalid UTF-8.
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

/** A plain object and not a class: what reads it stays as fast behind a garbage collection. */
interface DecoderState {
  readonly options: EventDecoderOptions;
  /** The unfinished line. */
  line: string;
  /** The data lines of the unfinished event; null before the first. */
  data: string | null;
  name: string;
  /** The data is JSON that a line break has cut; found out once an event, at the first line that is no data. */
  isCut: boolean | null;
  /** Lines of a cut event that were no data, since the last that was; each behind a line feed. */
  passedOver: string;
  /** The last line ended with CR at the end of a piece: an LF that comes next belongs to it. */
  isAfterReturn: boolean;
  isAtStart: boolean;
  hasOverflown: boolean;
}

export function createEventDecoder(options: EventDecoderOptions): EventDecoder {
  const state: DecoderState = {
    options,
    line: '',
    data: null,
    name: '',
    isCut: null,
    passedOver: '',
    isAfterReturn: false,
    isAtStart: true,
    hasOverflown: false,
  };
  return { feed: (text) => feed(state, text), end: () => end(state) };
}

function feed(state: DecoderState, text: string): DecodedChunk {
  if (state.hasOverflown) return overflow(state);
  if (text === '') return { payloads: [], isVerbatim: false, hasPartial: hasPartial(state), overflow: false };
  const payloads: string[] = [];
  const isFresh = !hasPartial(state) && state.name === '' && !state.isAfterReturn;
  const from = isFresh && !text.includes('\r') ? readFrames(text, payloads, state.options.maxEventBytes) : 0;
  if (from === text.length) {
    state.isAtStart = false;
    return { payloads, isVerbatim: !text.includes('\uFFFD'), hasPartial: false, overflow: false };
  }
  if (from < 0 || !readLines(state, text, from, payloads)) return overflow(state);
  return { payloads, isVerbatim: false, hasPartial: hasPartial(state), overflow: false };
}

function end(state: DecoderState): DecodedChunk {
  const payloads: string[] = [];
  const wasPartial = hasPartial(state);
  if (state.line !== '' && !endLine(state, state.line, payloads)) return overflow(state);
  dispatch(state, payloads);
  return { payloads, isVerbatim: false, hasPartial: wasPartial, overflow: state.hasOverflown };
}

function hasPartial({ line, data }: DecoderState): boolean {
  return line !== '' || data !== null;
}

function overflow(state: DecoderState): DecodedChunk {
  state.hasOverflown = true;
  state.line = '';
  forgetEvent(state);
  return { payloads: [], isVerbatim: false, hasPartial: false, overflow: true };
}

function forgetEvent(state: DecoderState): void {
  state.data = null;
  state.name = '';
  state.isCut = null;
  state.passedOver = '';
}

/** Reads whole `data: X\n\n` frames as long as there are any; returns where they end, or -1 on overflow. */
function readFrames(text: string, payloads: string[], maxEventBytes: number): number {
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

function readLines(state: DecoderState, text: string, from: number, payloads: string[]): boolean {
  let at = from;
  if (state.isAtStart && at === 0 && text.startsWith('\uFEFF')) at += 1;
  state.isAtStart = false;
  if (state.isAfterReturn && text.charCodeAt(at) === lineFeed) at += 1;
  state.isAfterReturn = false;
  let nextReturn = text.indexOf('\r', at);
  let nextFeed = text.indexOf('\n', at);
  while (nextReturn >= 0 || nextFeed >= 0) {
    const isReturn = nextReturn >= 0 && (nextFeed < 0 || nextReturn < nextFeed);
    const end = isReturn ? nextReturn : nextFeed;
    if (!endLine(state, state.line + text.slice(at, end), payloads)) return false;
    at = end + 1;
    if (isReturn && text.charCodeAt(at) === lineFeed) at += 1;
    else if (isReturn && at === text.length) state.isAfterReturn = true;
    if (nextReturn >= 0 && nextReturn < at) nextReturn = text.indexOf('\r', at);
    if (nextFeed >= 0 && nextFeed < at) nextFeed = text.indexOf('\n', at);
  }
  // A rope: appending is cheap, and it is only flattened when the line ends.
  state.line += text.slice(at);
  return state.line.length + (state.data?.length ?? 0) <= state.options.maxEventBytes;
}

function endLine(state: DecoderState, whole: string, payloads: string[]): boolean {
  const { maxEventBytes } = state.options;
  state.line = '';
  if (whole === '') {
    dispatch(state, payloads);
    return true;
  }
  if (whole.length > maxEventBytes) return false;
  if (whole === 'data' || whole.startsWith('data:')) {
    const value = valueOf(whole);
    state.data = state.data === null ? value : `${state.data}\n${value}`;
    state.passedOver = '';
  } else if (state.data !== null && (state.isCut ??= isUnfinished(state.data))) {
    state.passedOver += `\n${whole}`;
    // Something that looks like a comment or a field inside a text is one only if none of the text follows it.
    if (!isField(whole)) {
      state.data += state.passedOver;
      state.passedOver = '';
    }
  } else if (whole.startsWith('event:')) state.name = valueOf(whole);
  return (state.data?.length ?? 0) + state.passedOver.length <= maxEventBytes;
}

function dispatch(state: DecoderState, payloads: string[]): void {
  const { data, name, options } = state;
  const payload = data === null || name === '' || options.readNamed === undefined ? data : options.readNamed(name, data);
  if (payload !== null) payloads.push(payload);
  forgetEvent(state);
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
