/**
 * Calls in code: in a span or a block of Markdown, or in the form of a block. Models wrap calls in code, and people are shown calls in code.
 * What is quoted is a call only if it is a whole one of a declared tool, and not the example that a text explains: an example has text before
 * it and behind it, a call comes first or last. A span in a sentence is an example wherever the sentence begins.
 */
import { type Cursor, moveTo, offsetOf } from './cursor.ts';
import type { ReadCalls, Region, ToolFormat, Verdict } from './formats/tool-format.ts';
import { isNameCharacter, peek, type Reading, readRun, sees, skipWhitespace, takes } from './reading.ts';

export interface Quotation {
  readonly format: ToolFormat;
  /** The call stands in code; else it is a block of code itself. */
  readonly isInCode: boolean;
  /** It counts only if nothing but further calls follows. */
  readonly mustBeLast: boolean;
}

/** Reads as `read` does; the verdict is that of a quotation. */
export function* readQuoted(input: Cursor, region: Region, read: ReadCalls, quotation: Quotation): Reading<Verdict> {
  const first = yield* readDeclared(input, region, read, quotation);
  if (first.kind === 'text' || !quotation.mustBeLast) return first;
  let readTo = first.resumeAt;
  if (!quotation.isInCode && (yield* isInline(input, readTo))) return first;
  const whole = [...first.calls];
  for (;;) {
    moveTo(input, readTo);
    // If the text breaks off after whole calls, those stay whole.
    region.completed = whole;
    const next = yield* readFollowing(input, { ...region, completed: [] }, quotation);
    if (next === 'nothing') return { ...first, isLast: true };
    if (next.kind === 'text') return { kind: 'text', muteUntil: readTo };
    whole.push(...next.calls);
    readTo = next.resumeAt;
  }
}

function* readDeclared(input: Cursor, region: Region, read: ReadCalls, { isInCode }: Quotation): Reading<Verdict> {
  const verdict = yield* read(input, region);
  if (verdict.kind === 'text' || !isInCode) return verdict;
  const isWhole = verdict.isUnclosed !== true && verdict.calls.every(({ name }) => region.tools.has(name));
  return isWhole ? verdict : { kind: 'text', muteUntil: verdict.resumeAt };
}

/** A block whose closing fence has text behind it on its line is no block, but part of a sentence. */
function* isInline(input: Cursor, blockEnd: number): Reading<boolean> {
  moveTo(input, blockEnd);
  yield* readRun(input, isBlank, maxBlankChars);
  return !['', '\n', '\r'].includes(yield* peek(input));
}

/** What follows a call: another one, text, or nothing, fences aside. */
function* readFollowing(input: Cursor, region: Region, quotation: Quotation): Reading<Verdict | 'nothing'> {
  const { format, isInCode } = quotation;
  if (format.readNext !== undefined) {
    const from = offsetOf(input);
    const next = yield* readDeclared(input, region, format.readNext, quotation);
    if (next.kind === 'calls') return next;
    moveTo(input, from);
  }
  if (isInCode) yield* skipFences(input);
  else yield* skipWhitespace(input);
  if ((yield* peek(input)) === '') return 'nothing';
  for (const { marker, read } of format.openers) {
    if (yield* sees(input, marker)) return yield* readDeclared(input, region, read, quotation);
  }
  return { kind: 'text', muteUntil: offsetOf(input) };
}

/** White space, and backticks with the word that stands behind an opening fence on its line. */
function* skipFences(input: Cursor): Reading<void> {
  for (;;) {
    yield* skipWhitespace(input);
    if ((yield* readRun(input, isBacktick, maxBlankChars)) === '') return;
    const from = offsetOf(input);
    yield* readRun(input, isNameCharacter, maxInfoChars);
    if (!(yield* takes(input, '\n'))) return moveTo(input, from);
  }
}

const maxBlankChars = 100;
const maxInfoChars = 20;

function isBacktick(code: number): boolean {
  return code === 0x60;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
