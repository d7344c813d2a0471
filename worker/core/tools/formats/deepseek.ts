/**
 * DeepSeek V3 and V3.1: a section of calls, each between its own tokens. V3 writes the type, the name and fenced JSON, V3.1 the
 * name and JSON. Sources: chat templates of deepseek-ai/DeepSeek-V3-0324 and DeepSeek-V3.1.
 */
import type { Cursor } from '../cursor.ts';
import { isNameLike } from '../declared-tool.ts';
import { endsInside, need, type Reading, readName, runOut, skipWhitespace, takes } from '../reading.ts';
import { createTokenFormat, type TokenHeader } from './token-calls.ts';
import { markOpen, type Region } from './tool-format.ts';

const separator = '<｜tool▁sep｜>';
const fence = '```';
const bracket = '{[';

export const deepseek = createTokenFormat({
  id: 'deepseek',
  sectionBegin: ['<｜tool▁calls▁begin｜>'],
  sectionEnd: ['<｜tool▁calls▁end｜>'],
  callBegin: ['<｜tool▁call▁begin｜>'],
  callEnd: '<｜tool▁call▁end｜>',
  filler: fence,
  *readHeader(input, region) {
    const header = yield* readHeader(input, region);
    return header === null && (endsInside(input, separator) || endsInside(input, fence)) ? yield* runOut() : header;
  },
});

function* readHeader(input: Cursor, region: Region): Reading<TokenHeader | null> {
  const first = yield* readName(input);
  if (!(yield* takes(input, separator))) return null;
  markOpen(region, first);
  yield* skipWhitespace(input);
  if (bracket.includes(yield* need(input))) return headerOf(first);
  const name = yield* readName(input);
  yield* need(input);
  markOpen(region, name);
  yield* skipWhitespace(input);
  if (!(yield* takes(input, fence))) return null;
  yield* takes(input, 'json');
  yield* skipWhitespace(input);
  return bracket.includes(yield* need(input)) ? headerOf(name) : null;
}

function headerOf(name: string): TokenHeader | null {
  return isNameLike(name) ? { name, id: null } : null;
}
