/**
 * Pythonic calls (Llama 3.2, Llama 4, ToolACE): a list of calls with keyword literals, `[name(key=value), …]`, anywhere outside
 * code; all names must be declared. Llama 4's `<|python_start|>` and `<|python_end|>` around it are dropped.
 */
import type { ParsedCall } from '../call.ts';
import { type Cursor, offsetOf } from '../cursor.ts';
import { needInk, peek, type Reading, readName, skipWhitespace, takes } from '../reading.ts';
import { readKeywordArguments } from './python-literals.ts';
import { asCalls, asText, markOpen, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

const start = '<|python_start|>';
const end = '<|python_end|>';

export const pythonic: ToolFormat = {
  id: 'pythonic',
  openers: [
    { marker: start, isOutsideCode: true, read: readMarked },
    { marker: '[', unless: '\\s*[^\\s\\w.\\-\\u0080-\\uffff]', isOutsideCode: true, read: readList },
  ],
  readNext: dropEnd,
};

function* readMarked(input: Cursor, region: Region): Reading<Verdict> {
  input.at += start.length;
  yield* skipWhitespace(input);
  return (yield* peek(input)) === '[' ? yield* readList(input, region) : asText(input);
}

function* readList(input: Cursor, region: Region): Reading<Verdict> {
  input.at += 1;
  const calls: ParsedCall[] = [];
  region.completed = calls;
  for (;;) {
    if ((yield* needInk(input)) === ']' && calls.length > 0) break;
    const name = yield* readName(input);
    if (!region.tools.has(name)) return asText(input);
    if ((yield* needInk(input)) !== '(') return asText(input);
    input.at += 1;
    markOpen(region, name);
    const json = yield* readKeywordArguments(input);
    if (json === null) return asText(input);
    calls.push({ id: null, name, arguments: json });
    const next = yield* needInk(input);
    if (next === ']') break;
    if (next !== ',') return asText(input);
    input.at += 1;
  }
  input.at += 1;
  return asCalls(input, calls);
}

function* dropEnd(input: Cursor): Reading<Verdict> {
  yield* skipWhitespace(input);
  return (yield* takes(input, end)) ? asCalls(input, []) : { kind: 'text', muteUntil: offsetOf(input) };
}
