/**
 * A Markdown code block whose whole body is a call, or an array of calls. Blocks in other languages, and blocks that hold
 * anything else, are text.
 */
import type { Cursor } from '../cursor.ts';
import { endsInside, peek, type Reading, runOut, skipWhitespace, takes } from '../reading.ts';
import { createUnmarkedCalls, readCalls, isRepairedAt } from './json-calls.ts';
import { asCalls, asText, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

const fence = '```';
const languages = ['json', 'tool_call', 'tool_code'];

export const jsonFenced: ToolFormat = {
  id: 'json_fenced',
  openers: [{ marker: fence, isOutsideCode: true, isBlock: true, read }],
};

function* read(input: Cursor, region: Region): Reading<Verdict> {
  input.at += fence.length;
  yield* skipLanguage(input);
  yield* skipWhitespace(input);
  const first = yield* peek(input);
  if (first !== '{' && first !== '[') return asText(input);
  const calls = createUnmarkedCalls(region);
  const { scan, shape } = calls;
  const status = yield* readCalls(input, region, calls);
  if (status === 'open') return yield* runOut();
  const isWhole = status === 'done' || (yield* isRepairedAt(input, scan, shape, fence));
  if (!isWhole || !shape.isCall()) return asText(input);
  yield* skipWhitespace(input, '}]');
  if (yield* takes(input, fence)) return asCalls(input, shape.calls);
  if (!endsInside(input, fence)) return asText(input);
  input.at = input.text.length;
  return asCalls(input, shape.calls);
}

/** Skips letters as long as they may still spell a language of a call. */
function* skipLanguage(input: Cursor): Reading<void> {
  let word = '';
  for (;;) {
    const next = yield* peek(input);
    const longer = word + next.toLowerCase();
    if (next === '' || !languages.some((language) => language.startsWith(longer))) return;
    word = longer;
    input.at += 1;
  }
}
