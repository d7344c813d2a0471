/** Two answers to one request are graded by what can be checked first, and only then by how far they agree or by what a judge says. */
import { describe, expect, it } from 'vitest';
import {
  type GivenText,
  gradePair,
  isForJudge,
  judgePrompt,
  judgePromptBytes,
  readVerdict,
} from '../../../worker/core/learn/grade.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import type { ChatRequest } from '../../../shared/chat.ts';

const request = (more: Partial<ChatRequest> = {}) =>
  innerRequest({ model: 'auto', messages: [{ role: 'user', content: 'Weather?' }], ...more });
const text = (content: string, more: Partial<GivenText> = {}): GivenText => ({ content, calls: [], isInvalid: false, ...more });
const call = (name: string, args = '{"city":"Oslo"}'): GivenText => text('', { calls: [{ name, arguments: args }] });
const withTool = request({ tools: [{ type: 'function', function: { name: 'weather', parameters: {} } }] });
const asJson = request({ response_format: { type: 'json_object' } });

describe('a pair of answers', () => {
  it.each([
    ['the same text', request(), text('It rains.'), text('It rains.'), { small: 1, large: 1 }],
    ['nothing in common', request(), text('Sun'), text('It rains.'), { small: 0, large: 1 }],
    ['the small one is empty', request(), text(' '), text('It rains.'), { small: 0, large: 1 }],
    ['the large one is empty', request(), text('It rains.'), text(''), { small: 1, large: 0 }],
    ['both are empty', request(), text(''), text(''), { small: 0, large: 0 }],
    ['the small one is no JSON', asJson, text('rain'), text('{"sky":"rain"}'), { small: 0, large: 1 }],
    ['the large one breaks its schema', asJson, text('{}'), text('{}', { isInvalid: true }), { small: 1, large: 0 }],
    ['the same call', withTool, call('weather'), call('weather'), { small: 1, large: 1 }],
    ['the same tool, other arguments', withTool, call('weather', '{"city":"Rome"}'), call('weather'), { small: 0.75, large: 1 }],
    ['a tool that was not offered', withTool, call('fly'), call('weather'), { small: 0, large: 1 }],
    ['arguments that are no JSON', withTool, call('weather', '{'), call('weather'), { small: 0, large: 1 }],
    ['a text where the other calls', withTool, text('No idea'), call('weather'), { small: 0, large: 1 }],
  ] as const)('%s', (_, asked, small, large, grades) => expect(gradePair(asked, small, large)).toEqual(grades));

  it('is for a judge only where both are texts that work', () => {
    expect(isForJudge(request(), text('a'), text('b'))).toBe(true);
    expect(isForJudge(request(), text(''), text('b'))).toBe(false);
    expect(isForJudge(withTool, call('weather'), text('b'))).toBe(false);
  });
});

describe('a judge', () => {
  it('is not told whose answer is whose, and both orders are asked for', () => {
    const [one, other] = [judgePrompt('Q', 'SMALL', 'LARGE', false), judgePrompt('Q', 'SMALL', 'LARGE', true)];
    expect(one.indexOf('SMALL')).toBeLessThan(one.indexOf('LARGE'));
    expect(other.indexOf('LARGE')).toBeLessThan(other.indexOf('SMALL'));
  });

  it('reads a bounded prompt, whatever the texts are made of', () => {
    for (const letter of ['a', 'ü', '水', '🌊']) {
      const long = letter.repeat(20_000);
      const prompt = judgePrompt(long, long, long, false);
      expect(new TextEncoder().encode(prompt).byteLength).toBeLessThanOrEqual(judgePromptBytes);
    }
  });

  it.each([
    ['7 4', false, { small: 0.7, large: 0.4 }],
    ['7 4', true, { small: 0.4, large: 0.7 }],
    ['Grades: 10, 8.5', false, { small: 1, large: 0.85 }],
    ['Answer 1: 7/10\nAnswer 2: 4/10', false, { small: 0.7, large: 0.4 }],
    ['<answer_1>7</answer_1> <answer_2>4</answer_2>', true, { small: 0.4, large: 0.7 }],
    ['10 out of 10, 9 out of 10', false, { small: 1, large: 0.9 }],
    ['11 4', false, null],
    ['-3 5', false, null],
    ['Answer 2 is better.', false, null],
    ['7', false, null],
    ['Both are good.', false, null],
    ['', false, null],
    ['Answer 1 is better than answer 2 in every respect: 9 to 3 with 12 reasons', false, null],
  ] as const)('that says %j (swapped: %s) is read as %j', (said, isSwapped, grades) =>
    expect(readVerdict(said, isSwapped)).toEqual(grades),
  );
});
