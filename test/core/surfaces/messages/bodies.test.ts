/** What the fields of a Messages body mean, one by one, and what changes nothing. */
import { describe, expect, it, test } from 'vitest';
import { bodyWith, hello, ignoredOf, innerOf, read, settings, weather } from './reading.ts';

const pixel = 'iVBORw0KGgo=';
const png = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } };
const pngUrl = { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } };
const shop = { type: 'image', source: { type: 'url', url: 'https://shop.example.com/a.png' } };
const text = (value: string) => ({ type: 'text', text: value });
const user = (...content: unknown[]) => ({ messages: [{ role: 'user', content }] });
const call = { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Oslo', when: null } };
const inner = { id: 'toolu_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo","when":null}' } };
const called = { role: 'assistant', content: [call] };
const result = (content: unknown, more: object = {}) => ({ type: 'tool_result', tool_use_id: 'toolu_1', content, ...more });

describe('fields', () => {
  test.each<readonly [what: string, fields: object, inner: object]>([
    ['model', { model: 'claude-x' }, { model: 'claude-x' }],
    ['no model', { model: undefined }, { model: 'auto' }],
    ['max_tokens', { max_tokens: 7 }, { maxTokens: 7, maxTokensField: 'max_tokens' }],
    ['stream', { stream: true }, { isStream: true, showsUsage: true }],
    ['temperature', { temperature: 0.4 }, { sampling: { temperature: 0.4 } }],
    ['top_p', { top_p: 0.9 }, { sampling: { topP: 0.9 } }],
    ['top_p 0: only the likeliest token', { top_p: 0 }, { sampling: { topK: 1 } }],
    ['top_k', { top_k: 40 }, { sampling: { topK: 40 } }],
    ['stop_sequences', { stop_sequences: ['END'] }, { sampling: { stop: ['END'] } }],
    ['no stop_sequences', { stop_sequences: [] }, { sampling: {} }],
    ['metadata.user_id', { metadata: { user_id: 'u-1' } }, { user: 'u-1', metadata: { user_id: 'u-1' } }],
    ['metadata.agent', { metadata: { agent: 'coder' } }, { metadata: { agent: 'coder' } }],
    ['null for a field', { temperature: null, system: null, metadata: null }, { sampling: {} }],
    ['tool_choice auto', { tools: [weather], tool_choice: { type: 'auto' } }, { toolChoice: 'auto' }],
    ['tool_choice any', { tools: [weather], tool_choice: { type: 'any' } }, { toolChoice: 'required' }],
    ['tool_choice none', { tools: [weather], tool_choice: { type: 'none' } }, { toolChoice: 'none' }],
    [
      'tool_choice tool',
      { tools: [weather], tool_choice: { type: 'tool', name: 'get_weather' } },
      { toolChoice: { name: 'get_weather' } },
    ],
    [
      'disable_parallel_tool_use',
      { tools: [weather], tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      { allowsParallelCalls: false },
    ],
    ['thinking disabled', { thinking: { type: 'disabled' } }, { reasoningEffort: 'none', echo: { showsThinking: false } }],
    [
      'thinking enabled with a budget',
      { thinking: { type: 'enabled', budget_tokens: 31_999 } },
      { reasoningEffort: 'high', reasoningTokens: 31_999, echo: { showsThinking: true } },
    ],
    ['a small budget', { thinking: { type: 'enabled', budget_tokens: 1024 } }, { reasoningEffort: 'low' }],
    ['a middle budget', { thinking: { type: 'enabled', budget_tokens: 8000 } }, { reasoningEffort: 'medium' }],
    ['thinking adaptive', { thinking: { type: 'adaptive' } }, { echo: { showsThinking: true } }],
    ['thinking between tools', { thinking: { type: 'between_tools' } }, { echo: { showsThinking: true } }],
    ['thinking unseen', { thinking: { type: 'adaptive', display: 'omitted' } }, { echo: { showsThinking: false } }],
    ['effort', { output_config: { effort: 'max' } }, { reasoningEffort: 'max' }],
    [
      'effort before the budget’s',
      { output_config: { effort: 'low' }, thinking: { type: 'enabled', budget_tokens: 31_999 } },
      { reasoningEffort: 'low', reasoningTokens: 31_999 },
    ],
    [
      'output_config.format',
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      { answerFormat: { kind: 'json_schema', name: 'answer', schema: { type: 'object' } } },
    ],
    [
      'output_format, its name in beta',
      { output_format: { type: 'json_schema', schema: { type: 'object' } } },
      { answerFormat: { kind: 'json_schema', name: 'answer', schema: { type: 'object' } } },
    ],
  ])('%s', (_, fields, expected) => {
    expect(JSON.parse(JSON.stringify(innerOf(fields)))).toMatchObject(expected);
  });

  test('what is not set is absent: nothing but the defaults is sent to a model server', () => {
    expect(JSON.parse(JSON.stringify(innerOf({})))).toEqual({
      model: 'small',
      messages: [hello],
      maxTokens: 100,
      maxTokensField: 'max_tokens',
      choiceCount: 1,
      sampling: {},
      isStream: false,
      showsUsage: true,
      continuesLast: false,
      echo: { showsThinking: true },
      extras: {},
    });
  });
});

describe('messages', () => {
  test.each<readonly [what: string, fields: object, messages: unknown[]]>([
    ['a system text', { system: 'Be brief.' }, [{ role: 'system', content: 'Be brief.' }, hello]],
    ['a system block', { system: [text('Be brief.')] }, [{ role: 'system', content: 'Be brief.' }, hello]],
    [
      'system blocks, with their marks for a cache',
      { system: [{ ...text('One.'), cache_control: { type: 'ephemeral', ttl: '1h' } }, text('Two.')] },
      [{ role: 'system', content: [text('One.'), text('Two.')] }, hello],
    ],
    ['an empty system text', { system: '' }, [hello]],
    [
      'a client’s note to its vendor, which changes with every request',
      { system: [text('x-anthropic-billing-header: cc_version=2.1.3; cch=0a1b2;'), text('Two.')] },
      [{ role: 'system', content: 'Two.' }, hello],
    ],
    [
      'a system turn between others',
      { messages: [hello, { role: 'system', content: 'Now in verse.' }] },
      [hello, { role: 'system', content: 'Now in verse.' }],
    ],
    ['one block of text', user(text('hello')), [hello]],
    ['several', user(text('a'), text('b')), [{ role: 'user', content: [text('a'), text('b')] }]],
    [
      'images',
      user(png, shop, text('?')),
      [{ role: 'user', content: [pngUrl, { type: 'image_url', image_url: { url: shop.source.url } }, text('?')] }],
    ],
    [
      'a document of text, with its title',
      user(
        { type: 'document', title: 'T', context: 'C', source: { type: 'text', media_type: 'text/plain', data: 'D' } },
        text('?'),
      ),
      [{ role: 'user', content: [text('T'), text('C'), text('D'), text('?')] }],
    ],
    [
      'a document of blocks',
      user({ type: 'document', source: { type: 'content', content: [text('D'), png] } }),
      [{ role: 'user', content: [text('D'), pngUrl] }],
    ],
    [
      'a document of a string',
      user({ type: 'document', source: { type: 'content', content: 'D' } }),
      [{ role: 'user', content: 'D' }],
    ],
    [
      'a search result',
      user({ type: 'search_result', source: 'https://a.example', title: 'A', content: [text('one'), text('two')] }),
      [{ role: 'user', content: 'A\nhttps://a.example\none\ntwo' }],
    ],
    [
      'a call, and its result as text',
      { messages: [hello, called, ...user(result('12 degrees')).messages] },
      [hello, { role: 'assistant', tool_calls: [inner] }, { role: 'tool', tool_call_id: 'toolu_1', content: '12 degrees' }],
    ],
    [
      'several results in one turn, and text behind them',
      user(result('a'), { ...result('b'), tool_use_id: 'toolu_2' }, text('go on')),
      [
        { role: 'tool', tool_call_id: 'toolu_1', content: 'a' },
        { role: 'tool', tool_call_id: 'toolu_2', content: 'b' },
        { role: 'user', content: 'go on' },
      ],
    ],
    [
      'text before a result: the result comes first',
      user(text('look'), result('a')),
      [
        { role: 'tool', tool_call_id: 'toolu_1', content: 'a' },
        { role: 'user', content: 'look' },
      ],
    ],
    [
      'a result of blocks, with an image',
      user(result([text('seen:'), png])),
      [{ role: 'tool', tool_call_id: 'toolu_1', content: [text('seen:'), pngUrl] }],
    ],
    [
      'a result of one block of text',
      user(result([{ ...text('12'), cache_control: { type: 'ephemeral' } }])),
      [{ role: 'tool', tool_call_id: 'toolu_1', content: '12' }],
    ],
    ['a result of nothing', user(result(undefined)), [{ role: 'tool', tool_call_id: 'toolu_1', content: '' }]],
    ['a result of null', user(result(null)), [{ role: 'tool', tool_call_id: 'toolu_1', content: '' }]],
    ['a result of no blocks', user(result([])), [{ role: 'tool', tool_call_id: 'toolu_1', content: '' }]],
    [
      'a tool that failed',
      user(result('no such city', { is_error: true })),
      [{ role: 'tool', tool_call_id: 'toolu_1', content: 'no such city', is_error: true }],
    ],
    [
      'a result that names a tool',
      user(result([{ type: 'tool_reference', tool_name: 'get_weather' }])),
      [{ role: 'tool', tool_call_id: 'toolu_1', content: 'get_weather' }],
    ],
    [
      'thinking, text and two calls',
      {
        messages: [
          hello,
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'hm', signature: 'sig' },
              { type: 'redacted_thinking', data: 'xyz' },
              text('I look.'),
              call,
              { ...call, id: 'toolu_2', input: undefined },
            ],
          },
        ],
      },
      [
        hello,
        {
          role: 'assistant',
          content: 'I look.',
          reasoning: 'hm',
          reasoning_signature: 'sig',
          redacted_reasoning: ['xyz'],
          tool_calls: [inner, { ...inner, id: 'toolu_2', function: { name: 'get_weather', arguments: '{}' } }],
        },
      ],
    ],
    [
      'thinking that was not shown, and is sent back empty',
      { messages: [hello, { role: 'assistant', content: [{ type: 'thinking', thinking: '', signature: 's' }, call] }] },
      [hello, { role: 'assistant', tool_calls: [inner] }],
    ],
  ])('%s', (_, fields, messages) => {
    expect(innerOf(fields).messages).toEqual(messages);
  });

  it('take a last turn of the assistant for the beginning of the answer', () => {
    const begun = { messages: [hello, { role: 'assistant', content: '{' }] };
    expect([innerOf(begun).continuesLast, innerOf({ messages: [hello, called] }).continuesLast]).toEqual([true, false]);
  });
});

describe('tools', () => {
  it('become functions; one without a schema takes no arguments', () => {
    const tools = [
      { ...weather, type: 'custom', description: 'The weather.', strict: true, cache_control: { type: 'ephemeral' } },
      { name: 'now' },
    ];
    expect(innerOf({ tools }).tools).toEqual([
      {
        type: 'function',
        function: { name: 'get_weather', description: 'The weather.', parameters: weather.input_schema, strict: true },
      },
      { type: 'function', function: { name: 'now' } },
    ]);
  });

  it('that only the vendor runs are left out with a note, or refused', () => {
    const tools = [
      weather,
      { type: 'web_search_20260318', name: 'web_search', max_uses: 5 },
      { type: 'bash_20250124', name: 'bash' },
    ];
    expect(innerOf({ tools }).tools).toHaveLength(1);
    expect(ignoredOf({ tools })).toEqual(['tools[1] (web_search_20260318)', 'tools[2] (bash_20250124)']);
    const refusing = {
      ...settings,
      surfaces: { ...settings.surfaces, hosted_tools: { ...settings.surfaces.hosted_tools, messages: 'refuse' as const } },
    };
    expect(read(bodyWith({ tools }), refusing)).toMatchObject({ ok: false, failure: { param: 'tools.1.type' } });
  });

  it('of which none is left take tool_choice auto along', () => {
    const request = innerOf({ tools: [{ type: 'web_search_20250305', name: 'web_search' }], tool_choice: { type: 'auto' } });
    expect([request.tools, request.toolChoice]).toEqual([undefined, undefined]);
  });

  it('that the vendor ran before are left out of the history, or refused', () => {
    const turn = {
      role: 'assistant',
      content: [
        { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } },
        { type: 'web_search_tool_result', tool_use_id: 's', content: [] },
        text('Found.'),
      ],
    };
    expect(innerOf({ messages: [hello, turn, hello] }).messages[1]).toEqual({ role: 'assistant', content: 'Found.' });
    expect(ignoredOf({ messages: [hello, turn, hello] })).toEqual(['messages[1].content[0] (server_tool_use)']);
  });

  it.each(['advisor_tool_result', 'fallback', 'mcp_tool_listing', 'tool_addition', 'tool_removal', 'container_upload'])(
    'and notes of type %s that a vendor writes into a history: they are left out, or refused',
    (type) => {
      const messages = [{ role: 'user', content: [{ type }, text('go')] }];
      expect(innerOf({ messages }).messages).toEqual([{ role: 'user', content: 'go' }]);
      expect(ignoredOf({ messages })).toEqual([`messages[0].content[0] (${type})`]);
    },
  );

  it('inside a result of the client’s own tool as well', () => {
    const result = { type: 'tool_result', tool_use_id: 't', content: [text('ok'), { type: 'browser_state', tabs: [] }] };
    const messages = [{ role: 'user', content: [result] }];
    expect(innerOf({ messages }).messages).toEqual([{ role: 'tool', tool_call_id: 't', content: 'ok' }]);
    expect(ignoredOf({ messages })).toEqual(['messages[0].content[0].content[1] (browser_state)']);
  });

  it('but not the summary that stands for a long conversation: it is text', () => {
    const summary = { type: 'compaction', content: 'We spoke of whales.', encrypted_content: 'x', signature: 'y' };
    const messages = [{ role: 'assistant', content: [summary] }, hello];
    expect(innerOf({ messages }).messages[0]).toEqual({ role: 'assistant', content: 'We spoke of whales.' });
    expect(ignoredOf({ messages })).toEqual([]);
    const failed = [{ role: 'assistant', content: [{ ...summary, content: null }] }, hello];
    expect(ignoredOf({ messages: failed })).toEqual(['messages[0].content[0] (compaction)']);
  });
});

describe('what changes nothing', () => {
  it.each([
    [{ cache_control: { type: 'ephemeral' } }],
    [{ service_tier: 'auto', betas: ['x'] }],
    [{ tools: [{ ...weather, defer_loading: false, eager_input_streaming: true }] }],
    [{ container: null, stop: [], n: 1 }],
    [user({ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' }, citations: { enabled: true } })],
    [user({ ...text('hi'), citations: null, cache_control: { type: 'ephemeral' } })],
  ])('%j is dropped without a word', (fields) => {
    expect(ignoredOf(fields)).toEqual([]);
  });

  it.each<readonly [object, string]>([
    [{ context_management: { edits: [] } }, 'context_management'],
    [{ diagnostics: {} }, 'diagnostics'],
    [{ tools: [{ ...weather, input_examples: [{}] }] }, 'tools[0].input_examples'],
    [user({ ...png, transformations: {} }), 'messages[0].content[0].transformations'],
  ])('%j is dropped, and reported as %s', (fields, name) => {
    expect(ignoredOf(fields)).toEqual([name]);
  });
});
