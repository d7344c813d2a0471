/** Wrong bodies of the Responses API: each is refused, and the field is named as its client wrote it. */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../shared/errors.ts';
import { responsesSurface } from '../../../worker/core/surfaces/responses/responses-surface.ts';
import { configWith } from '../../support/fakes/config.ts';
import { limits } from './chat-bodies.ts';

const settings = { ...configWith({}), limits };
function read(body: unknown) {
  return responsesSurface.read(typeof body === 'string' ? body : JSON.stringify(body), settings);
}

const look = { type: 'function', name: 'look', description: 'Looks', parameters: { type: 'object' }, strict: true };
const picture = 'data:image/png;base64,AAAA';

describe('a wrong body is refused, and the field is named:', () => {
  const part = (content: unknown) => ({ input: [{ role: 'user', content }] });
  const cases: readonly (readonly [what: string, body: unknown, code: ErrorCode, param: string | undefined])[] = [
    ['not JSON', '{', 'invalid_json', undefined],
    ['a list', '[]', 'invalid_request', undefined],
    ['no input', {}, 'missing_field', 'input'],
    ['an empty text', { input: '' }, 'invalid_value', 'input'],
    ['an empty list', { input: [] }, 'invalid_value', 'input'],
    ['a number as input', { input: 7 }, 'invalid_value', 'input'],
    ['an item that is none', { input: [7] }, 'invalid_value', 'input.0'],
    ['an item of no type and no role', { input: [{}] }, 'missing_field', 'input.0.role'],
    ['an item of an unknown type', { input: [{ type: 'poem' }] }, 'invalid_value', 'input.0.type'],
    [
      'an order to shorten the conversation',
      { input: [{ type: 'compaction_trigger' }] },
      'unsupported_parameter',
      'input.0.type',
    ],
    ['an unknown role', { input: [{ role: 'king', content: 'x' }] }, 'invalid_value', 'input.0.role'],
    ['a message without content', { input: [{ role: 'user' }] }, 'missing_field', 'input.0.content'],
    ['a message of no parts', part([]), 'invalid_value', 'input.0.content'],
    ['a part of an unknown type', part([{ type: 'smell' }]), 'invalid_value', 'input.0.content.0.type'],
    ['a file', part([{ type: 'input_file', file_id: 'f' }]), 'unsupported_parameter', 'input.0.content.0.type'],
    ['audio', part([{ type: 'input_audio' }]), 'unsupported_parameter', 'input.0.content.0.type'],
    ['a picture in a file', part([{ type: 'input_image', file_id: 'f' }]), 'unsupported_parameter', 'input.0.content.0.file_id'],
    ['a picture without an address', part([{ type: 'input_image' }]), 'missing_field', 'input.0.content.0.image_url'],
    [
      'a picture in a private network',
      part([{ type: 'input_image', image_url: 'http://10.0.0.1/' }]),
      'invalid_value',
      'input.0.content.0.image_url',
    ],
    [
      'a picture of the system',
      { input: [{ role: 'system', content: [{ type: 'input_image', image_url: picture }] }] },
      'invalid_value',
      'input.0.content.0.type',
    ],
    ['a call without a name', { input: [{ type: 'function_call', call_id: 'c' }] }, 'missing_field', 'input.0.name'],
    ['a call without an id', { input: [{ type: 'function_call', name: 'n' }] }, 'missing_field', 'input.0.call_id'],
    [
      'an output without its call',
      { input: [{ type: 'function_call_output', output: 'x' }] },
      'missing_field',
      'input.0.call_id',
    ],
    ['an output without output', { input: [{ type: 'function_call_output', call_id: 'c' }] }, 'missing_field', 'input.0.output'],
    ['a reference to nothing of ours', { input: [{ type: 'item_reference', id: 'msg_abc' }] }, 'not_found', 'input.0.id'],
    [
      'a response that is none of ours',
      { input: 'x', previous_response_id: 'abc' },
      'previous_response_not_found',
      'previous_response_id',
    ],
    ['a model that is no text', { input: 'x', model: 7 }, 'invalid_value', 'model'],
    ['instructions that are no text', { input: 'x', instructions: [] }, 'invalid_value', 'instructions'],
    ['a tool without a name', { input: 'x', tools: [{ type: 'function' }] }, 'missing_field', 'tools.0.name'],
    [
      'a second tool that is wrong behind one that was left out',
      { input: 'x', tools: [{ type: 'mcp' }, { type: 'function', name: 7 }] },
      'invalid_value',
      'tools.1.name',
    ],
    ['two tools of one name', { input: 'x', tools: [look, look] }, 'invalid_value', 'tools.1.name'],
    ['parameters that are no object', { input: 'x', tools: [{ ...look, parameters: 7 }] }, 'invalid_value', 'tools.0.parameters'],
    [
      'too many tools',
      { input: 'x', tools: Array.from({ length: 129 }, (_, i) => ({ ...look, name: `t${i}` })) },
      'invalid_value',
      'tools',
    ],
    ['a choice without tools', { input: 'x', tool_choice: 'required' }, 'invalid_value', 'tool_choice'],
    [
      'a choice that needs the tools that were left out',
      { input: 'x', tools: [{ type: 'mcp' }], tool_choice: 'required' },
      'invalid_value',
      'tool_choice',
    ],
    [
      'a choice of no offered tool',
      { input: 'x', tools: [look], tool_choice: { type: 'function', name: 'x' } },
      'invalid_value',
      'tool_choice.name',
    ],
    [
      'an allowed tool that is not offered',
      {
        input: 'x',
        tools: [look],
        tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'x' }] },
      },
      'invalid_value',
      'tool_choice.tools.0.name',
    ],
    [
      'a demanded call of tools that only a vendor runs',
      { input: 'x', tools: [look], tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'web_search' }] } },
      'invalid_value',
      'tool_choice.tools',
    ],
    ['an unknown choice', { input: 'x', tools: [look], tool_choice: 'maybe' }, 'invalid_value', 'tool_choice'],
    ['an unknown format', { input: 'x', text: { format: { type: 'xml' } } }, 'invalid_value', 'text.format.type'],
    [
      'a format without a schema',
      { input: 'x', text: { format: { type: 'json_schema', name: 'n' } } },
      'missing_field',
      'text.format.schema',
    ],
    [
      'a format without a name',
      { input: 'x', text: { format: { type: 'json_schema', schema: {} } } },
      'missing_field',
      'text.format.name',
    ],
    ['an unknown effort', { input: 'x', reasoning: { effort: 'huge' } }, 'invalid_value', 'reasoning.effort'],
    ['no tokens', { input: 'x', max_output_tokens: 0 }, 'invalid_value', 'max_output_tokens'],
    ['a cold temperature', { input: 'x', temperature: -1 }, 'invalid_value', 'temperature'],
    ['too much of top_p', { input: 'x', top_p: 2 }, 'invalid_value', 'top_p'],
    ['too many alternatives', { input: 'x', top_logprobs: 21 }, 'invalid_value', 'top_logprobs'],
    ['a truncation that is none', { input: 'x', truncation: 'middle' }, 'invalid_value', 'truncation'],
    ['include that is no list', { input: 'x', include: 'all' }, 'invalid_value', 'include'],
    ['metadata that is no object', { input: 'x', metadata: [] }, 'invalid_value', 'metadata'],
    ['store that is no flag', { input: 'x', store: 'yes' }, 'invalid_value', 'store'],
    ['stream that is no flag', { input: 'x', stream: 1 }, 'invalid_value', 'stream'],
    ['background', { input: 'x', background: true }, 'unsupported_parameter', 'background'],
    ['a stored prompt', { prompt: { id: 'p' } }, 'unsupported_parameter', 'prompt'],
    ['a conversation', { input: 'x', conversation: 'c' }, 'unsupported_parameter', 'conversation'],
    [
      'context management',
      { input: 'x', context_management: [{ type: 'compaction' }] },
      'unsupported_parameter',
      'context_management',
    ],
    ['chat’s messages', { messages: [], input: 'x', max_tokens: 5 }, 'unsupported_parameter', 'max_tokens'],
    ['chat’s format', { input: 'x', response_format: { type: 'text' } }, 'unsupported_parameter', 'response_format'],
  ];
  it.each(cases)('%s', (_what, body, code, param) => {
    const result = read(body);
    expect(result).toMatchObject({ ok: false, failure: { code } });
    expect(result.ok ? null : result.failure.param).toBe(param);
  });

  it.each([
    ['messages.0.content', 'input.0.content'],
    ['messages', 'input'],
    ['response_format.json_schema.schema', 'text.format.schema'],
    ['model', 'model'],
  ])('what others call %s is %s', (param, own) => {
    const text = responsesSurface.writeError({ code: 'context_length_exceeded', param, detail: 'too long' }, null, 'r');
    expect(JSON.parse(text).error).toMatchObject({ code: 'context_length_exceeded', param: own });
  });
});
