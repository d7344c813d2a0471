/**
 * gpt-oss (Harmony): a message with a recipient is a call, `<|channel|>commentary to=functions.name <|constrain|>json<|message|>{…}<|call|>`.
 * The other messages of an answer (analysis, final, preambles) are read by the reasoning `harmony`, which hands those with a recipient on
 * as they came. `<|call|>` is where generation stops, so servers leave it out as a rule.
 * Source: openai/harmony, `docs/format.md`. Recipients without the namespace `functions` are surfaced under the name they are given.
 */
import { isNameLike } from '../declared-tool.ts';
import { harmonyChannel, harmonyStart, readHarmonyHeader } from '../harmony-header.ts';
import { need, runOut, skipWhitespace } from '../reading.ts';
import { createTokenFormat } from './token-calls.ts';
import { markOpen } from './tool-format.ts';

export const harmony = createTokenFormat({
  id: 'harmony',
  sectionBegin: [],
  sectionEnd: ['<|end|>', '<|return|>'],
  callBegin: [harmonyStart, harmonyChannel],
  callEnd: '<|call|>',
  filler: '',
  *readHeader(input, region) {
    const header = yield* readHarmonyHeader(input);
    if (header === 'cut') return yield* runOut();
    if (header === null || header.tool === null) return null;
    const { tool: name } = header;
    markOpen(region, name);
    yield* skipWhitespace(input);
    const hasBracket = '{['.includes(yield* need(input));
    return hasBracket && isNameLike(name) ? { name, id: null } : null;
  },
});
