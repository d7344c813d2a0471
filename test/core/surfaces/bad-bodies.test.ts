/** Every way a body can be refused: the code and the field a client is told. */
import { describe, expect, it } from 'vitest';
import { parseChatRequest } from '../../../worker/core/surfaces/chat/chat-request.ts';
import {
  type BadBody as Row,
  bodyWith,
  expectRefused as check,
  hello,
  limits,
  nested,
  timesOf,
  toolNamed,
  userParts,
  weather,
} from './chat-bodies.ts';

const notAnObject: Row[] = [
  ['no body at all', '', 'invalid_json', undefined],
  ['nothing but white space', ' \n\t ', 'invalid_json', undefined],
  ['text that is not JSON', 'messages=hello', 'invalid_json', undefined],
  ['JSON cut in the middle', '{"messages":[{"role":"user","content":"he', 'invalid_json', undefined],
  ['JSON with something behind it', '{"messages":[]} x', 'invalid_json', undefined],
  ['single quotes', "{'messages':[]}", 'invalid_json', undefined],
  ['a trailing comma', '{"messages":[{"role":"user","content":"x"}],}', 'invalid_json', undefined],
  ['NaN', '{"messages":[{"role":"user","content":"x"}],"temperature":NaN}', 'invalid_json', undefined],
  ['an array', [hello], 'invalid_request', undefined],
  ['a string', '"hello"', 'invalid_request', undefined],
  ['a number', '5', 'invalid_request', undefined],
  ['null', 'null', 'invalid_request', undefined],
];

const messages: Row[] = [
  ['no messages', { model: 'auto' }, 'missing_field', 'messages'],
  ['messages null', { messages: null }, 'missing_field', 'messages'],
  ['messages as text', { messages: 'hello' }, 'invalid_value', 'messages'],
  ['messages as an object', { messages: { 0: hello } }, 'invalid_value', 'messages'],
  ['empty messages', { messages: [] }, 'invalid_value', 'messages'],
  ['a message that is a string', { messages: ['hello'] }, 'invalid_value', 'messages.0'],
  ['a message that is null', { messages: [hello, null] }, 'invalid_value', 'messages.1'],
  ['a message without role', { messages: [{ content: 'x' }] }, 'missing_field', 'messages.0.role'],
  ['an unknown role', { messages: [hello, { role: 'robot', content: 'x' }] }, 'invalid_value', 'messages.1.role'],
  ['the legacy function role', { messages: [{ role: 'function', name: 'f', content: 'x' }] }, 'invalid_value', 'messages.0.role'],
  ['a role in capitals', { messages: [{ role: 'User', content: 'x' }] }, 'invalid_value', 'messages.0.role'],
  ['a user without content', { messages: [{ role: 'user' }] }, 'missing_field', 'messages.0.content'],
  ['user content null', { messages: [{ role: 'user', content: null }] }, 'invalid_value', 'messages.0.content'],
  ['user content a number', { messages: [{ role: 'user', content: 5 }] }, 'invalid_value', 'messages.0.content'],
  ['user content an object', { messages: [{ role: 'user', content: {} }] }, 'invalid_value', 'messages.0.content'],
  ['no content parts', userParts(), 'invalid_value', 'messages.0.content'],
  ['a part that is a string', userParts('hello'), 'invalid_value', 'messages.0.content.0'],
  ['an unknown part', userParts({ type: 'smell' }), 'invalid_value', 'messages.0.content.0.type'],
  ['audio', userParts({ type: 'input_audio', input_audio: {} }), 'unsupported_parameter', 'messages.0.content.0.type'],
  ['a part without type', userParts({ text: 'x' }), 'missing_field', 'messages.0.content.0.type'],
  ['a text part without text', userParts({ type: 'text' }), 'missing_field', 'messages.0.content.0.text'],
  ['an image part without image_url', userParts({ type: 'image_url' }), 'missing_field', 'messages.0.content.0.image_url'],
  [
    'an image part whose image_url is text',
    userParts({ type: 'image_url', image_url: 'https://a.example/a.png' }),
    'invalid_value',
    'messages.0.content.0.image_url',
  ],
  [
    'an image without url',
    userParts({ type: 'image_url', image_url: {} }),
    'missing_field',
    'messages.0.content.0.image_url.url',
  ],
  [
    'an image in a system message',
    { messages: [{ role: 'system', content: [{ type: 'image_url', image_url: { url: 'https://a.example/a.png' } }] }] },
    'invalid_value',
    'messages.0.content.0.type',
  ],
  ['a tool result without its call', { messages: [{ role: 'tool', content: '{}' }] }, 'missing_field', 'messages.0.tool_call_id'],
  [
    'a tool call without id',
    { messages: [{ role: 'assistant', tool_calls: [{ type: 'function', function: { name: 'f', arguments: '{}' } }] }] },
    'missing_field',
    'messages.0.tool_calls.0.id',
  ],
  [
    'a tool call whose id is null',
    { messages: [{ role: 'assistant', tool_calls: [{ id: null, type: 'function', function: { name: 'f', arguments: '{}' } }] }] },
    'missing_field',
    'messages.0.tool_calls.0.id',
  ],
  [
    'tool arguments as a number',
    { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: 5 } }] }] },
    'invalid_value',
    'messages.0.tool_calls.0.function.arguments',
  ],
  ['a name that is a number', { messages: [{ ...hello, name: 5 }] }, 'invalid_value', 'messages.0.name'],
  [
    'an image inside a private network in a tool result',
    {
      messages: [
        {
          role: 'tool',
          tool_call_id: 'a',
          content: [{ type: 'image_url', image_url: { url: 'https://169.254.169.254/latest' } }],
        },
      ],
    },
    'invalid_value',
    'messages.0.content.0.image_url.url',
  ],
];

const counts: Row[] = [
  ['2,001 messages', { messages: timesOf(2001, hello) }, 'invalid_value', 'messages'],
  [
    '65 content parts',
    { messages: [hello, { role: 'user', content: timesOf(65, { type: 'text', text: 'x' }) }] },
    'invalid_value',
    'messages.1.content',
  ],
  [
    '129 tools',
    bodyWith({ tools: timesOf(129, 0).map((_, i) => ({ type: 'function', function: { name: `f${i}` } })) }),
    'invalid_value',
    'tools',
  ],
  [
    '129 tool calls in one message',
    {
      messages: [
        { role: 'assistant', tool_calls: timesOf(129, { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }) },
      ],
    },
    'invalid_value',
    'messages.0.tool_calls',
  ],
  ['5 stop sequences', bodyWith({ stop: timesOf(5, 'x') }), 'invalid_value', 'stop'],
  [
    '1,025 biased tokens',
    bodyWith({ logit_bias: Object.fromEntries(timesOf(1025, 0).map((_, i) => [i, 1])) }),
    'invalid_value',
    'logit_bias',
  ],
  [
    '1,025 metadata entries',
    bodyWith({ metadata: Object.fromEntries(timesOf(1025, 0).map((_, i) => [i, ''])) }),
    'invalid_value',
    'metadata',
  ],
  ['65 levels of nesting', `{"messages":${nested(64)}}`, 'request_too_complex', undefined],
  ['200,000 levels of nesting', nested(200_000), 'request_too_complex', undefined],
  ['200,000 levels without an end', '{"a":'.repeat(200_000), 'request_too_complex', undefined],
  [
    '200,000 levels in a tool schema',
    `{"messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":{"a":${nested(200_000)}}}}]}`,
    'request_too_complex',
    undefined,
  ],
];

const sampling: Row[] = [
  ['temperature below 0', bodyWith({ temperature: -0.01 }), 'invalid_value', 'temperature'],
  ['temperature as text', bodyWith({ temperature: '1' }), 'invalid_value', 'temperature'],
  [
    'temperature beyond the doubles',
    '{"messages":[{"role":"user","content":"x"}],"temperature":1e400}',
    'invalid_value',
    'temperature',
  ],
  ['top_p 0', bodyWith({ top_p: 0 }), 'invalid_value', 'top_p'],
  ['top_p above 1', bodyWith({ top_p: 1.01 }), 'invalid_value', 'top_p'],
  ['top_k below -1', bodyWith({ top_k: -2 }), 'invalid_value', 'top_k'],
  ['top_k with a fraction', bodyWith({ top_k: 1.5 }), 'invalid_value', 'top_k'],
  ['min_p above 1', bodyWith({ min_p: 1.1 }), 'invalid_value', 'min_p'],
  ['repetition_penalty 0', bodyWith({ repetition_penalty: 0 }), 'invalid_value', 'repetition_penalty'],
  ['presence_penalty below -2', bodyWith({ presence_penalty: -2.1 }), 'invalid_value', 'presence_penalty'],
  ['frequency_penalty above 2', bodyWith({ frequency_penalty: 2.1 }), 'invalid_value', 'frequency_penalty'],
  ['n 0', bodyWith({ n: 0 }), 'invalid_value', 'n'],
  ['n 5', bodyWith({ n: 5 }), 'invalid_value', 'n'],
  ['n a million', bodyWith({ n: 1_000_000 }), 'invalid_value', 'n'],
  ['n with a fraction', bodyWith({ n: 1.5 }), 'invalid_value', 'n'],
  ['a seed with a fraction', bodyWith({ seed: 0.5 }), 'invalid_value', 'seed'],
  ['stop a number', bodyWith({ stop: 5 }), 'invalid_value', 'stop'],
  ['an empty stop sequence', bodyWith({ stop: '' }), 'invalid_value', 'stop'],
  ['an empty stop sequence in the list', bodyWith({ stop: ['a', ''] }), 'invalid_value', 'stop.1'],
  ['max_tokens 0', bodyWith({ max_tokens: 0 }), 'invalid_value', 'max_tokens'],
  ['max_tokens negative', bodyWith({ max_tokens: -1 }), 'invalid_value', 'max_tokens'],
  ['max_tokens as text', bodyWith({ max_tokens: '100' }), 'invalid_value', 'max_tokens'],
  ['max_tokens beyond every model', bodyWith({ max_tokens: 10_000_001 }), 'invalid_value', 'max_tokens'],
  [
    'max_completion_tokens beyond every model',
    bodyWith({ max_completion_tokens: 1e9 }),
    'invalid_value',
    'max_completion_tokens',
  ],
  ['max_tokens beyond safe integers', bodyWith({ max_tokens: 1e300 }), 'invalid_value', 'max_tokens'],
  ['a biased token that is no number', bodyWith({ logit_bias: { hello: 1 } }), 'invalid_value', 'logit_bias.hello'],
  ['a bias above 100', bodyWith({ logit_bias: { 50256: 101 } }), 'invalid_value', 'logit_bias.50256'],
  ['a bias as text', bodyWith({ logit_bias: { 50256: '-100' } }), 'invalid_value', 'logit_bias.50256'],
  ['logprobs a number', bodyWith({ logprobs: 5 }), 'invalid_value', 'logprobs'],
  ['top_logprobs without logprobs', bodyWith({ top_logprobs: 2 }), 'invalid_value', 'top_logprobs'],
  ['top_logprobs 21', bodyWith({ logprobs: true, top_logprobs: 21 }), 'invalid_value', 'top_logprobs'],
  ['stream as text', bodyWith({ stream: 'true' }), 'invalid_value', 'stream'],
  ['stream_options as true', bodyWith({ stream: true, stream_options: true }), 'invalid_value', 'stream_options'],
  ['an unknown reasoning_effort', bodyWith({ reasoning_effort: 'extreme' }), 'invalid_value', 'reasoning_effort'],
  ['an empty model', bodyWith({ model: '' }), 'invalid_value', 'model'],
  ['a model of 257 characters', bodyWith({ model: 'm'.repeat(257) }), 'invalid_value', 'model'],
  ['metadata as a list', bodyWith({ metadata: ['a'] }), 'invalid_value', 'metadata'],
  ['template arguments as a list', bodyWith({ chat_template_kwargs: ['a'] }), 'invalid_value', 'chat_template_kwargs'],
  ['a stop token below 0', bodyWith({ stop_token_ids: [5, -1] }), 'invalid_value', 'stop_token_ids.1'],
  ['more stop tokens than a server survives', bodyWith({ stop_token_ids: timesOf(129, 1) }), 'invalid_value', 'stop_token_ids'],
  [
    'more allowed tokens than a server survives',
    bodyWith({ allowed_token_ids: timesOf(1025, 1) }),
    'invalid_value',
    'allowed_token_ids',
  ],
  ['a stop token of no vocabulary', bodyWith({ stop_token_ids: [10_000_000] }), 'invalid_value', 'stop_token_ids.0'],
  ['more tokens at least than at most', bodyWith({ min_tokens: 11, max_tokens: 10 }), 'invalid_value', 'min_tokens'],
  ['the same by the newer name', bodyWith({ min_tokens: 11, max_completion_tokens: 10 }), 'invalid_value', 'min_tokens'],
  ['stop tokens as text', bodyWith({ stop_token_ids: '5' }), 'invalid_value', 'stop_token_ids'],
  ['an allowed token with a fraction', bodyWith({ allowed_token_ids: [0.5] }), 'invalid_value', 'allowed_token_ids.0'],
  ['bad words as a text', bodyWith({ bad_words: 'a' }), 'invalid_value', 'bad_words'],
  ['a bad word that is empty', bodyWith({ bad_words: [''] }), 'invalid_value', 'bad_words.0'],
  ['a flag in words', bodyWith({ include_stop_str_in_output: 'yes' }), 'invalid_value', 'include_stop_str_in_output'],
];

const tools: Row[] = [
  ['a tool of unknown type', bodyWith({ tools: [{ type: 'web_search' }] }), 'unsupported_parameter', 'tools.0.type'],
  ['a tool without function', bodyWith({ tools: [{ type: 'function' }] }), 'missing_field', 'tools.0.function'],
  ['a tool without name', bodyWith({ tools: [{ type: 'function', function: {} }] }), 'missing_field', 'tools.0.function.name'],
  [
    'a tool name with a line break',
    bodyWith({ tools: [{ type: 'function', function: { name: 'get\nweather' } }] }),
    'invalid_value',
    'tools.0.function.name',
  ],
  ['a tool without a name in it', bodyWith({ tools: [toolNamed('')] }), 'invalid_value', 'tools.0.function.name'],
  ['half a character in a tool name', bodyWith({ tools: [toolNamed('a\ud83d')] }), 'invalid_value', 'tools.0.function.name'],
  ['a tool name of 257 characters', bodyWith({ tools: [toolNamed('f'.repeat(257))] }), 'invalid_value', 'tools.0.function.name'],
  [
    'tool parameters as text',
    bodyWith({ tools: [{ type: 'function', function: { name: 'f', parameters: '{}' } }] }),
    'invalid_value',
    'tools.0.function.parameters',
  ],
  ['two tools of the same name', bodyWith({ tools: [weather, weather] }), 'invalid_value', 'tools.1.function.name'],
  ['an unknown tool_choice', bodyWith({ tools: [weather], tool_choice: 'maybe' }), 'invalid_value', 'tool_choice'],
  ['tool_choice required and tools null', bodyWith({ tools: null, tool_choice: 'required' }), 'invalid_value', 'tool_choice'],
  ['tool_choice required without tools', bodyWith({ tool_choice: 'required' }), 'invalid_value', 'tool_choice'],
  [
    'a named tool_choice without tools',
    bodyWith({ tool_choice: { type: 'function', function: { name: 'f' } } }),
    'invalid_value',
    'tool_choice',
  ],
  [
    'a tool_choice that names no tool',
    bodyWith({ tools: [weather], tool_choice: { type: 'function' } }),
    'missing_field',
    'tool_choice.function',
  ],
  [
    'a tool_choice for a tool not offered',
    bodyWith({ tools: [weather], tool_choice: { type: 'function', function: { name: 'f' } } }),
    'invalid_value',
    'tool_choice.function.name',
  ],
  [
    'parallel_tool_calls as text',
    bodyWith({ tools: [weather], parallel_tool_calls: 'no' }),
    'invalid_value',
    'parallel_tool_calls',
  ],
  ['response_format as text', bodyWith({ response_format: 'json' }), 'invalid_value', 'response_format'],
  ['response_format without type', bodyWith({ response_format: {} }), 'missing_field', 'response_format.type'],
  ['an unknown response_format', bodyWith({ response_format: { type: 'xml' } }), 'invalid_value', 'response_format.type'],
  [
    'json_schema without its schema object',
    bodyWith({ response_format: { type: 'json_schema' } }),
    'missing_field',
    'response_format.json_schema',
  ],
  [
    'json_schema without a name',
    bodyWith({ response_format: { type: 'json_schema', json_schema: { schema: {} } } }),
    'missing_field',
    'response_format.json_schema.name',
  ],
  [
    'json_schema without a schema',
    bodyWith({ response_format: { type: 'json_schema', json_schema: { name: 'a' } } }),
    'missing_field',
    'response_format.json_schema.schema',
  ],
  [
    'a schema that is text',
    bodyWith({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema: '{}' } } }),
    'invalid_value',
    'response_format.json_schema.schema',
  ],
  [
    'a schema name with a space',
    bodyWith({ response_format: { type: 'json_schema', json_schema: { name: 'a b', schema: {} } } }),
    'invalid_value',
    'response_format.json_schema.name',
  ],
];

describe('a body that is no JSON object', () => {
  it.each(notAnObject)('is refused when it is %s', check);
});

describe('messages', () => {
  it.each(messages)('are refused with %s', check);
});

describe('counts and depth', () => {
  it.each(counts)('are refused at %s', check);
});

describe('sampling and other parameters', () => {
  it.each(sampling)('are refused with %s', check);
});

describe('tools and formats', () => {
  it.each(tools)('are refused with %s', check);
});

describe('hostile bodies', () => {
  it.each([
    ['messages', `{"messages":[${'0,'.repeat(1_000_000)}0]}`, 'messages'],
    ['content parts', `{"messages":[{"role":"user","content":[${'0,'.repeat(1_000_000)}0]}]}`, 'messages.0.content'],
    ['tool calls', `{"messages":[{"role":"assistant","tool_calls":[${'0,'.repeat(1_000_000)}0]}]}`, 'messages.0.tool_calls'],
    ['tools', `{"messages":[],"tools":[${'0,'.repeat(1_000_000)}0]}`, 'tools'],
    ['stop sequences', `{"messages":[],"stop":[${'0,'.repeat(1_000_000)}0]}`, 'stop'],
  ])('a million wrong %s are counted, not judged one by one', (_, body, param) => {
    check('', body, 'invalid_value', param);
  });

  it('a wrong message ends the check, whatever thousands follow', () => {
    const bad = { role: 'assistant', tool_calls: timesOf(128, 0) };
    check('', { messages: timesOf(2000, bad) }, 'invalid_value', 'messages.0.tool_calls.0');
  });

  it('a key as long as the body does not come back in the answer', () => {
    const result = parseChatRequest(JSON.stringify(bodyWith({ logit_bias: { ['x'.repeat(1_000_000)]: 1 } })), limits);
    expect(JSON.stringify(result).length).toBeLessThan(1000);
  });
});
