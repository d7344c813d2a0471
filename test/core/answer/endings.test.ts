/** How answers end: what a server says behind the end, what makes a whole answer unfit, and whose head the chunks have. */
import { describe, expect, it } from 'vitest';
import { answerWith, chunkOf, replay, type ReplayOptions, streamOf } from './replay.ts';
import { contentOf } from '../../../worker/core/answer/choice.ts';

const role = chunkOf({ role: 'assistant', content: '' });
const text = (content: string, index = 0): string => chunkOf({ content }, { index });
const stop = (index = 0): string => chunkOf({}, { index, finish: 'stop' });
const call = chunkOf({ tool_calls: [{ index: 0, id: 'c1', function: { name: 'f', arguments: '{}' } }] });
const usage = JSON.stringify({ id: 'chatcmpl-1', created: 1, model: 'm', choices: [], usage: { prompt_tokens: 5 } });
const boom = '{"error":{"message":"boom","code":500}}';

/** Text that passes, and text that is read. */
const machines: readonly (readonly [string, ReplayOptions])[] = [
  ['text that passes', {}],
  ['text that is read', { formats: ['hermes'], tools: ['f'] }],
];

describe.each(machines)('behind the finish reason, with %s', (_, options) => {
  it.each<[string, readonly string[], string]>([
    ['text', [text(' late'), '[DONE]'], 'a late'],
    ['text twice, and another finish', [text(' la'), text('te'), stop(), '[DONE]'], 'a late'],
    ['text behind the usage', [usage, text(' late'), '[DONE]'], 'a late'],
    ['text, and no end mark', [text(' late')], 'a late'],
    ['an error', [boom, '[DONE]'], 'a'],
    ['an error behind the usage', [usage, boom], 'a'],
    ['an event that cannot be read', ['{"choices":[', '[DONE]'], 'a'],
    ['a failure for a finish reason', [chunkOf({}, { finish: 'abort' }), '[DONE]'], 'a'],
    ['more than there is room for', [text('x'.repeat(200)), '[DONE]'], 'a'],
    ['nothing', [], 'a'],
  ])('%s leaves one ending, the good one', (_name, behind, content) => {
    const view = replay([streamOf(role, text('a'), stop(), ...behind)], { ...options, maxAnswerChars: 100 });
    expect(view).toMatchObject({ problem: null, isComplete: true, choices: { 0: { finishReason: 'stop' } } });
    expect(view.choices[0]?.content.replace(/x+$/, '')).toBe(content);
  });

  it('a word that says more than stop stands', () => {
    const finish = (word: string): string => chunkOf({}, { finish: word });
    expect(replay([streamOf(role, text('a'), finish('length'), finish('stop'))], options).choices[0]?.finishReason).toBe(
      'length',
    );
    expect(replay([streamOf(role, text('a'), finish('stop'), finish('length'))], options).choices[0]?.finishReason).toBe(
      'length',
    );
  });

  it('nothing is shown before nothing more can come', () => {
    const view = replay([streamOf(role, text('a'), stop(), usage)], { ...options, isOpen: true });
    expect(view).toMatchObject({ isComplete: false, choices: { 0: { content: 'a', finishReason: null } } });
    const answer = answerWith(options);
    for (const payload of [role, text('a'), stop()]) answer.feed(payload);
    expect(answer.state.isOver).toBe(true);
    expect(answer.end()).toMatchObject({ kind: 'done', events: [{ kind: 'finish', reason: 'stop' }] });
    expect(answer.end()).toEqual({ kind: 'done', events: [] });
  });

  it('an error ends the answer all the same while another choice goes on', () => {
    const begun = [0, 1].map((index) => chunkOf({ role: 'assistant', content: 'a' }, { index }));
    expect(replay([streamOf(...begun, stop(0), boom)], { ...options, n: 2 })).toMatchObject({
      problem: 'upstream_error',
      isComplete: false,
    });
  });
});

describe('an answer without a word', () => {
  const empty = streamOf(role, stop(), usage, '[DONE]');
  const sentence = 'The answer is empty: the model ended it without a word.';

  it.each([
    ['with an end mark', empty],
    ['without one', streamOf(role, stop())],
    ['without a role', streamOf(stop())],
    ['of empty pieces', streamOf(role, text(''), text(''), stop(), '[DONE]')],
  ])('is unfit %s, where another is to be asked', (_, bytes) => {
    expect(replay([bytes], { refusesEmpty: true })).toMatchObject({ problem: 'upstream_invalid_answer' });
    expect(replay([bytes])).toMatchObject({
      problem: null,
      isComplete: true,
      warnings: [sentence],
      choices: { 0: { finishReason: 'stop' } },
    });
  });

  it('is asked for elsewhere, and counts against nobody', () => {
    const answer = answerWith({ refusesEmpty: true });
    const feeds = [role, stop(), '[DONE]'].map((payload) => answer.feed(payload));
    expect(feeds.at(-1)).toMatchObject({ kind: 'broken', problem: { cause: 'empty_answer' } });
  });

  it.each([
    ['text', [text('a'), stop()]],
    ['white space', [text('\n'), stop()]],
    ['thinking', [chunkOf({ reasoning: 'hm' }), stop()]],
    ['a refusal', [chunkOf({ refusal: 'No.' }), stop()]],
    ['a call', [call, chunkOf({}, { finish: 'tool_calls' })]],
    ['a limit', [chunkOf({}, { finish: 'length' })]],
    ['a filter', [chunkOf({}, { finish: 'content_filter' })]],
  ])('is none with %s', (_, payloads) => {
    const view = replay([streamOf(role, ...payloads, '[DONE]')], { refusesEmpty: true });
    expect(view).toMatchObject({ problem: null, isComplete: true, warnings: [] });
  });

  it('is none while one of several choices has words', () => {
    const begun = chunkOf({ role: 'assistant', content: 'a' }, { index: 1 });
    expect(replay([streamOf(role, begun, stop(0), stop(1))], { n: 2, refusesEmpty: true })).toMatchObject({ problem: null });
  });
});

describe('a call that the request demands', () => {
  const any = { demandedCall: { name: null }, tools: ['f', 'g'], formats: ['hermes'] } satisfies ReplayOptions;
  const named = { ...any, demandedCall: { name: 'f' } };
  const other = { ...any, demandedCall: { name: 'g' } };

  it.each<[string, readonly string[], ReplayOptions, string | null]>([
    ['is met by a call', [call, chunkOf({}, { finish: 'tool_calls' })], any, null],
    ['is met by a call that ends with stop', [call, stop()], named, null],
    ['is met by a call in the text', [text('<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'), stop()], named, null],
    ['is not met by prose', [text('Sure, here it is.'), stop()], any, 'tool_choice_unmet'],
    ['is not met by prose for a named tool', [text('Sure.'), stop()], named, 'tool_choice_unmet'],
    ['is not met by a call of another tool', [call, stop()], other, 'tool_choice_unmet'],
    ['is not met by nothing', [stop()], { ...any, refusesEmpty: true }, 'tool_choice_unmet'],
    ['is not met by thinking', [chunkOf({ reasoning: 'hm' }), stop()], any, 'tool_choice_unmet'],
    ['gives way to a refusal', [chunkOf({ refusal: 'No.' }), stop()], any, null],
    ['gives way to a limit', [text('Let me think'), chunkOf({}, { finish: 'length' })], any, null],
  ])('%s', (_, payloads, options, problem) => {
    expect(replay([streamOf(role, ...payloads, '[DONE]')], options).problem).toBe(problem);
  });

  it('makes an answer unfit, not its model ill', () => {
    const answer = answerWith(any);
    const feeds = [role, text('Sure.'), stop(), '[DONE]'].map((payload) => answer.feed(payload));
    expect(feeds.at(-1)).toMatchObject({ kind: 'broken', problem: { cause: 'unfit_answer' } });
  });
});

describe('a finish reason that nobody knows', () => {
  it('is shown as stop, with a warning', () => {
    const view = replay([streamOf(role, text('a'), chunkOf({}, { finish: 'whatever' }))]);
    expect(view).toMatchObject({
      problem: null,
      choices: { 0: { finishReason: 'stop' } },
      warnings: [expect.stringContaining('finish reason')],
    });
  });
});

describe('the head of the chunks', () => {
  const named = (head: object, content: string): string =>
    JSON.stringify({ ...head, choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }] });
  const whole = { id: 'a', created: 1, model: 'm' };

  it.each<[string, readonly object[], readonly string[]]>([
    ['is passed on while it stays the same', [whole, whole, whole], ['verbatim', 'verbatim', 'verbatim']],
    ['is rewritten where the id changes', [whole, { ...whole, id: 'b' }, whole], ['verbatim', 'events', 'verbatim']],
    [
      'is rewritten where the time changes',
      [whole, whole, whole, { ...whole, created: 2 }],
      ['verbatim', 'verbatim', 'verbatim', 'events'],
    ],
    ['is rewritten while it is not whole', [{ ...whole, id: '', model: '' }, whole, whole], ['events', 'verbatim', 'verbatim']],
    ['is rewritten where a part of it never comes', [{ id: 'a' }, { id: 'a' }], ['events', 'events']],
  ])('%s', (_, heads, kinds) => {
    const answer = answerWith();
    expect(heads.map((head, i) => answer.feed(named(head, `word${i}`)).kind)).toEqual(kinds);
    const [choice] = answer.state.choices.values();
    expect(choice && contentOf(choice)).toBe(heads.map((_head, i) => `word${i}`).join(''));
  });

  it('is made of what comes first of each part', () => {
    const answer = answerWith();
    for (const head of [
      { id: '', model: '' },
      { id: 'a', created: 5 },
      { id: 'b', created: 6, model: 'm' },
    ])
      answer.feed(named(head, 'x'));
    expect(answer.state.head).toEqual({ id: 'a', created: 5, model: 'm' });
  });

  it('is looked at in every chunk, also in those that are known by their beginning and their end', () => {
    const answer = answerWith();
    const other = { ...whole, id: 'b' };
    const kinds = [whole, whole, whole, other, other, other, other, whole].map((head) => answer.feed(named(head, 'x')).kind);
    expect(kinds).toEqual(['verbatim', 'verbatim', 'verbatim', 'events', 'events', 'events', 'events', 'verbatim']);
  });
});
