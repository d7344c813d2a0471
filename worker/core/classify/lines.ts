/** Sorts the lines of a user turn by shape alone: what is asked, log lines, stack frames, table rows, code. Ignores what the words mean. */

/** Fewer lines of one shape do not count as a dump. */
const minSameShape = 6;

const timestamp =
  /^\W{0,3}(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d[-/.]\d\d[-/.]\d{2,4}|\d\d:\d\d:\d\d|[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d|[IWEF]\d{4} \d\d:|\d{10,13}\b)/;
const address = /^\W{0,3}\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/;
const level = /\b(?:DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|TRACE|FATAL|CRITICAL)\b/;
const levelStart = /^\W{0,3}(?:DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|TRACE|FATAL|CRITICAL|debug|info|warn|error)\b[\]:\s]/;
const frame =
  /^\s{0,16}(?:at [^\s]{1,200}(?: \(|:\d)|File "[^"]{1,300}", line \d|#\d{1,3} {1,3}0x|goroutine \d|\.\.\. \d{1,4} more|from [^\s]{1,200}:\d)/;
const listItem = /^\s{0,12}(?:[-*•]|\d{1,3}[.)]|\(?[a-zA-Z][.)])\s/;
const option = /^\s{0,12}\(?[A-Ja-j][.)]\s/;
const codeStart =
  /^\s{0,80}(?:def |class \w|function |async |const |let |var |import |from \w[\w.]{0,80} import|#include|public |private |return\b|if ?\(|if .{1,200}:$|for ?\(|for .{1,200}:$|while .{1,200}[:{]$|elif |else:|try:|except|assert |SELECT |INSERT |CREATE TABLE|fn |func |package |@\w|<\/?[a-z][\w-]{0,40}[ >/])/;
const codeEnd = /[{};]\s{0,4}$|^\s{0,80}[)}\]]/;
const assignment = /^\s{0,80}[\w.[\]'"]{1,80} ?[-+*/|&]?= ?\S/;
const indentedCall = /^\s{2,80}[\w.]{1,80}\(.{0,400}\)$/;

export type LineKind = 'ask' | 'log' | 'frame' | 'row' | 'code';

/** The kind of a line, judged without its neighbours. */
export function lineKindOf(line: string): LineKind {
  if (line.length < 2) return line === '}' || line === ')' || line === ']' ? 'code' : 'ask';
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

export interface Lines {
  readonly texts: string[];
  /** One for each of `texts`. */
  readonly kinds: LineKind[];
  /** Marks of fences around code; a fence around prose counts as none. */
  codeFences: number;
  listItems: number;
  /** List items that are lettered, as the options of an exam question are. */
  options: number;
}

/** Every line of `text` in order, with its kind. Linear. */
export function fileLines(text: string): Lines {
  const lines: Lines = { texts: [], kinds: [], codeFences: 0, listItems: 0, options: 0 };
  /** Index of the first line in the fence that is open; -1 outside of one. */
  let fenceStart = -1;
  for (let at = 0; at <= text.length;) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end);
    at = end + 1;
    const trimmed = line.trimStart();
    if (trimmed.startsWith('```') || trimmed.startsWith('~~~')) {
      const isClosed = trimmed.indexOf('```', 3) >= 0;
      if (isClosed || trimmed.length > maxFenceLabelChars) put(lines, trimmed, 'code');
      if (isClosed) lines.codeFences += 1;
      else if (fenceStart < 0) fenceStart = lines.texts.length;
      else {
        closeFence(lines, fenceStart, 2);
        fenceStart = -1;
      }
      continue;
    }
    if (listItem.test(line)) {
      lines.listItems += 1;
      if (option.test(line)) lines.options += 1;
    }
    put(lines, line, lineKindOf(line));
  }
  if (fenceStart >= 0) closeFence(lines, fenceStart, 1);
  closeGaps(lines);
  fileDumps(lines);
  return lines;
}

function put(lines: Lines, text: string, kind: LineKind): void {
  lines.texts.push(text);
  lines.kinds.push(kind);
}

/** A fence of prose may have one line in this many that looks like code. */
const proseLinesPerCodeLine = 5;
const minProseWords = 6;
/** A fence's mark with the name of its language is at most this long. */
const maxFenceLabelChars = 12;

/** People also quote prose in fences: such lines keep their kind, as if there were no fence. Among code, only whole sentences do. */
function closeFence(lines: Lines, from: number, marks: number): void {
  const { texts, kinds } = lines;
  const fenced = texts.slice(from);
  const code = kinds.slice(from).filter((kind) => kind === 'code').length;
  const sentences = fenced.map(isSentence);
  if (code * proseLinesPerCodeLine <= fenced.length && sentences.includes(true)) return;
  lines.codeFences += marks;
  sentences.forEach((isProse, index) => {
    const kind = kinds[from + index];
    if (kind === 'row' || (kind === 'ask' && !isProse)) kinds[from + index] = 'code';
  });
}

/** Up to this many lines between two lines of code count as code unless one is a sentence: no pattern knows every language. */
const maxGapLines = 6;

function closeGaps({ texts, kinds }: Lines): void {
  for (let at = 0, last = -1; at < kinds.length; at += 1) {
    if (kinds[at] !== 'code') continue;
    const gap = at - last - 1;
    if (last >= 0 && gap > 0 && gap <= maxGapLines && !texts.slice(last + 1, at).some(isSentence))
      kinds.fill('code', last + 1, at);
    last = at;
  }
}

/** Several words in a row, as no code has them; or a script that code is not written in. */
function isSentence(line: string): boolean {
  if (/^\s{0,40}(?:\/\/|#|\/?\*|--|[$>%] )/.test(line)) return false;
  if (/[\u0370-\u1fff\u3040-\ud7a3]{6}/.test(line)) return true;
  const words = line.match(/(?:^|[\s"'([])[\p{L}'’-]+(?=[\s.,;:!?)"'\]]|$)/gu);
  return words !== null && words.length >= minProseWords && !/[{};]\s*$|\w\(\w*\)|=>|==/.test(line);
}

/** Lines with digits whose beginnings have one shape (letters, digits, signs alike) are a log or a dump in a custom format. */
function fileDumps({ texts, kinds }: Lines): void {
  if (texts.length < minSameShape) return;
  const shapes = texts.map((line, at) =>
    kinds[at] === 'ask' && line.length > 30 && /\d.*\d.*\d/.test(line.slice(0, 60)) ? shapeOf(line) : '',
  );
  const counts = new Map<string, number>();
  for (const shape of shapes) counts.set(shape, (counts.get(shape) ?? 0) + 1);
  shapes.forEach((shape, at) => {
    if (shape !== '' && (counts.get(shape) ?? 0) >= minSameShape) kinds[at] = 'log';
  });
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
