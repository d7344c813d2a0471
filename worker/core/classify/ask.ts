/**
 * Tells what a user turn asks from the material it carries: log lines, stack frames, table rows, code and long passages. Line by line,
 * by shape alone; what the words mean is for others.
 */

import { stripCourtesy } from './courtesy.ts';

export interface Ask {
  /** The request in the user's own words; long passages are cut to their beginning and end. */
  readonly ask: string;
  /** Fenced code and lines that look like code, cut after `maxCodeChars`. */
  readonly code: string;
  readonly codeLines: number;
  readonly codeFences: number;
  readonly logLines: number;
  readonly stackLines: number;
  readonly rowLines: number;
  readonly listItems: number;
  /** Characters of running text left out of `ask`. */
  readonly passageChars: number;
}

/** Running text longer than this may be a passage with a request before or after it. */
const maxPlainChars = 600;
/** A first or last paragraph up to this long is taken for the request. */
const maxRequestChars = 400;
/** Running text without such paragraphs is cut to its beginning and end beyond this. */
const maxAskChars = 1600;
const askHeadChars = 500;
const askTailChars = 700;
const maxCodeChars = 4096;
/** Fewer lines of this kind are quoted in passing, and the request is about them. */
const minLogLines = 3;
const minSameShape = 6;

const timestamp =
  /^\W{0,3}(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d[-/.]\d\d[-/.]\d{2,4}|\d\d:\d\d:\d\d|[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d|[IWEF]\d{4} \d\d:|\d{10,13}\b)/;
const address = /^\W{0,3}\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/;
const level = /\b(?:DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|TRACE|FATAL|CRITICAL)\b/;
const levelStart = /^\W{0,3}(?:DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|TRACE|FATAL|CRITICAL|debug|info|warn|error)\b[\]:\s]/;
const frame =
  /^\s{0,16}(?:at [^\s]{1,200}(?: \(|:\d)|File "[^"]{1,300}", line \d|#\d{1,3} {1,3}0x|goroutine \d|\.\.\. \d{1,4} more|from [^\s]{1,200}:\d)/;
const listItem = /^\s{0,12}(?:[-*•]|\d{1,3}[.)]|\(?[a-zA-Z][.)])\s/;
const codeStart =
  /^\s{0,80}(?:def |class \w|function |async |const |let |var |import |from \w[\w.]{0,80} import|#include|public |private |return\b|if ?\(|if .{1,200}:$|for ?\(|for .{1,200}:$|while .{1,200}[:{]$|elif |else:|try:|except|assert |SELECT |INSERT |CREATE TABLE|fn |func |package |@\w|<\/?[a-z][\w-]{0,40}[ >/])/;
const codeEnd = /[{};]\s{0,4}$|^\s{0,80}[)}\]]/;
const assignment = /^\s{0,80}[\w.[\]'"]{1,80} ?[-+*/|&]?= ?\S/;
const indentedCall = /^\s{2,80}[\w.]{1,80}\(.{0,400}\)$/;

type LineKind = 'ask' | 'log' | 'frame' | 'row' | 'code';

function kindOf(line: string): LineKind {
  if (line.length < 2) return 'ask';
  const head = line.length > 240 ? line.slice(0, 240) : line;
  if (frame.test(head)) return 'frame';
  if (timestamp.test(head) && (line.length > 24 || level.test(head))) return 'log';
  if (address.test(head) || levelStart.test(head)) return 'log';
  if (level.test(head.slice(0, 60)) && /\d/.test(head) && /[=[\]{}]/.test(head)) return 'log';
  if (codeStart.test(head) || codeEnd.test(head) || assignment.test(head) || indentedCall.test(head)) return 'code';
  if (isRow(head)) return 'row';
  return 'ask';
}

/** Rows of a table: at least three cells between the same separators. */
function isRow(line: string): boolean {
  return (
    countOf(line, '|') >= 3 ||
    countOf(line, '\t') >= 2 ||
    countOf(line, ';') >= 3 ||
    (countOf(line, ',') >= 3 && !/, /.test(line))
  );
}

function countOf(line: string, sign: string): number {
  let count = 0;
  for (let at = line.indexOf(sign); at >= 0; at = line.indexOf(sign, at + 1)) count += 1;
  return count;
}

interface Split {
  readonly code: string[];
  lines: Record<LineKind, string[]>;
  codeFences: number;
  listItems: number;
}

function splitLines(text: string): Split {
  const split: Split = { code: [], lines: { ask: [], log: [], frame: [], row: [], code: [] }, codeFences: 0, listItems: 0 };
  let isFenced = false;
  for (let at = 0; at <= text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end);
    at = end + 1;
    const trimmed = line.trimStart();
    if (trimmed.startsWith('```') || trimmed.startsWith('~~~')) {
      // A fence opened and closed on one line leaves the state as it is.
      if (trimmed.indexOf('```', 3) < 0) isFenced = !isFenced;
      split.codeFences += 1;
      if (trimmed.length > 12) split.code.push(trimmed);
      continue;
    }
    const kind = kindOf(line);
    if (listItem.test(line)) split.listItems += 1;
    const filed = isFenced && kind !== 'log' && kind !== 'frame' ? 'code' : kind;
    split.lines[filed].push(line);
  }
  moveRepeatedShapes(split);
  return split;
}

/** Lines with digits whose beginnings have one shape (letters, digits, signs alike) are a log or a dump in a format of its own. */
function moveRepeatedShapes(split: Split): void {
  const { ask, log } = split.lines;
  if (ask.length < minSameShape) return;
  const shapes = ask.map((line) => (line.length > 30 && /\d.*\d.*\d/.test(line.slice(0, 60)) ? shapeOf(line) : ''));
  const counts = new Map<string, number>();
  for (const shape of shapes) counts.set(shape, (counts.get(shape) ?? 0) + 1);
  const isDump = (index: number): boolean => shapes[index] !== '' && (counts.get(shapes[index] ?? '') ?? 0) >= minSameShape;
  split.lines.ask = ask.filter((_, index) => !isDump(index));
  log.push(...ask.filter((_, index) => isDump(index)));
}

/** The first signs of a line with every run of letters as `a` and of digits as `0`. */
function shapeOf(line: string): string {
  let shape = '';
  for (let at = 0; at < line.length && shape.length < 6; at += 1) {
    const code = line.charCodeAt(at);
    const kind =
      code >= 48 && code <= 57 ? '0' : (code >= 65 && code <= 90) || (code >= 97 && code <= 122) ? 'a' : line.charAt(at);
    if (!shape.endsWith(kind) || (kind !== 'a' && kind !== '0')) shape += kind;
  }
  return shape;
}

/** Splits one user turn (already sampled, at most 16 Ki characters). Linear. */
export function splitAsk(text: string): Ask {
  const split = splitLines(text);
  const { lines } = split;
  const isLogPaste = lines.log.length >= minLogLines;
  const isTable = lines.row.length >= minLogLines;
  const isCode = split.codeFences > 0 || lines.code.length >= 2;
  const ask = lines.ask.slice();
  if (!isLogPaste) ask.push(...lines.log);
  if (!isTable) ask.push(...lines.row);
  if (!isCode) ask.push(...lines.code);
  const code = isCode ? [...split.code, ...lines.code].join('\n') : '';
  const running = ask.join('\n').trim();
  const focus = dropRepeats(focusOf(running));
  return {
    // A turn of nothing but material is its own request.
    ask: stripCourtesy(running === '' ? focusOf(text.trim()) : focus),
    code: code.slice(0, maxCodeChars),
    codeLines: isCode ? lines.code.length : 0,
    codeFences: split.codeFences,
    logLines: isLogPaste ? lines.log.length : 0,
    stackLines: lines.frame.length,
    rowLines: isTable ? lines.row.length : 0,
    listItems: split.listItems,
    passageChars: running.length - (running === '' ? 0 : focus.length),
  };
}

/** Sentences shorter than this may repeat: answer options do. */
const minRepeatChars = 12;

/** The text without sentences that it has already said: repeating a demand does not make it a harder one. */
function dropRepeats(text: string): string {
  if (!mayRepeat(text)) return text;
  const said = new Set<string>();
  let kept = '';
  for (let from = 0; from < text.length;) {
    const end = sentenceEnd(text, from);
    const sentence = text.slice(from, end);
    from = end;
    const key = sentence.trim().toLowerCase();
    if (key.length >= minRepeatChars && said.has(key)) continue;
    said.add(key);
    kept += sentence;
  }
  return kept.length === text.length ? text : kept.trim();
}

/** Index behind the sentence that begins at `from`. */
function sentenceEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === 46 || sign === 33 || sign === 63 || sign === 10 || sign === 0x3002) return at + 1;
  }
  return text.length;
}

/**
 * False when no two sentences can be the same, judged by their length and three of their characters, which is cheaper than comparing
 * them. White space and letters beyond ASCII are not looked into, so such sentences always may repeat.
 */
function mayRepeat(text: string): boolean {
  const seen = new Set<number>();
  for (let from = 0; from < text.length;) {
    const end = sentenceEnd(text, from);
    let [first, last] = [from, end - 1];
    from = end;
    while (first < last && text.charCodeAt(first) <= 32) first += 1;
    while (first < last && text.charCodeAt(last) <= 32) last -= 1;
    const length = last + 1 - first;
    if (length < minRepeatChars) continue;
    const [a, b, c] = [text.charCodeAt(first), text.charCodeAt(first + (length >> 1)), text.charCodeAt(last - 1)];
    if ((a | b | c | text.charCodeAt(last)) >= 128) return true;
    // Capitals and small letters differ in one bit, which is left out.
    const key = ((length & 0x3ff) << 20) | ((a & 31) << 10) | ((b & 31) << 5) | (c & 31);
    if (seen.has(key)) return true;
    seen.add(key);
  }
  return false;
}

/** The short paragraphs at either end of a longer text; without any, the text itself, or its ends when it is very long. */
function focusOf(running: string): string {
  if (running.length <= maxPlainChars) return running;
  const blankLine = running.indexOf('\n\n');
  const separator = blankLine >= 0 ? '\n\n' : '\n';
  const firstEnd = running.indexOf(separator);
  const lastStart = running.lastIndexOf(separator);
  if (firstEnd >= 0 && (separator === '\n\n' || running.length - firstEnd > maxPlainChars)) {
    const first = firstEnd <= maxRequestChars ? running.slice(0, firstEnd) : '';
    const last = running.length - lastStart <= maxRequestChars ? running.slice(lastStart) : '';
    const middle = running.length - first.length - last.length;
    if (first + last !== '' && middle >= maxRequestChars) return requestOf(first.trim(), last.trim());
  }
  return cutMiddle(running);
}

/** Which end of a text with a passage is the request: the one that asks, else the clearly shorter one, else both. */
function requestOf(first: string, last: string): string {
  if (first === '' || last === '') return first + last;
  const firstAsks = asks(first);
  if (firstAsks !== asks(last)) return firstAsks ? first : last;
  if (first.length >= 2 * last.length) return last;
  return last.length >= 2 * first.length ? first : `${first}\n${last}`;
}

function asks(paragraph: string): boolean {
  return /[?？؟]/.test(paragraph);
}

function cutMiddle(running: string): string {
  if (running.length <= maxAskChars) return running;
  const headEnd = running.indexOf(' ', askHeadChars);
  const tailStart = running.lastIndexOf(' ', running.length - askTailChars);
  const head = headEnd < 0 || headEnd > askHeadChars + 80 ? askHeadChars : headEnd;
  const tail = tailStart < running.length - askTailChars - 80 ? running.length - askTailChars : tailStart;
  return `${running.slice(0, head)}\n${running.slice(tail)}`;
}
