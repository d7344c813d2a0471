/**
 * No markup at all: the message starts with a call in JSON, an array of calls, or several in a row. Everything else, and what
 * follows, is text. This is also what guided decoding for tool_choice `required` produces.
 */
import type { Cursor } from '../cursor.ts';
import { peek, type Reading, runOut, skipWhitespace } from '../reading.ts';
import { asAnswer, createUnmarkedCalls, readCalls } from './json-calls.ts';
import { asCalls, asText, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

export const jsonBare: ToolFormat = { id: 'json_bare', openers: [], readStart: read, readNext: read };

function* read(input: Cursor, region: Region): Reading<Verdict> {
  yield* skipWhitespace(input);
  const first = yield* peek(input);
  if (first !== '{' && first !== '[') return asText(input);
  const calls = createUnmarkedCalls(region);
  const status = yield* readCalls(input, region, calls);
  if (status === 'open') return yield* runOut();
  return status === 'done' && calls.shape.isCall() ? asCalls(input, calls.shape.calls) : asAnswer(input, calls);
}
