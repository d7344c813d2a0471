/**
 * Llama 3: JSON objects that are calls, anywhere in the text outside code, optionally behind `<|python_tag|>` and separated by
 * `;` or white space; also the built-in tools' `<|python_tag|>name.call(key=value)`.
 */
import { type Cursor, offsetOf } from '../cursor.ts';
import { peek, type Reading, readName, runOut, skipWhitespace, takes } from '../reading.ts';
import { asAnswer, createUnmarkedCalls, readCalls } from './json-calls.ts';
import { readKeywordArguments } from './python-literals.ts';
import { asCalls, asText, markOpen, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

const tag = '<|python_tag|>';
const callSuffix = '.call';

export const llama3Json: ToolFormat = {
  id: 'llama3_json',
  openers: [
    { marker: tag, isOutsideCode: true, read: readTagged },
    { marker: '{', unless: '\\s*[^\\s"]', isOutsideCode: true, read: readObject },
  ],
  readNext: readSeparated,
};

function* readObject(input: Cursor, region: Region): Reading<Verdict> {
  const calls = createUnmarkedCalls(region);
  const status = yield* readCalls(input, region, calls);
  if (status === 'open') return yield* runOut();
  return status === 'done' && calls.shape.isCall() ? asCalls(input, calls.shape.calls) : asAnswer(input, calls);
}

function* readTagged(input: Cursor, region: Region): Reading<Verdict> {
  input.at += tag.length;
  yield* skipWhitespace(input);
  if ((yield* peek(input)) === '{') return yield* readObject(input, region);
  const path = yield* readName(input);
  const name = path.endsWith(callSuffix) ? path.slice(0, -callSuffix.length) : '';
  if (!region.tools.has(name) || !(yield* takes(input, '('))) return asText(input);
  markOpen(region, name);
  const json = yield* readKeywordArguments(input);
  return json === null ? asText(input) : asCalls(input, [{ id: null, name, arguments: json }]);
}

function* readSeparated(input: Cursor, region: Region): Reading<Verdict> {
  yield* skipWhitespace(input, ';');
  return (yield* peek(input)) === '{' ? yield* readObject(input, region) : { kind: 'text', muteUntil: offsetOf(input) };
}
