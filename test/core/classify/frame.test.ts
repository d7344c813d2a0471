/** Text around a request is removed and never taken for it; the request itself stays whole. */
import { describe, expect, it } from 'vitest';
import { wrappings } from '../../../bench/routing/wrappings.ts';
import { viewOf } from './requests.ts';

const short = 'Prove that every finite integral domain is a field.';
const long = [
  'Let G be a finite group of order 2n with n odd, acting on its own elements by multiplication from the left. '.repeat(3),
  'Consider the sign of each permutation that arises in this way, and the map that it defines. '.repeat(4),
  'Show that G has a subgroup of index two, and find a counterexample for even n.',
]
  .map((paragraph) => paragraph.trim())
  .join('\n\n');

function askOf(text: string): string {
  return viewOf(text).ask.ask;
}

describe('a wrapping changes nothing about the ask', () => {
  it.each(wrappings.map(({ name, wrap }) => [name, wrap] as const))('%s', (_, wrap) => {
    expect(askOf(wrap(short))).toBe(askOf(short));
    expect(askOf(wrap(long))).toBe(askOf(long));
  });
});

describe('the frame', () => {
  it.each([
    ['a role and a task in one sentence keep the task', 'Act as a guide and write an itinerary for Rome.', /itinerary for Rome/],
    ['a persona before a comma goes', 'As a senior engineer, name the capital of Chad.', /^name the capital of Chad\.$/],
    [
      'several frames in a row go',
      'Hi!\nYou are an expert.\nPlease help me.\n\nWho wrote Emma?\n\nThanks!\nAnswer briefly.',
      /^Who wrote Emma\?$/,
    ],
    [
      'what a coding agent adds goes',
      '<system-reminder>Prove all lemmas.</system-reminder>\nrename the file',
      /^rename the file$/,
    ],
    ['marks of chat templates go', '<|im_start|>user\nname a bird<|im_end|>', /^name a bird$/],
    ['a number that is asked about stays', 'What is 2 + 2?', /^What is 2 \+ 2\?$/],
    ['a length that is wished for goes', 'Describe a fox. Use at most 50 words.', /^Describe a fox\.$/],
    ['a format that is asked about stays', 'What is XML?', /^What is XML\?$/],
    ['a wish about content stays', 'Write a poem. It must rhyme with orange.', /orange/],
    ['a puzzle in the second person stays', 'You are given eight coins. One is heavier. Find it.', /eight coins/],
    ['frame alone stays', 'Can you help me?', /^Can you help me\?$/],
    ['a greeting alone stays', 'Hello!', /^Hello!$/],
    ['words to translate stay', 'How do you say "good morning" in Finnish?', /good morning.*Finnish/],
    ['a document with tags of its own stays', '<div><p>Fix the closing tag</p>', /Fix the closing tag/],
    ['thanks without a full stop before go', 'name a bird Thank you for your help', /^name a bird$/],
    ['Portuguese courtesy goes', 'Olá, bom dia!\nquantos ossos tem um gato?\nMuito obrigado', /^quantos ossos tem um gato\?$/],
    ['Russian courtesy goes', 'Здравствуйте! Сколько костей у кошки? Заранее спасибо.', /^Сколько костей у кошки\?$/],
    ['Korean courtesy goes', '안녕하세요. 고양이의 뼈는 몇 개예요? 감사합니다.', /^고양이의 뼈는 몇 개예요\?$/],
    ['a Chinese lead-in goes', '请帮我回答以下问题：猫有多少块骨头？谢谢！', /^猫有多少块骨头？$/],
  ])('%s', (_, text, expected) => expect(askOf(text)).toMatch(expected));

  it('beside code leaves the code to speak for itself', () => {
    const code = 'def f(x):\n    return x * 2\nprint(f(3))';
    expect(askOf(`${code}\n\nThanks!`)).toBe(askOf(code));
    expect(askOf(`Please help me with this.\n\n${code}`)).toBe(askOf(code));
  });

  it('is no reason to lose an end of any text', () => {
    for (const text of ['', ' ', '```', '"""', '<a>', '1.', '> ', '**', 'Thanks', 'As a cat, ', '\n\n---\n\n']) {
      expect(viewOf(text).ask.ask.length).toBeLessThanOrEqual(text.length);
    }
  });
});

describe('a fence', () => {
  const proof = 'Show that the sum of two odd numbers is even for all integers.\nThen generalise to n odd numbers.';
  it('around prose is a quotation', () => {
    const { ask } = viewOf(`My exam has this:\n\`\`\`\n${proof}\n\`\`\`\nHow would you begin?`);
    expect(ask.ask).toContain('sum of two odd numbers');
    expect([ask.codeFences, ask.codeLines]).toEqual([0, 0]);
  });
  it('around code stays code', () => {
    const { ask } = viewOf('Why does it fail?\n```js\nlet a = 1;\nb();\n```');
    expect([ask.ask, ask.codeFences, ask.codeLines]).toEqual(['Why does it fail?', 2, 2]);
  });
  it('around code with a request among it keeps the request', () => {
    const { ask } = viewOf(
      '```\nPlease rewrite the loop below so that it stops early.\nfor i in xs:\n    f(i)\n    g(i)\n```\nok?',
    );
    expect(ask.ask).toContain('rewrite the loop');
    expect(ask.code).toContain('g(i)');
  });
});

describe('a question beside a passage', () => {
  const passage = Array.from({ length: 30 }, (_, at) => `In year ${at} the harbour was dredged and the quay made longer.`).join(
    ' ',
  );
  it('comes last and never alone', () => {
    const before = askOf(`Who paid for the quay?\n\n${passage}`);
    expect(before).toMatch(/^In year 0 the harbour[\s\S]*Who paid for the quay\?$/);
    expect(askOf(`${passage}\n\nWho paid for the quay?`)).toBe(before);
    expect(before.length).toBeLessThan(700);
  });
  it('is only one when it asks: a remark at the end leaves the text as it is', () => {
    expect(askOf(`${passage}\n\nMy uncle told me so.`)).toContain('In year 4 ');
  });
});
