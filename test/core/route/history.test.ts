/** A conversation is known by all that was said in it, however its client writes that down. */
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../shared/chat.ts';
import { beginningOf, type GivenAnswer, readHistory } from '../../../worker/core/route/history.ts';

const system: Message = { role: 'system', content: 'You help.' };
const hi: Message = { role: 'user', content: 'Hi' };
const hello: GivenAnswer = { content: 'Hello! How can I help?', refusal: '', calls: [] };
const helloBack: Message = { role: 'assistant', content: hello.content };
const more: Message = { role: 'user', content: 'And now?' };
const call = { name: 'look_up', arguments: '{"city": "Oslo", "days": 3}' };
const called: GivenAnswer = { content: '', refusal: '', calls: [call] };
const calledBack: Message = {
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'call_1', type: 'function', function: call }],
};
const result: Message = { role: 'tool', tool_call_id: 'call_1', content: 'Sunny' };

const idOf = (...messages: Message[]) => readHistory(messages, 'a').id;
const after = (answer: GivenAnswer, ...messages: Message[]) => readHistory(messages, 'a').idAfter(answer);

describe('a request goes on with a turn', () => {
  it.each<readonly [string, Message[], GivenAnswer, Message[]]>([
    ['that it repeats, with its answer', [system, hi], hello, [helloBack, more]],
    ['although it says two things now', [system, hi], hello, [helloBack, more, hi]],
    ['although a new instruction stands before the new turn', [hi], hello, [helloBack, system, more]],
    ['whose calls it answers', [system, hi], called, [calledBack, result]],
    [
      'whose calls it answers all at once',
      [hi],
      { ...called, calls: [call, call] },
      [
        { role: 'assistant', tool_calls: [1, 2].map((id) => ({ id: `c${id}`, type: 'function', function: call })) },
        result,
        { ...result, tool_call_id: 'c2' },
      ],
    ],
    ['that was in the middle of a tool loop', [hi, calledBack, result], hello, [helloBack, more]],
    [
      'with an image',
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hi' },
            { type: 'image_url', image_url: { url: 'https://a.example/1.png' } },
          ],
        },
      ],
      hello,
      [helloBack, more],
    ],
  ])('%s', (_, turn, answer, rest) => {
    expect(idOf(...turn, ...rest)).toBe(after(answer, ...turn));
    expect(idOf(...turn, ...rest)).toMatch(/^[0-9a-z]{14}$/);
  });

  it.each<readonly [string, GivenAnswer, Message]>([
    ['without the white space at its ends', { ...hello, content: '\n\nHello! How can I help? \n' }, helloBack],
    ['in parts', hello, { role: 'assistant', content: [{ type: 'text', text: hello.content }] }],
    ['with its thinking', hello, { ...helloBack, reasoning: 'hm', reasoning_content: 'hm' }],
    ['with a name', hello, { ...helloBack, name: 'helper' }],
    ['with no calls in a list', hello, { ...helloBack, tool_calls: [] }],
    [
      'with the arguments of its calls rewritten',
      called,
      {
        ...calledBack,
        tool_calls: [{ id: 'other', type: 'function', function: { name: 'look_up', arguments: '{"city":"Oslo","days":3}' } }],
      },
    ],
    ['with an empty text beside its calls', called, { ...calledBack, content: '' }],
    [
      'with a refusal in its field',
      { content: '', refusal: 'No.', calls: [] },
      { role: 'assistant', content: null, refusal: 'No.' },
    ],
    [
      'with a refusal in a part',
      { content: '', refusal: 'No.', calls: [] },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
    ],
    ['with a refusal as its text', { content: '', refusal: 'No.', calls: [] }, { role: 'assistant', content: 'No.' }],
  ])('whose answer comes back %s', (_, answer, back) => {
    expect(idOf(system, hi, back, more)).toBe(after(answer, system, hi));
  });

  it('whose question comes back in parts, and whose instruction has its newer name', () => {
    const again: Message[] = [
      { role: 'developer', content: [{ type: 'text', text: 'You help.' }] },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    ];
    expect(idOf(...again, helloBack, more)).toBe(after(hello, system, hi));
  });
});

describe('a request is another conversation', () => {
  it.each<readonly [string, Message[]]>([
    ['with another answer', [system, hi, { role: 'assistant', content: 'Hello!' }, more]],
    ['with another question', [system, { role: 'user', content: 'Hey' }, helloBack, more]],
    ['with another instruction', [{ role: 'system', content: 'You guess.' }, hi, helloBack, more]],
    ['without the instruction', [hi, helloBack, more]],
    ['with one more turn in between', [system, hi, helloBack, more, helloBack, more]],
    ['with a turn left out', [system, helloBack, more]],
    ['said by somebody else', [system, { ...hi, name: 'Ada' }, helloBack, more]],
    ['with a call beside the answer', [system, hi, { ...calledBack, content: hello.content }, more]],
    [
      'with the same words elsewhere',
      [system, { role: 'user', content: `Hi${hello.content}` }, { role: 'assistant', content: '-' }, more],
    ],
  ])('%s', (_, messages) => {
    expect(idOf(...messages)).not.toBe(after(hello, system, hi));
  });

  it('of another tenant', () => {
    expect(readHistory([system, hi, helloBack, more], 'b').id).not.toBe(after(hello, system, hi));
  });

  it.each([
    ['another tool', { ...call, name: 'look' }],
    ['other arguments', { ...call, arguments: '{"city":"Oslo","days":4}' }],
  ])('whose answer calls %s', (_, other) => {
    expect(after({ ...called, calls: [other] }, hi)).not.toBe(after(called, hi));
  });

  it('with another image', () => {
    const seen = (url: string): Message => ({ role: 'user', content: [{ type: 'image_url', image_url: { url } }] });
    expect(after(hello, seen('https://a.example/1.png'))).not.toBe(after(hello, seen('https://a.example/2.png')));
  });

  it.each<readonly [string, Message[]]>([
    ['a first turn', [system, hi]],
    ['a turn that wants an answer continued', [system, hi, helloBack]],
  ])('and none yet: %s', (_, messages) => {
    expect(idOf(...messages)).toBeNull();
  });
});

it('a hundred kilobytes of conversation are read in a few milliseconds', () => {
  const long: Message[] = Array.from({ length: 50 }, () => ({ role: 'user', content: 'word '.repeat(400) }));
  const startedAtMs = performance.now();
  readHistory([...long, helloBack, more], 'a');
  expect(performance.now() - startedAtMs).toBeLessThan(100);
});

it('experiments know a conversation by its beginning, which stays', () => {
  const tools = [{ type: 'function' as const, function: { name: 'f' } }];
  const of = (messages: Message[], change = {}) => beginningOf({ messages, ...change }, 'a');
  expect(of([system, hi])).toBeNull();
  expect(of([system, hi, helloBack, more])).toBe(of([system, hi, helloBack, more, helloBack, more]));
  expect(of([system, hi], { tools })).toBe(of([system, hi, helloBack, more]));
});
