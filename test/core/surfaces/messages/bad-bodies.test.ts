/** Bodies that are refused, and the field that each is refused by. */
import { describe, expect, it, test } from 'vitest';
import { type BadBody, bodyWith, expectRefused, hello, read, weather } from './reading.ts';

const pixel = 'iVBORw0KGgo=';
const text = (value: string) => ({ type: 'text', text: value });
const user = (...content: unknown[]) => ({ messages: [{ role: 'user', content }] });
const call = { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Oslo' } };
const result = (content: unknown) => ({ type: 'tool_result', tool_use_id: 'toolu_1', content });

describe('are refused by name', () => {
  const { max_tokens: _, ...unlimited } = bodyWith();
  const rows: readonly BadBody[] = [
    ['no JSON', '{"model":', 'invalid_json', undefined],
    ['a list', '[]', 'invalid_request', undefined],
    ['no max_tokens', unlimited, 'missing_field', 'max_tokens'],
    ['max_tokens null', bodyWith({ max_tokens: null }), 'missing_field', 'max_tokens'],
    ['max_tokens -1', bodyWith({ max_tokens: -1 }), 'invalid_value', 'max_tokens'],
    ['no answer, streamed', bodyWith({ max_tokens: 0, stream: true }), 'invalid_value', 'stream'],
    ['no answer, thought about', bodyWith({ max_tokens: 0, thinking: { type: 'enabled' } }), 'invalid_value', 'thinking'],
    [
      'no answer of a form',
      bodyWith({ max_tokens: 0, output_config: { format: { type: 'json_schema', schema: {} } } }),
      'invalid_value',
      'output_config.format',
    ],
    [
      'no answer and a demanded call',
      bodyWith({ max_tokens: 0, tools: [weather], tool_choice: { type: 'any' } }),
      'invalid_value',
      'tool_choice',
    ],
    ['max_tokens as text', bodyWith({ max_tokens: '5' }), 'invalid_value', 'max_tokens'],
    ['no messages', bodyWith({ messages: undefined }), 'missing_field', 'messages'],
    ['an empty list of messages', bodyWith({ messages: [] }), 'invalid_value', 'messages'],
    ['a message without role', bodyWith({ messages: [{ content: 'x' }] }), 'missing_field', 'messages.0.role'],
    ['a message of a tool', bodyWith({ messages: [{ role: 'tool', content: 'x' }] }), 'invalid_value', 'messages.0.role'],
    ['a message without content', bodyWith({ messages: [{ role: 'user' }] }), 'missing_field', 'messages.0.content'],
    [
      'a number for content',
      bodyWith({ messages: [hello, { role: 'user', content: 7 }] }),
      'invalid_value',
      'messages.1.content',
    ],
    ['a block of unknown type', bodyWith(user({ type: 'video' })), 'invalid_value', 'messages.0.content.0.type'],
    ['a text without text', bodyWith(user({ type: 'text' })), 'missing_field', 'messages.0.content.0.text'],
    ['a call of the user', bodyWith(user(call)), 'invalid_value', 'messages.0.content.0.type'],
    ['a result without its call', bodyWith(user({ type: 'tool_result' })), 'missing_field', 'messages.0.content.0.tool_use_id'],
    [
      'an image of no known kind',
      bodyWith(user({ type: 'image', source: { type: 'base64', media_type: 'image/tiff', data: pixel } })),
      'invalid_value',
      'messages.0.content.0.source.media_type',
    ],
    [
      'an image in a private network',
      bodyWith(user({ type: 'image', source: { type: 'url', url: 'https://10.0.0.1/a.png' } })),
      'invalid_value',
      'messages.0.content.0.source.url',
    ],
    [
      'an image in a private network, in a result',
      bodyWith(user(result([{ type: 'image', source: { type: 'url', url: 'http://metadata.internal/' } }]))),
      'invalid_value',
      'messages.0.content.0.content.0.source.url',
    ],
    [
      'an image that is a file of the vendor’s',
      bodyWith(user({ type: 'image', source: { type: 'file', file_id: 'f' } })),
      'unsupported_parameter',
      'messages.0.content.0.source',
    ],
    [
      'a PDF',
      bodyWith(user({ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'x' } })),
      'unsupported_parameter',
      'messages.0.content.0.source',
    ],
    ['a tool without a name', bodyWith({ tools: [{ input_schema: {} }] }), 'missing_field', 'tools.0.name'],
    ['a tool with a control character', bodyWith({ tools: [{ name: 'a\nb' }] }), 'invalid_value', 'tools.0.name'],
    ['two tools of one name', bodyWith({ tools: [weather, weather] }), 'invalid_value', 'tools.1.name'],
    [
      'a tool of chat completions',
      bodyWith({ tools: [{ type: 'custom', name: 'x', function: { name: 'x' } }] }),
      'unsupported_parameter',
      'tools.0.function',
    ],
    ['a choice without tools', bodyWith({ tool_choice: { type: 'any' } }), 'invalid_value', 'tool_choice'],
    [
      'a choice of no tool',
      bodyWith({ tools: [weather], tool_choice: { type: 'tool', name: 'x' } }),
      'invalid_value',
      'tool_choice.name',
    ],
    ['a choice of OpenAI’s', bodyWith({ tools: [weather], tool_choice: 'auto' }), 'invalid_value', 'tool_choice'],
    ['a negative temperature', bodyWith({ temperature: -1 }), 'invalid_value', 'temperature'],
    ['an unknown thinking', bodyWith({ thinking: { type: 'deep' } }), 'invalid_value', 'thinking.type'],
    [
      'two formats',
      bodyWith({
        output_format: { type: 'json_schema', schema: {} },
        output_config: { format: { type: 'json_schema', schema: {} } },
      }),
      'invalid_value',
      'output_format',
    ],
    ['stop of chat completions', bodyWith({ stop: ['x'] }), 'unsupported_parameter', 'stop'],
    ['two answers', bodyWith({ n: 2 }), 'unsupported_parameter', 'n'],
    ['a container', bodyWith({ container: 'c' }), 'unsupported_parameter', 'container'],
    ['too many messages', bodyWith({ messages: Array.from({ length: 2001 }, () => hello) }), 'invalid_value', 'messages'],
    ['too many blocks', bodyWith(user(...Array.from({ length: 65 }, () => text('x')))), 'invalid_value', 'messages.0.content'],
    [
      'too many blocks of a result',
      bodyWith(user(result(Array.from({ length: 65 }, () => text('x'))))),
      'invalid_value',
      'messages.0.content',
    ],
    ['too many stop sequences', bodyWith({ stop_sequences: ['1', '2', '3', '4', '5'] }), 'invalid_value', 'stop_sequences'],
    ['too many tools', bodyWith({ tools: Array.from({ length: 129 }, () => weather) }), 'invalid_value', 'tools'],
    ['too deep', `{"metadata":${'['.repeat(300)}${']'.repeat(300)}}`, 'request_too_complex', undefined],
  ];
  test.each(rows)('%s', expectRefused);

  it('end at the first bad block of millions', () => {
    const blocks = Array.from({ length: 60 }, () => ({ type: 'text' }));
    const messages = Array.from({ length: 2000 }, () => ({ role: 'user', content: blocks }));
    expect(read(bodyWith({ messages }))).toMatchObject({ ok: false, failure: { param: 'messages.0.content.0.text' } });
  });
});
