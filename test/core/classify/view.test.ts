/** What a view says of a request: the last user turn apart from everything else, and counts of what it carries. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildView, sampleText } from '../../../worker/core/classify/view.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { ask, chat, messagesView, tools, viewOf } from './requests.ts';

const image = { type: 'image_url' as const, image_url: { url: 'https://example.com/a.png' } };
const log = Array.from(
  { length: 40 },
  (_, at) => `2026-03-14T10:00:${String(at).padStart(2, '0')}Z INFO store[12] saved batch=${at} took=${at * 3}ms`,
).join('\n');
const passage = 'The committee met in the large hall and moved the archive to the second floor without objections. '
  .repeat(12)
  .trim();

describe('the ask', () => {
  it.each([
    ['is the whole of a short turn', 'What is a noun?', 'What is a noun?'],
    ['leaves out a pasted log', `${log}\n\nWhich service is this?`, 'Which service is this?'],
    ['leaves out a log pasted after it', `Which service is this?\n\n${log}`, 'Which service is this?'],
    ['leaves out fenced code', 'Why does it fail?\n```js\nlet a = 1;\nb();\n```', 'Why does it fail?'],
    ['leaves out stack frames', 'It crashes.\n    at run (main.js:3:1)\n    at start (main.js:9:1)', 'It crashes.'],
    ['leaves out table rows', 'Sum column b\na|b|c|d\n1|2|3|4\n5|6|7|8', 'Sum column b'],
    [
      'keeps one log line, which is what is asked about',
      'ERROR: could not serialize access, why?',
      'ERROR: could not serialize access, why?',
    ],
    ['drops thanks at the end', 'Sort 3, 1, 2. Thank you so much!', 'Sort 3, 1, 2.'],
    ['drops a greeting at the start', 'Hi there, what is a verb?', 'what is a verb?'],
    ['keeps thanks that are all there is', 'Thank you so much!', 'Thank you so much!'],
    ['keeps thanks that are asked about', 'How do you spell thanks?', 'How do you spell thanks?'],
    ['is the material itself when there is nothing else', '    at run (main.js:3:1)', 'at run (main.js:3:1)'],
  ])('%s', (_, text, expected) => expect(viewOf(text).ask.ask).toBe(expected));

  it.each([
    ['before a question', `${passage}\n\nWho moved the archive?`, /^The committee met[\s\S]{50,200}\n\nWho moved the archive\?$/],
    [
      'after an instruction',
      `Summarise in one line.\n\n${passage}`,
      /^The committee met[\s\S]{50,200}\n\nSummarise in one line\.$/,
    ],
  ])('has a sample of a passage %s, and the question last', (_, text, expected) =>
    expect(viewOf(text).ask.ask).toMatch(expected),
  );

  it('stands beside more of the passage for what tells how likely each model is right', () => {
    const minutes = Array.from({ length: 20 }, (_, at) => `On day ${at} the committee moved ${at} boxes of the archive.`);
    const view = viewOf(`${minutes.join(' ')}\n\nWho moved the archive?`);
    expect(view.asked.text).toBe(view.ask.ask);
    expect(view.beside.text).toMatch(/^On day 0 the[\s\S]{400,600}\n\nWho moved the archive\?$/);
    expect(view.beside.tokens.count).toBeGreaterThan(view.asked.tokens.count);
  });

  it.each([
    ['a short turn', 'What is a noun?'],
    ['code', 'Why does it fail?\n```js\nlet a = 1;\nb();\n```'],
    ['a long text that asks nothing', passage],
  ])('is read only once without a passage: %s', (_, text) => {
    const view = viewOf(text);
    expect(view.beside).toBe(view.asked);
  });

  it('is read from the last user turn, not from system prompt, answers, history or tool results', () => {
    const request = innerRequest({
      model: 'auto',
      messages: [
        { role: 'system', content: 'Prove everything.' },
        { role: 'user', content: 'an older question' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', content: 'design a result', tool_call_id: 'a' },
        { role: 'assistant', content: 'done' },
        { role: 'user', content: 'and now?' },
      ],
    });
    const view = buildView(request);
    expect([view.ask.ask, view.previousAsk]).toEqual(['and now?', 'an older question']);
    expect([view.userTurns, view.toolResults, view.isToolLoop, view.messages]).toEqual([2, 1, false, 6]);
  });

  it('is the only message there is when no user spoke', () => {
    const view = messagesView([{ role: 'system', content: 'Write a poem.' }]);
    expect([view.ask.ask, view.hasUserTurn]).toEqual(['Write a poem.', false]);
  });
});

describe('counts', () => {
  it.each([
    ['words of spaced scripts', viewOf('one two  three').asked.stats.words, 3],
    ['words with apostrophes and hyphens once', viewOf("it's well-known").asked.stats.words, 2],
    ['words of Chinese by characters', viewOf('我们明天去公园玩吧好吗').asked.stats.words, 7],
    ['question marks of other scripts', viewOf('为什么？ لماذا؟').stats.questionMarks, 2],
    ['mathematical signs', viewOf('x^2 + y = 3 ≤ z').stats.mathSymbols, 4],
    ['digits', viewOf('call 555 0199').stats.digits, 7],
    ['list items', viewOf('Do:\n- one\n- two\n3. three').ask.listItems, 3],
    ['log lines', viewOf(`${log}\nwhy?`).ask.logLines, 40],
    ['stack frames', viewOf('No.\n  at a (b.js:1:2)\n  File "x.py", line 3').ask.stackLines, 2],
    ['code lines without a fence', viewOf('Fix:\ndef f(x):\n    return x').ask.codeLines, 2],
    ['fences', viewOf('a\n```\nx\n```').ask.codeFences, 2],
    [
      'images of the whole chat',
      messagesView([
        { role: 'user', content: [image, image] },
        { role: 'user', content: 'so?' },
      ]).images,
      2,
    ],
    [
      'images of the last turn',
      messagesView([
        { role: 'user', content: [image] },
        { role: 'user', content: 'so?' },
      ]).lastTurnImages,
      0,
    ],
    ['tools', viewOf('go', { tools: tools(3) }).tools, 3],
    ['user turns', buildView(chat('a', 'b', 'c')).userTurns, 3],
    [
      'properties of a schema',
      viewOf('go', {
        response_format: {
          type: 'json_schema',
          json_schema: {
            name: 'a',
            schema: { type: 'object', properties: { a: { type: 'object', properties: { b: {}, c: {} } } } },
          },
        },
      }).schemaProperties,
      3,
    ],
    ['no schema in JSON mode', viewOf('go', { response_format: { type: 'json_object' } }).schemaProperties, 0],
    ['the newer limit before the older', viewOf('go', { max_tokens: 5, max_completion_tokens: 9 }).requestedMaxTokens, 9],
    ['no limit as unknown', viewOf('go').requestedMaxTokens, null],
  ])('%s', (_, actual, expected) => expect(actual).toBe(expected));

  it.each([
    ['latin', 'Guten Morgen'],
    ['cyrillic', 'доброе утро'],
    ['arabic', 'صباح الخير'],
    ['indic', 'सुप्रभात'],
    ['han', '早上好'],
    ['kana', 'おはよう'],
    ['hangul', '좋은 아침'],
    ['greek', 'καλημέρα'],
    ['hebrew', 'בוקר טוב'],
    ['thai', 'สวัสดี'],
  ])('knows the script %s', (script, text) => expect(viewOf(text).stats.script).toBe(script));
});

describe('the token estimate', () => {
  // By hand: a token a digit, about one a common English word or sign, two tokens for three Chinese characters. The estimate promises a quarter either way.
  it.each([
    ['English prose', 'The quick brown fox jumps over the lazy dog and runs away into the forest.', 16],
    ['digits one by one', '1234567890', 10],
    ['Chinese', '我们明天去公园玩，你想一起来吗？', 11],
  ])('is within 25 %% on %s', (_, text, tokens) => {
    const frame = viewOf('').estimatedPromptTokens;
    const estimate = viewOf(text).estimatedPromptTokens - frame;
    expect(Math.abs(estimate - tokens) / tokens).toBeLessThan(0.25);
  });
  it('grows with every message, tool and image', () => {
    const base = viewOf('hello').estimatedPromptTokens;
    expect(buildView(chat('hello', 'hello')).estimatedPromptTokens).toBeGreaterThan(base);
    expect(viewOf('hello', { tools: tools(1) }).estimatedPromptTokens).toBeGreaterThan(base);
    expect(
      messagesView([{ role: 'user', content: [{ type: 'text', text: 'hello' }, image] }]).estimatedPromptTokens,
    ).toBeGreaterThan(base);
  });
  it('scales a long text up from its sample', () => {
    const short = viewOf('word '.repeat(1000)).estimatedPromptTokens;
    const long = viewOf('word '.repeat(100_000)).estimatedPromptTokens;
    expect(long / short).toBeGreaterThan(95);
    expect(long / short).toBeLessThan(105);
  });
});

describe('bounds', () => {
  it('reads at most 8 Ki characters from either end', () => {
    const text = `start ${'x'.repeat(50_000)} end`;
    const view = viewOf(text);
    expect(view.text.length).toBe(16_385);
    expect(view.text.startsWith('start') && view.text.endsWith('end')).toBe(true);
    expect(view.textChars).toBe(text.length);
  });
  it('keeps a text of exactly 16 Ki whole', () => expect(sampleText('y'.repeat(16_384))).toHaveLength(16_384));
  it('reads any request without failing', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { minLength: 1, maxLength: 4 }), (turns) => {
        const view = buildView(chat(...turns));
        expect(view.ask.ask.length).toBeLessThanOrEqual(view.text.length);
        expect(view.estimatedPromptTokens).toBeGreaterThan(0);
      }),
    );
  });
  it('is a pure reading: the same request gives the same view', () => {
    const request = ask(`${log}\n${passage}\nprove it`);
    expect(buildView(request)).toEqual(buildView(request));
  });
});
