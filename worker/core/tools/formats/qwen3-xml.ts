/**
 * Qwen 3 Coder: `<tool_call><function=name><parameter=key>value</parameter>…</function></tool_call>`. The outer markers may be
 * missing, and so may a parameter's closing one. Values are plain text; the tool's schema says which of them are not strings.
 */
import type { Cursor } from '../cursor.ts';
import { type DeclaredTool, isNameLike } from '../declared-tool.ts';
import { createMarkerSet } from '../../text/marker-set.ts';
import { endsInside, need, type Reading, readName, readUntil, runOut, skipWhitespace, takes, takesLast } from '../reading.ts';
import { asCalls, asText, markOpen, type Region, type ToolFormat, type Verdict } from './tool-format.ts';
import { typedValue } from './typed-value.ts';

const outerOpen = '<tool_call>';
const outerClose = '</tool_call>';
const functionOpen = '<function=';
const functionClose = '</function>';
const parameterOpen = '<parameter=';
const parameterClose = '</parameter>';
const valueEnds = createMarkerSet([parameterClose, parameterOpen, functionClose, outerClose]);

export const qwen3Xml: ToolFormat = {
  id: 'qwen3_xml',
  openers: [
    { marker: outerOpen, isOutsideCode: false, read: readOuter },
    { marker: functionOpen, isOutsideCode: false, read: readFunction },
  ],
  readNext: dropOuterClosing,
};

function* readOuter(input: Cursor, region: Region): Reading<Verdict> {
  input.at += outerOpen.length;
  yield* skipWhitespace(input);
  return (yield* takes(input, functionOpen)) ? yield* readCall(input, region) : asText(input);
}

function* readFunction(input: Cursor, region: Region): Reading<Verdict> {
  input.at += functionOpen.length;
  return yield* readCall(input, region);
}

function* readCall(input: Cursor, region: Region): Reading<Verdict> {
  markOpen(region);
  const name = yield* readName(input);
  yield* need(input);
  if (!isNameLike(name) || !(yield* takes(input, '>'))) return asText(input);
  markOpen(region, name);
  const values = new Map<string, string>();
  const tool = region.tools.get(name);
  for (;;) {
    yield* skipWhitespace(input);
    if (yield* takes(input, parameterOpen)) {
      const isRead = yield* readParameter(input, tool, values);
      if (!isRead) return asText(input);
    } else if ((yield* takes(input, functionClose)) || (yield* takes(input, outerClose))) {
      return asCalls(input, [{ id: null, name, arguments: objectOf(values) }]);
    } else {
      const isCut = [parameterOpen, functionClose, outerClose].some((marker) => endsInside(input, marker));
      return isCut ? yield* runOut() : asText(input);
    }
  }
}

function objectOf(values: ReadonlyMap<string, string>): string {
  const members = [...values].map(([key, value]) => `${JSON.stringify(key)}: ${value}`);
  return `{${members.join(', ')}}`;
}

/** Reads one parameter from behind its opening marker's `=`; false when it is none. */
function* readParameter(input: Cursor, tool: DeclaredTool | undefined, values: Map<string, string>): Reading<boolean> {
  const key = yield* readName(input);
  yield* need(input);
  if (key === '' || !(yield* takes(input, '>'))) return false;
  const { text, marker } = yield* readUntil(input, valueEnds);
  if (marker === '') return yield* runOut();
  if (marker === parameterClose) input.at += parameterClose.length;
  values.set(key, typedValue(text.replace(/^\r?\n/, '').replace(/\r?\n$/, ''), tool?.parameters, key));
  return true;
}

function* dropOuterClosing(input: Cursor): Reading<Verdict> {
  yield* skipWhitespace(input);
  const isHere = (yield* takes(input, outerClose)) || takesLast(input, outerClose);
  return isHere ? asCalls(input, []) : { kind: 'text', muteUntil: 0 };
}
