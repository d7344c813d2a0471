/**
 * Reads JSON piece by piece, strictly, with the three repairs that need no guessing: a comma before a closer is dropped, a raw
 * control character in a string is escaped, missing closers are added when the caller asks. Everything else passes through as it
 * was spelled. It reports values to a listener; it does not build them, and knows nothing of calls.
 */
import { isScalar, isScalarCharacter, isWhitespace, kindOf, parseString, type ValueKind } from './json-characters.ts';

/** `enter`: report what is inside. `take`: hand over its text. `skip`: only check its grammar. `refuse`: stop here. */
export type Reaction = 'enter' | 'take' | 'skip' | 'refuse';

/** Called for the root value and for what stands directly in entered containers; anything deeper is the matter of `onText`. */
export interface JsonListener {
  onValue(kind: ValueKind): Reaction;
  /** A key of the innermost entered object, unescaped. False refuses it. */
  onKey(key: string): boolean;
  /** A key of a taken object, of its outermost level only. False refuses it. */
  onMember?(key: string): boolean;
  /** The most characters, quote included, of the key or taken string that begins; what is longer is refused there. Infinity without. */
  roomFor?(what: 'key' | 'string'): number;
  /** A piece of a taken value's repaired text; the pieces are whole when `onEnd` comes. */
  onText(piece: string): void;
  /** The value last reported, or the innermost entered container, has ended. False refuses it. */
  onEnd(): boolean;
}

/** `failed`: not JSON. `refused`: JSON, but the listener did not want it. Both leave the reading at the character in question. */
export type JsonStatus = 'open' | 'done' | 'failed' | 'refused';

/** `element` and `key` may as well be the closer: an empty container, or a trailing comma. */
type Expectation = 'value' | 'element' | 'key' | 'colon' | 'next';

export interface JsonScan {
  status: JsonStatus;
  expects: Expectation;
  /** Open containers from the outside in; true is an object. */
  readonly isObject: boolean[];
  /** How many of them, from the outside, the listener has entered. */
  entered: number;
  taking: 'nothing' | 'key' | 'value';
  token: 'none' | 'string' | 'key' | 'scalar';
  /** In a string: 0, 1 after a backslash, 5 to 2 for the hexadecimal digits still to come. */
  escape: number;
  /** Characters that the string may still have. */
  room: number;
  /** A number or word that may go on. */
  scalar: string;
  /** The text of a reported key (quotes included) or a member (without). */
  key: string;
  isMember: boolean;
  /** A comma and what followed it, held until it is known not to be trailing; '' if there is none. */
  gap: string;
  /** Index, in the text being read, of what was not yet handed over. */
  pendingFrom: number;
}

/** Deeper nesting is not JSON here: it would only serve to exhaust a client's parser. */
const maxDepth = 200;

export function createJsonScan(): JsonScan {
  return {
    status: 'open',
    expects: 'value',
    isObject: [],
    entered: 0,
    taking: 'nothing',
    token: 'none',
    escape: 0,
    room: Infinity,
    scalar: '',
    key: '',
    isMember: false,
    gap: '',
    pendingFrom: 0,
  };
}

/** Reads `text` from `from` and returns the index of the first character not read. Work is linear in what is read. */
export function scanJson(scan: JsonScan, listener: JsonListener, text: string, from: number): number {
  let at = from;
  scan.pendingFrom = from;
  while (at < text.length && scan.status === 'open') {
    if (scan.token === 'string' || scan.token === 'key') at = readString(scan, listener, text, at);
    else if (scan.token === 'scalar') at = readScalar(scan, listener, text, at);
    else at = readStructure(scan, listener, text, at);
  }
  handOver(scan, listener, text, at);
  return at;
}

/** Wants nothing, and refuses nothing. */
export const indifferent: JsonListener = { onValue: () => 'skip', onKey: () => true, onText: () => {}, onEnd: () => true };

/** Lets a scan that was refused go on from there, to find the end of the JSON; only with the `indifferent` listener. */
export function resumeScan(scan: JsonScan): JsonScan {
  return Object.assign(scan, { status: 'open', taking: 'nothing', room: Infinity, gap: '', isMember: false });
}

/** Closes what is open, if only closers are missing; false leaves a scan that must not be used further. */
export function closeMissing(scan: JsonScan, listener: JsonListener): boolean {
  const lacksValue = scan.expects === 'value' || scan.expects === 'colon';
  if (scan.token !== 'none' || lacksValue || scan.isObject.length === 0) return false;
  scan.status = 'open';
  while (scan.status === 'open') {
    const closer = scan.isObject.at(-1) === true ? '}' : ']';
    scan.pendingFrom = 0;
    close(scan, listener, closer, 0);
    handOver(scan, listener, closer, 1);
  }
  return scan.status === 'done';
}

function readStructure(scan: JsonScan, listener: JsonListener, text: string, from: number): number {
  let at = from;
  while (at < text.length && isWhitespace(text.charCodeAt(at))) at += 1;
  if (at >= text.length) return at;
  const character = text.charAt(at);
  const isInObject = scan.isObject.at(-1) === true;
  switch (scan.expects) {
    case 'element':
    case 'value':
      if (character === ']' && scan.expects === 'element') return close(scan, listener, text, at);
      return begin(scan, listener, text, at);
    case 'key':
      if (character === '}') return close(scan, listener, text, at);
      if (character !== '"') return stop(scan, 'failed', at);
      return beginKey(scan, listener, text, at);
    case 'colon':
      if (character !== ':') return stop(scan, 'failed', at);
      scan.expects = 'value';
      return at + 1;
    case 'next':
      if (character === (isInObject ? '}' : ']')) return close(scan, listener, text, at);
      if (character !== ',') return stop(scan, 'failed', at);
      handOver(scan, listener, text, at);
      if (scan.taking === 'value') scan.gap = ',';
      scan.pendingFrom = at + 1;
      scan.expects = isInObject ? 'key' : 'element';
      return at + 1;
  }
}

/** A value begins: asks the listener if it stands where the listener looks. */
function begin(scan: JsonScan, listener: JsonListener, text: string, at: number): number {
  const kind = kindOf(text.charAt(at));
  if (kind === null || scan.isObject.length >= maxDepth) return stop(scan, 'failed', at);
  settleGap(scan, listener, text, at, true);
  const isReported = scan.isObject.length === scan.entered;
  const reaction = isReported ? listener.onValue(kind) : 'skip';
  if (reaction === 'refuse') return stop(scan, 'refused', at);
  if (reaction === 'take') {
    scan.taking = 'value';
    scan.pendingFrom = at;
  }
  if (kind === 'string') {
    scan.token = 'string';
    if (reaction === 'take') scan.room = listener.roomFor?.('string') ?? Infinity;
  } else if (kind === 'scalar') scan.token = 'scalar';
  else {
    if (reaction === 'enter') scan.entered += 1;
    scan.isObject.push(kind === 'object');
    scan.expects = kind === 'object' ? 'key' : 'element';
  }
  return kind === 'scalar' ? at : at + 1;
}

function beginKey(scan: JsonScan, listener: JsonListener, text: string, at: number): number {
  settleGap(scan, listener, text, at, true);
  scan.token = 'key';
  if (scan.isObject.length === scan.entered) {
    scan.taking = 'key';
    scan.key = '';
    scan.pendingFrom = at;
    scan.room = listener.roomFor?.('key') ?? Infinity;
  } else if (scan.taking === 'value' && scan.isObject.length === scan.entered + 1 && listener.onMember !== undefined) {
    scan.isMember = true;
    scan.key = '';
  }
  return at + 1;
}

function readString(scan: JsonScan, listener: JsonListener, text: string, from: number): number {
  const to = Math.min(text.length, from + scan.room);
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (scan.escape !== 0) {
      if (!takesEscape(scan, text.charAt(at))) return stop(scan, 'failed', at);
    } else if (code === 0x22) {
      if (scan.isMember) scan.key += text.slice(from, at);
      return endString(scan, listener, text, at + 1);
    } else if (code === 0x5c) scan.escape = 1;
    else if (code < 0x20 && scan.taking !== 'nothing') {
      handOver(scan, listener, text, at);
      deliver(scan, listener, JSON.stringify(text.charAt(at)).slice(1, -1));
      scan.pendingFrom = at + 1;
    }
  }
  if (scan.isMember) scan.key += text.slice(from, to);
  scan.room -= to - from;
  return to < text.length ? stop(scan, 'refused', to) : to;
}

function takesEscape(scan: JsonScan, character: string): boolean {
  if (scan.escape === 1) {
    scan.escape = character === 'u' ? 5 : 0;
    return '"\\/bfnrtu'.includes(character);
  }
  scan.escape = scan.escape === 2 ? 0 : scan.escape - 1;
  return '0123456789abcdefABCDEF'.includes(character);
}

function endString(scan: JsonScan, listener: JsonListener, text: string, at: number): number {
  const isKey = scan.token === 'key';
  scan.token = 'none';
  scan.room = Infinity;
  if (!isKey) return end(scan, listener, text, at);
  scan.expects = 'colon';
  if (scan.taking === 'key') {
    handOver(scan, listener, text, at);
    scan.taking = 'nothing';
    if (!listener.onKey(parseString(scan.key))) return stop(scan, 'refused', at);
  } else if (scan.isMember) {
    scan.isMember = false;
    if (listener.onMember?.(parseString(`"${scan.key.replace(/\p{Cc}/gu, ' ')}"`)) === false) return stop(scan, 'refused', at);
  }
  return at;
}

function readScalar(scan: JsonScan, listener: JsonListener, text: string, from: number): number {
  let at = from;
  while (at < text.length && isScalarCharacter(text.charCodeAt(at))) at += 1;
  scan.scalar += text.slice(from, at);
  if (at >= text.length) return at;
  const isWhole = isScalar(scan.scalar);
  scan.scalar = '';
  scan.token = 'none';
  return isWhole ? end(scan, listener, text, at) : stop(scan, 'failed', at);
}

function close(scan: JsonScan, listener: JsonListener, text: string, at: number): number {
  settleGap(scan, listener, text, at, false);
  scan.isObject.pop();
  if (scan.isObject.length < scan.entered) scan.entered -= 1;
  return end(scan, listener, text, at + 1);
}

/** A value has ended before `at`. */
function end(scan: JsonScan, listener: JsonListener, text: string, at: number): number {
  scan.expects = 'next';
  if (scan.isObject.length === scan.entered) {
    handOver(scan, listener, text, at);
    scan.taking = 'nothing';
    if (!listener.onEnd()) return stop(scan, 'refused', at);
  }
  if (scan.isObject.length === 0) scan.status = 'done';
  return at;
}

/** The comma held back is a separator after all, or it was trailing and goes. */
function settleGap(scan: JsonScan, listener: JsonListener, text: string, at: number, isSeparator: boolean): void {
  if (scan.gap === '') return;
  const gap = scan.gap + text.slice(scan.pendingFrom, at);
  scan.gap = '';
  scan.pendingFrom = at;
  deliver(scan, listener, isSeparator ? gap : gap.slice(1));
}

function handOver(scan: JsonScan, listener: JsonListener, text: string, to: number): void {
  if (scan.taking !== 'nothing' && to > scan.pendingFrom) deliver(scan, listener, text.slice(scan.pendingFrom, to));
  scan.pendingFrom = to;
}

function deliver(scan: JsonScan, listener: JsonListener, piece: string): void {
  if (scan.gap !== '') scan.gap += piece;
  else if (scan.taking === 'key') scan.key += piece;
  else if (piece !== '') listener.onText(piece);
}

function stop(scan: JsonScan, status: JsonStatus, at: number): number {
  scan.status = status;
  return at;
}
