/**
 * Kimi K2 and K2.5: a section of calls, each `functions.name:0`, a token, the arguments as JSON, between tokens of its own. The id is that
 * header as the model wrote it, since the template puts ids back into the prompt as they are.
 * Sources: moonshotai/Kimi-K2-Instruct, `docs/tool_call_guidance.md`; the singular spelling of the section: vLLM's
 * `tests/tool_parsers/test_kimi_k2_tool_parser.py`. Ids without a name (`tool_call_1`), which quantised models write, name no tool and are text.
 */
import { isNameLike } from '../declared-tool.ts';
import { endsInside, need, readRun, runOut, skipWhitespace, takes } from '../reading.ts';
import { createTokenFormat } from './token-calls.ts';
import { markOpen } from './tool-format.ts';

const argumentBegin = '<|tool_call_argument_begin|>';
const maxHeaderChars = 300;

export const kimiK2 = createTokenFormat({
  id: 'kimi_k2',
  sectionBegin: ['<|tool_calls_section_begin|>', '<|tool_call_section_begin|>'],
  sectionEnd: ['<|tool_calls_section_end|>', '<|tool_call_section_end|>'],
  callBegin: ['<|tool_call_begin|>'],
  callEnd: '<|tool_call_end|>',
  filler: '',
  *readHeader(input, region) {
    yield* skipWhitespace(input);
    const id = (yield* readRun(input, (code) => code !== 0x3c && code > 0x20, maxHeaderChars)).trim();
    const [, name = ''] = /^(?:functions\.)?(.+):\d+$/.exec(id) ?? [];
    yield* skipWhitespace(input);
    if (!(yield* takes(input, argumentBegin))) return endsInside(input, argumentBegin) ? yield* runOut() : null;
    markOpen(region, name);
    yield* skipWhitespace(input);
    const hasBracket = '{['.includes(yield* need(input));
    return hasBracket && isNameLike(name) ? { name, id } : null;
  },
});
