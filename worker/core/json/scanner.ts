/**
 * Reads JSON piece by piece, strictly, with the three repairs that need no guessing: a comma before a closer is dropped, a raw
 * control character in a string is escaped, missing closers are added when the caller asks. Everything else passes through as it
 * was spelled. It reports values to a listener; it does not build them, and knows nothing of calls.
 */
import { isEscapable, isHexDigit, isJsonSpace, isScalar, isScalarCharacter, valueKindOf, parseString } from './grammar.ts';
import { type JsonListener, type JsonScan, type JsonStatus, unlimited } from './scan.ts';

/** Deeper nesting is refused: it would only serve to exhaust a client's parser. */
const maxDepth = 200;

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
  while (at < text.length && isJsonSpace(text.charCodeAt(at))) at += 1;
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
  const kind = valueKindOf(text.charAt(at));
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
    if (reaction === 'take') scan.room = listener.roomFor?.('string') ?? unlimited;
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
    scan.room = listener.roomFor?.('key') ?? unlimited;
  } else if (scan.taking === 'value' && scan.isObject.length === scan.entered + 1 && listener.onMember !== undefined) {
    scan.isMember = true;
    scan.key = '';
  }
  return at + 1;
}

function readString(scan: JsonScan, listener: JsonListener, text: string, from: number): number {
  const to = scan.room < text.length - from ? from + scan.room : text.length;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (scan.escape !== 0) {
      if (!takesEscape(scan, code)) return stop(scan, 'failed', at);
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
  if (scan.room !== unlimited) scan.room -= to - from;
  return to < text.length ? stop(scan, 'refused', to) : to;
}

function takesEscape(scan: JsonScan, code: number): boolean {
  if (scan.escape === 1) {
    scan.escape = code === 0x75 ? 5 : 0;
    return isEscapable(code);
  }
  scan.escape = scan.escape === 2 ? 0 : scan.escape - 1;
  return isHexDigit(code);
}

function endString(scan: JsonScan, listener: JsonListener, text: string, at: number): number {
  const isKey = scan.token === 'key';
  scan.token = 'none';
  scan.room = unlimited;
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

/** The comma held back is a separator after all, or it is trailing and is dropped. */
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
