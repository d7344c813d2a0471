/** Bodies of the Responses API: what each field means for the model. */
import { describe, expect, it } from 'vitest';
import { responsesSurface } from '../../../worker/core/surfaces/responses/responses-surface.ts';
import { configWith } from '../../support/fakes/config.ts';
import { limits } from './chat-bodies.ts';

const settings = { ...configWith({}), limits };
const refusing = {
  ...settings,
  surfaces: { ...settings.surfaces, hosted_tools: { ...settings.surfaces.hosted_tools, responses: 'refuse' as const } },
};

function read(body: unknown, by = settings) {
  return responsesSurface.read(typeof body === 'string' ? body : JSON.stringify(body), by);
}

/** The inner request of a body that is taken. */
function inner(fields: object) {
  const result = read({ input: 'hello', ...fields });
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}

const messages = (fields: object) => inner(fields).request.messages;
const look = { type: 'function', name: 'look', description: 'Looks', parameters: { type: 'object' }, strict: true };
const call = { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"q":1}' };
const innerCall = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"q":1}' } };
const picture = 'data:image/png;base64,AAAA';

describe('the input', () => {
  const cases: readonly (readonly [what: string, fields: object, expected: readonly unknown[]])[] = [
    ['a text is what the user says', { input: 'hi' }, [{ role: 'user', content: 'hi' }]],
    ['a message needs no type', { input: [{ role: 'user', content: 'hi' }] }, [{ role: 'user', content: 'hi' }]],
    [
      'parts are joined to one message, pictures stay pictures',
      {
        input: [
          {
            type: 'message',
            role: 'user',
            content: [
              { type: 'input_text', text: 'see' },
              { type: 'input_image', image_url: picture, detail: 'low' },
            ],
          },
        ],
      },
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'see' },
            { type: 'image_url', image_url: { url: picture, detail: 'low' } },
          ],
        },
      ],
    ],
    [
      'instructions stand before everything, developers keep their name',
      {
        instructions: 'Be brief.',
        input: [
          { role: 'developer', content: 'Use tools.' },
          { role: 'user', content: 'hi' },
        ],
      },
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'developer', content: 'Use tools.' },
        { role: 'user', content: 'hi' },
      ],
    ],
    [
      'thinking, text and calls of one turn are one message',
      {
        input: [
          { role: 'user', content: 'hi' },
          {
            type: 'reasoning',
            id: 'rs_1',
            summary: [],
            content: [{ type: 'reasoning_text', text: 'hm' }],
            encrypted_content: null,
          },
          { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.', annotations: [] }] },
          call,
          { ...call, call_id: 'c2' },
          { type: 'function_call_output', call_id: 'c1', output: 'one' },
          { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'two' }] },
        ],
      },
      [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'I look.', reasoning: 'hm', tool_calls: [innerCall, { ...innerCall, id: 'c2' }] },
        { role: 'tool', tool_call_id: 'c1', content: 'one' },
        { role: 'tool', tool_call_id: 'c2', content: 'two' },
      ],
    ],
    [
      'a call with its output between is another turn',
      { input: [call, { type: 'function_call_output', call_id: 'c1', output: '' }, { ...call, call_id: 'c2' }] },
      [
        { role: 'assistant', content: null, tool_calls: [innerCall] },
        { role: 'tool', tool_call_id: 'c1', content: '' },
        { role: 'assistant', content: null, tool_calls: [{ ...innerCall, id: 'c2' }] },
      ],
    ],
    [
      'a summary stands for thinking that is not there',
      {
        input: [
          { type: 'reasoning', summary: [{ type: 'summary_text', text: 'short' }], content: null, encrypted_content: 'x' },
          { role: 'assistant', content: 'a' },
        ],
      },
      [{ role: 'assistant', content: 'a', reasoning: 'short' }],
    ],
    [
      'two texts of the model are two messages',
      {
        input: [
          { role: 'assistant', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
      },
      [
        { role: 'assistant', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    ],
    [
      'a refusal is said again',
      { input: [{ role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }] },
      [{ role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }],
    ],
    [
      'calls in forms of their own are calls',
      {
        input: [
          { type: 'custom_tool_call', call_id: 'c1', name: 'apply_patch', input: '*** Begin' },
          { type: 'custom_tool_call_output', call_id: 'c1', output: 'done' },
          { type: 'local_shell_call', call_id: 'c2', status: 'completed', action: { type: 'exec', command: ['ls'] } },
          { type: 'local_shell_call_output', id: 'c2', output: 'a.ts' },
          { type: 'shell_call', call_id: 'c3', action: { commands: ['ls'] } },
          { type: 'shell_call_output', call_id: 'c3', output: [{ stdout: 'a.ts', stderr: '' }] },
        ],
      },
      [
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'apply_patch', arguments: '{"input":"*** Begin"}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'done' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'c2', type: 'function', function: { name: 'local_shell', arguments: '{"type":"exec","command":["ls"]}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c2', content: 'a.ts' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c3', type: 'function', function: { name: 'shell', arguments: '{"commands":["ls"]}' } }],
        },
        { role: 'tool', tool_call_id: 'c3', content: '[{"stdout":"a.ts","stderr":""}]' },
      ],
    ],
    [
      'a tool shows pictures',
      { input: [{ type: 'function_call_output', call_id: 'c', output: [{ type: 'input_image', image_url: picture }] }] },
      [{ role: 'tool', tool_call_id: 'c', content: [{ type: 'image_url', image_url: { url: picture } }] }],
    ],
  ];
  it.each(cases)('%s', (_what, fields, expected) => {
    expect(messages(fields)).toEqual(expected);
  });
});

describe('a field', () => {
  const cases: readonly (readonly [name: string, fields: object, expected: object])[] = [
    ['model', { model: 'small' }, { model: 'small' }],
    ['max_output_tokens', { max_output_tokens: 7 }, { maxTokens: 7, maxTokensField: 'max_output_tokens' }],
    ['temperature, top_p', { temperature: 0, top_p: 0.5 }, { sampling: { temperature: 0, topP: 0.5 } }],
    ['parallel_tool_calls', { tools: [look], parallel_tool_calls: false }, { allowsParallelCalls: false }],
    ['reasoning', { reasoning: { effort: 'high', summary: 'auto' } }, { reasoningEffort: 'high' }],
    ['stream', { stream: true }, { isStream: true }],
    ['user, metadata', { user: 'u', metadata: { agent: 'a' } }, { user: 'u', metadata: { agent: 'a' } }],
    ['include', { include: ['message.output_text.logprobs'], top_logprobs: 2 }, { logprobs: true, topLogprobs: 2 }],
    ['text.format text', { text: { format: { type: 'text' } } }, { answerFormat: { kind: 'text' } }],
    ['text.format json_object', { text: { format: { type: 'json_object' } } }, { answerFormat: { kind: 'json_object' } }],
    [
      'text.format json_schema',
      { text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true } } },
      { answerFormat: { kind: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true } },
    ],
    [
      'tools',
      { tools: [look] },
      {
        tools: [
          { type: 'function', function: { name: 'look', description: 'Looks', parameters: { type: 'object' }, strict: true } },
        ],
      },
    ],
    [
      'tools without parameters',
      { tools: [{ type: 'function', name: 'now', parameters: null, strict: null }] },
      { tools: [{ type: 'function', function: { name: 'now' } }] },
    ],
    ['no tools', { tools: [], tool_choice: 'auto' }, { tools: undefined, toolChoice: undefined }],
    ['tool_choice none', { tools: [look], tool_choice: 'none' }, { toolChoice: 'none' }],
    ['tool_choice required', { tools: [look], tool_choice: 'required' }, { toolChoice: 'required' }],
    [
      'tool_choice function',
      { tools: [look], tool_choice: { type: 'function', name: 'look' } },
      { toolChoice: { name: 'look' } },
    ],
    [
      'tool_choice allowed_tools',
      {
        tools: [look, { ...look, name: 'other' }],
        tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'other' }] },
      },
      { toolChoice: 'required', tools: [{ function: { name: 'other' } }] },
    ],
  ];
  it.each(cases)('%s is read', (_name, fields, expected) => {
    expect(inner(fields).request).toMatchObject(expected);
  });

  it('of OpenAI’s own service changes nothing and is not reported', () => {
    const silent = {
      stream_options: { include_obfuscation: false },
      service_tier: 'auto',
      prompt_cache_key: 'k',
      safety_identifier: 's',
      max_tool_calls: 3,
      background: false,
      conversation: null,
      prompt: null,
    };
    expect(inner(silent).ignored).toEqual([]);
  });

  it('that nobody knows is dropped and named', () => {
    expect(inner({ trace_tag: 1, truncation: 'auto', text: { verbosity: 'low' } }).ignored).toEqual([
      'trace_tag',
      'truncation',
      'text.verbosity',
    ]);
  });

  it.each([
    'web_search',
    'file_search',
    'computer',
    'computer_use_preview',
    'code_interpreter',
    'mcp',
    'custom',
    'namespace',
    'local_shell',
    'shell',
    'apply_patch',
    'image_generation',
    'tool_search',
  ])('tools with one of type %s: it is left out and named, or refused by name', (type) => {
    const tools = [look, { type, name: 'x' }];
    const { request, ignored } = inner({ tools });
    expect([request.tools?.length, ignored]).toEqual([1, [`tools[1] (${type})`]]);
    expect(read({ input: 'x', tools }, refusing)).toMatchObject({
      failure: { code: 'unsupported_parameter', param: 'tools.1.type' },
    });
  });

  it('tools that come as an item of the input are tools like the others', () => {
    const item = {
      type: 'additional_tools',
      role: 'developer',
      id: 'at_1',
      tools: [look, { type: 'namespace', name: 'x', tools: [] }],
    };
    const { request, ignored } = inner({ tools: [{ ...look, name: 'other' }], input: [item, { role: 'user', content: 'x' }] });
    expect([request.tools?.length, request.messages.length, ignored]).toEqual([2, 1, ['tools[2] (namespace)']]);
    const alone = inner({
      input: [
        { ...item, tools: [] },
        { role: 'user', content: 'x' },
      ],
    }).request;
    expect([alone.tools, alone.messages.length]).toEqual([undefined, 1]);
  });

  it('tool_choice of such a tool asks for nothing', () => {
    const { request, ignored } = inner({ tools: [look, { type: 'web_search' }], tool_choice: { type: 'web_search' } });
    expect([request.toolChoice, ignored]).toEqual([undefined, ['tools[1] (web_search)', 'tool_choice (web_search)']]);
  });

  it('store is true without a word, and what is kept is the whole conversation', () => {
    expect(JSON.parse(inner({}).stored ?? '')).toEqual([
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] },
    ]);
    expect(inner({ store: false }).stored).toBeUndefined();
    const quiet = {
      ...settings,
      surfaces: { ...settings.surfaces, responses: { ...settings.surfaces.responses, stores_by_default: false } },
    };
    expect(read({ input: 'x' }, quiet)).not.toHaveProperty('value.stored');
    expect(read({ input: 'x', store: true }, quiet)).toHaveProperty('value.stored');
  });

  it('store of a conversation that is too long is named, and the answer says so', () => {
    const { stored, ignored, request } = inner({ input: 'x'.repeat(500_001) });
    expect([stored, ignored, request.echo?.['store']]).toEqual([undefined, ['store'], false]);
  });
});
