import { describe, expect, it } from 'vitest';
import {
  type AnswerMachineOptions,
  createAnswerMachine,
  type UpstreamDelta,
} from '../../../worker/core/answer/answer-machine.ts';
import { answer, options } from './answer.ts';
import { run } from './corpus.ts';

describe('when nothing can be a call', () => {
  it.each<[string, Partial<AnswerMachineOptions>]>([
    ['there are no tools', { tools: [] }],
    ['tool_choice is none', { toolChoice: 'none' }],
    ['only the server recognises calls', { formats: [] }],
  ])('passes content through as the same string because %s', (_why, others) => {
    const machine = createAnswerMachine(options(others));
    const text = '<tool_call>{"name": "search", "arguments": {}}</tool_call> and {"name": "search", "arguments": {}}';
    expect(machine.isTransparent).toBe(true);
    expect(machine.feed({ content: text })).toEqual([{ kind: 'text', text }]);
    expect(machine.end('stop')).toEqual({
      events: [],
      finishReason: 'stop',
      isIncomplete: false,
      hasBrokenCall: false,
      overflow: false,
      calls: [],
    });
  });

  it.each<[string, Partial<AnswerMachineOptions>]>([
    ['a text format', {}],
    ['reasoning', { tools: [], reasoning: 'think' }],
    ['a named tool_choice', { formats: [], toolChoice: { name: 'search' } }],
    ['a required tool_choice', { formats: [], toolChoice: 'required' }],
  ])('is not transparent with %s', (_what, others) => {
    expect(createAnswerMachine(options(others)).isTransparent).toBe(false);
  });

  it('leaves content alone behind native calls, too', () => {
    const machine = createAnswerMachine(options({ formats: [] }));
    machine.feed({
      tool_calls: [
        { index: 0, function: { name: 'search', arguments: '{}' } },
        { index: 1, function: { name: 'search' } },
      ],
    });
    expect(machine.feed({ content: '\n' })).toEqual([{ kind: 'text', text: '\n' }]);
  });

  it('gives no event for an empty delta', () => {
    const machine = createAnswerMachine(options());
    for (const delta of [{}, { content: '' }, { content: null, reasoning: null, tool_calls: null }, { tool_calls: [] }])
      expect(machine.feed(delta)).toEqual([]);
  });

  it('passes prose on with the chunk it came in', () => {
    const machine = createAnswerMachine(options({ formats: ['hermes'] }));
    const text = 'Some prose, 1 > 0, with `code` and {braces}.';
    expect(machine.feed({ content: text })).toEqual([{ kind: 'text', text }]);
  });
});

describe('the seven situations of the published gateway this one follows', () => {
  const nested = { name: 'search', arguments: { filter: { city: 'Paris', tags: ['a', { deep: { deeper: {} } }] } } };
  const entry = (index: number, id: string | null, name: string | null, args: string) => ({
    index,
    id,
    function: { name, arguments: args },
  });

  it('reads one native call', () => {
    const { calls } = run(
      options({ formats: [] }),
      [{ tool_calls: [entry(0, 'c1', 'search', JSON.stringify(nested.arguments))] }],
      'tool_calls',
    );
    expect(calls).toEqual([{ id: 'c1', name: 'search', arguments: JSON.stringify(nested.arguments) }]);
  });

  it('reads two native calls', () => {
    const entries = [entry(0, 'c1', 'search', JSON.stringify(nested.arguments)), entry(1, 'c2', 'get_weather', '{}')];
    expect(run(options({ formats: [] }), [{ tool_calls: entries }], 'tool_calls').calls.map(({ id }) => id)).toEqual([
      'c1',
      'c2',
    ]);
  });

  it('reads a JSON object inside prose, arguments nested deeper than one brace', () => {
    const outcome = answer(`I will look. ${JSON.stringify(nested)} Done.`, { formats: ['llama3_json'] });
    expect(outcome).toMatchObject({
      content: 'I will look.  Done.',
      calls: [['search', nested.arguments]],
      finish: 'tool_calls',
    });
  });

  it('finds no call in plain text', () => {
    expect(answer('Just words, nothing to call.')).toMatchObject({
      calls: [],
      content: 'Just words, nothing to call.',
      finish: 'stop',
    });
  });

  it('reads content and then one call over three deltas, while they come in', () => {
    const args = JSON.stringify(nested.arguments);
    const deltas: UpstreamDelta[] = [
      { content: 'On it. ' },
      { tool_calls: [entry(0, 'c1', 'search', '')] },
      { tool_calls: [entry(0, null, null, args.slice(0, 9))] },
      { tool_calls: [entry(0, null, null, args.slice(9))] },
    ];
    expect(run(options({ formats: [] }), deltas, 'tool_calls')).toMatchObject({
      content: 'On it. ',
      calls: [{ id: 'c1', arguments: args }],
    });
  });

  it('reads two calls by their indexes', () => {
    const deltas: UpstreamDelta[] = [
      { tool_calls: [entry(0, 'c1', 'search', '{"a":'), entry(1, 'c2', 'get_weather', '{"b":')] },
      { tool_calls: [entry(1, null, null, '2}'), entry(0, null, null, '{"x":{}}}')] },
    ];
    expect(run(options({ formats: [] }), deltas, 'tool_calls').calls.map((call) => call.arguments)).toEqual([
      '{"a":{"x":{}}}',
      '{"b":2}',
    ]);
  });

  it('surfaces no call for bad JSON, and {} for none', () => {
    const bad = run(options({ formats: [] }), [{ tool_calls: [entry(0, 'c1', 'search', 'not json')] }], 'tool_calls');
    expect([bad.calls, bad.end.isIncomplete]).toEqual([[], true]);
    expect(
      run(options({ formats: [] }), [{ tool_calls: [entry(0, 'c1', 'search', '')] }], 'tool_calls').calls[0]?.arguments,
    ).toBe('{}');
  });
});

describe('reasoning', () => {
  it.each([
    ['think', '<think>a</think>b', 'a', 'b'],
    ['think', '\n<think>a</think>b', 'a', 'b'],
    ['think', '<think>a</think>\n\n  b', 'a', '  b'],
    ['think', '<think>`</think>` ends it</think>b', '`</think>` ends it', 'b'],
    ['think', '<think>"</think>" ends it</think>b', '"</think>" ends it', 'b'],
    ['think', '<think>use `x`</think>`x` it is', 'use `x`', '`x` it is'],
    ['think', '<think>a lone `</think>b', 'a lone `', 'b'],
    ['think', '<think>a lone `</think>', 'a lone `', ''],
    ['think', '\n x', '', '\n x'],
    ['think', '<think>a < b </ think></think>b', 'a < b </ think>', 'b'],
    ['think', 'a<think>b</think>', '', 'a<think>b</think>'],
    ['think', '<thinking>', '', '<thinking>'],
    ['think', '<thin', '', '<thin'],
    ['think', '<think>a', 'a', ''],
    ['think', '<think>a</thi', 'a</thi', ''],
    ['think', '<think>a</think><think>b</think>', 'a', '<think>b</think>'],
    ['think', '</think>a', '', '</think>a'],
    ['think_open', 'a</think>b', 'a', 'b'],
    ['think_open', '<think>a</think>b', 'a', 'b'],
    ['think_open', '</think>b', '', 'b'],
    ['think_open', 'a', 'a', ''],
    ['think_open', '<th', '<th', ''],
    ['mistral_think', '[THINK]a [/ THINK][/THINK]b', 'a [/ THINK]', 'b'],
    ['mistral_think', '[THINK]`[/THINK]` and `[TOOL_CALLS]`[/THINK]\n\nb', '`[/THINK]` and `[TOOL_CALLS]`', 'b'],
    ['mistral_think', 'a [THINK]b[/THINK]', '', 'a [THINK]b[/THINK]'],
    ['gemma4', '<|channel>thought\na\n<channel|>b', 'a\n', 'b'],
    ['gemma4', '<|channel>thought\n<channel|>b', '', 'b'],
    ['gemma4', '<|channel>thoughtful<channel|>b', 'thoughtful', 'b'],
    ['gemma4', '<|channel>thou', 'thou', ''],
    ['none', '<think>a</think>b', '', '<think>a</think>b'],
  ] as const)('%s: %j', (reasoning, text, thought, content) => {
    for (const tools of [[], [{ name: 'search' }]])
      expect(answer(text, { reasoning, tools })).toMatchObject({ reasoning: thought, content, calls: [] });
  });

  it('lets a bare call start the message behind it', () => {
    const text = '<think>{"name": "search", "arguments": {}}</think>\n\n{"name": "get_weather", "arguments": {}}';
    expect(answer(text, { reasoning: 'think' })).toMatchObject({ calls: [['get_weather', {}]], content: '' });
  });

  it('takes text for the answer when the server separates reasoning itself', () => {
    const deltas: UpstreamDelta[] = [{ reasoning: 'hm' }, { content: 'The answer.' }];
    for (const reasoning of ['think', 'think_open'] as const) {
      expect(run(options({ reasoning }), deltas, 'stop')).toMatchObject({ reasoning: 'hm', content: 'The answer.' });
    }
  });

  it('shows reasoning before content before calls of the same delta', () => {
    const machine = createAnswerMachine(options({ formats: [], emission: 'early' }));
    const events = machine.feed({
      reasoning: 'r',
      content: 'c',
      tool_calls: [{ index: 0, id: 'x', function: { name: 'search', arguments: '{}' } }],
    });
    expect(events.map(({ kind }) => kind)).toEqual(['reasoning', 'text', 'call']);
  });
});

describe('white space around calls', () => {
  const call = '<tool_call>{"name": "search", "arguments": {}}</tool_call>';
  it.each([
    [`${call}\n${call}\n`, ''],
    [`${call}\n\nDone.`, '\n\nDone.'],
    [`A${call}\n${call}B`, 'A\nB'],
    [`${call} \n ${call} B `, ' \n  B '],
    ['\n\n', '\n\n'],
    [`<think>so</think>\n\n${call}`, ''],
    ['<think>so</think>\n\nDone.', 'Done.'],
    ['<think>so</think>\n \n  Done.', '  Done.'],
  ])('%j leaves %j', (text, content) => {
    expect(answer(text, { reasoning: 'think' }).content).toBe(content);
  });

  it('does not wait for ever', () => {
    const machine = createAnswerMachine(options({ formats: ['hermes'] }));
    machine.feed({ content: `${call}.` });
    const held = createAnswerMachine(options({ formats: ['mistral'] }));
    held.feed({ content: '[TOOL_CALLS]search{}' });
    const events = Array.from({ length: 100 }, () => held.feed({ content: ' '.repeat(100) })).flat();
    expect(events.filter(({ kind }) => kind === 'text').length).toBeGreaterThan(50);
  });
});

describe('ids', () => {
  it('keeps the ids Mistral writes, once each', () => {
    const text = '[TOOL_CALLS]search[CALL_ID]abcdEF120[ARGS]{}[TOOL_CALLS]search[CALL_ID]abcdEF120[ARGS]{}';
    expect(run(options({ formats: ['mistral'] }), [{ content: text }], 'stop').calls.map(({ id }) => id)).toEqual([
      'abcdEF120',
      'call_1',
    ]);
    const array = '[TOOL_CALLS] [{"name": "search", "arguments": {}, "id": "abc123xyz"}]';
    expect(run(options({ formats: ['mistral'] }), [{ content: array }], 'stop').calls.map(({ id }) => id)).toEqual(['abc123xyz']);
  });

  it('ignores ids that models make up elsewhere', () => {
    const text = '<tool_call>{"id": "call_0", "name": "search", "arguments": {}}</tool_call>';
    expect(run(options(), [{ content: text }], 'stop').calls.map(({ id }) => id)).toEqual(['call_1']);
  });

  it('stays unique when the given ids are not', () => {
    const call = '<tool_call>{"name": "search", "arguments": {}}</tool_call>';
    const { calls } = run(options({ newCallId: () => 'same' }), [{ content: call.repeat(3) }], 'stop');
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3);
  });
});

describe('a string that never ends and holds the closing marker', () => {
  const text = '<tool_call>{"name": "search", "arguments": {"q": "a </tool_call> b';

  it('was malformed if the model stopped by itself: its text is content', () => {
    expect(answer(text)).toMatchObject({
      calls: [],
      content: text,
      isIncomplete: false,
    });
  });

  it.each(['length', null])('was cut if the answer was (%j): nothing of it is shown', (finish) => {
    expect(answer(text, {}, finish)).toMatchObject({ calls: [], content: '', isIncomplete: true, finish });
  });
});

describe('the finish reason', () => {
  const call = '<tool_call>{"name": "search", "arguments": {}}</tool_call>';
  it.each([
    [call, 'stop', 'tool_calls'],
    [call, 'tool_calls', 'tool_calls'],
    [call, 'length', 'length'],
    [call, null, null],
    [call, 'content_filter', 'content_filter'],
    ['text', 'stop', 'stop'],
    ['text', 'length', 'length'],
  ])('of %j after %j is %j', (text, finish, expected) => {
    expect(answer(text, {}, finish).finish).toBe(expected);
  });
});
