/**
 * Gemma 4: `<|tool_call>call:name{key:<|"|>text<|"|>,n:42,list:[true,{a:null}]}<tool_call|>`. Keys are bare, and so is everything but text;
 * a string ends at the next `<|"|>` and has no escapes. Models also write keys and strings in plain quotes, and short texts bare: those are
 * read as JSON and as text. `<|tool_response>` behind a call is where generation stops, and is dropped.
 * Sources: ai.google.dev, "Gemma 4 Prompt Formatting"; vLLM, `vllm/tool_parsers/gemma4_tool_parser.py`.
 */
import { isScalar, parseString } from '../../json/grammar.ts';
import { createMarkerSet } from '../../text/marker-set.ts';
import { type Cursor, offsetOf } from '../cursor.ts';
import { isNameLike } from '../declared-tool.ts';
import {
  need,
  peek,
  type Reading,
  readRun,
  readUntil,
  runOut,
  sees,
  skipWhitespace,
  takes,
  takesLast,
  takesOne,
} from '../reading.ts';
import { type LiteralSyntax, readLiteral } from './literals.ts';
import { asCalls, asText, markOpen, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

const open = '<|tool_call>';
const close = '<tool_call|>';
const prefix = 'call:';
const quote = '<|"|>';
const quotes = createMarkerSet([quote]);
const maxWordChars = 1000;
const maxNameChars = 256;

export const gemma4: ToolFormat = {
  id: 'gemma4',
  openers: [{ marker: open, isOutsideCode: false, read }],
  *readNext(input) {
    yield* skipWhitespace(input);
    const isEnd = (yield* takesOne(input, [close, '<|tool_response>'])) || takesLast(input, close);
    return isEnd ? asCalls(input, []) : { kind: 'text', muteUntil: 0 };
  },
};

function* read(input: Cursor, region: Region): Reading<Verdict> {
  input.at += open.length;
  yield* skipWhitespace(input);
  if (!(yield* takes(input, prefix))) return asText(input);
  markOpen(region);
  const name = (yield* readRun(input, (code) => code !== 0x7b && code !== 0x3c && code > 0x20, maxNameChars)).trim();
  yield* skipWhitespace(input);
  if ((yield* need(input)) !== '{' || !isNameLike(name)) return asText(input);
  markOpen(region, name);
  const json = yield* readLiteral(input, syntax);
  if (json === null) return asText(input);
  yield* skipWhitespace(input);
  const isClosed = yield* takes(input, close);
  if (!isClosed && !takesLast(input, close) && !(yield* sees(input, open)) && (yield* peek(input)) !== '') return asText(input);
  return { kind: 'calls', calls: [{ id: null, name, arguments: json }], resumeAt: offsetOf(input), isUnclosed: !isClosed };
}

const syntax: LiteralSyntax = {
  closers: { '[': ']', '{': '}' },
  *readAtom(input, next, isKey) {
    if (yield* takes(input, quote)) return yield* readQuoted(input);
    if (next === '"') return yield* readJsonString(input);
    const word = (yield* readRun(input, isKey ? isKeyCharacter : isWordCharacter, maxWordChars)).trim();
    if (input.at >= input.text.length) yield* need(input);
    if (word === '') return null;
    if (isKey) return JSON.stringify(word);
    // The template writes Python's name for null.
    if (word === 'None') return 'null';
    return isScalar(word) ? word : JSON.stringify(word);
  },
};

function* readQuoted(input: Cursor): Reading<string> {
  const { text, marker } = yield* readUntil(input, quotes);
  if (marker === '') return yield* runOut();
  input.at += quote.length;
  return JSON.stringify(text);
}

const stringEnds = createMarkerSet(['\\\\', '\\"', '"']);

function* readJsonString(input: Cursor): Reading<string | null> {
  let raw = '';
  input.at += 1;
  for (;;) {
    const { text, marker } = yield* readUntil(input, stringEnds);
    if (marker === '') return yield* runOut();
    input.at += marker.length;
    raw += text;
    if (marker === '"') break;
    raw += marker;
  }
  try {
    return JSON.stringify(parseString(`"${raw}"`));
  } catch {
    return null;
  }
}

function isWordCharacter(code: number): boolean {
  return code !== 0x2c && code !== 0x7d && code !== 0x5d && code !== 0x3c && code !== 0x0a;
}

function isKeyCharacter(code: number): boolean {
  return code !== 0x3a && isWordCharacter(code);
}
