/** Whether a text continues another or repeats it, by its first characters, however they are split. */
import { describe, expect, it } from 'vitest';
import { createJoint, type JointVerdict } from '../../../worker/core/answer/joint.ts';

/** What is made of `text` in pieces of `size`, and how many characters it took. */
function judge(sent: string, text: string, size: number): { kind: string; text: string; held: number } {
  const joint = createJoint(sent);
  let verdict: JointVerdict = { kind: 'waits' };
  let at = 0;
  for (; at < text.length && verdict.kind === 'waits'; at += size) verdict = joint.feed(text.slice(at, at + size));
  if (verdict.kind === 'waits') verdict = joint.end();
  if (verdict.kind === 'waits') throw new Error('undecided at the end');
  return { kind: verdict.kind, text: verdict.text + text.slice(at), held: Math.min(at, text.length) };
}

const tale = 'Once upon a time there was a harbour where nobody ever arrived. ';
const rows = "INSERT INTO ports (id, name) VALUES (1, 'Oslo');\nINSERT INTO ports (id, name) VALUES (2, 'Riga');\n";
const tests = "describe('harbour', () => {\n  it('opens', () => {});\n";

describe.each([1, 3, 1000])('a second text in pieces of %i', (size) => {
  it.each([
    ['the words that come next', tale, 'The gulls were many.'],
    ['the rest of a word', 'Once upon a ti', 'me there was'],
    ['a word that the answer begins with', tale, 'Once, in spring, a ship came.'],
    ['a sentence that begins like the first', 'The tide in Oslo is low. ', 'The tide in Riga is lower.'],
    ['one more row of a table', rows, "INSERT INTO ports (id, name) VALUES (3, 'Kiel');\n"],
    ['one more line of a list', '- a\n- b\n', '- c\n'],
    ['another digit', '1', '12'],
    ['the rest of a heading', '#', '## Harbours'],
    ['the rest of a fence', '`', '``js\n'],
    ['the rest of a rule', '----------------------------------------', '----------------------------------------\nDone'],
    ['an echo of one word in its middle', 'Say ho', 'ho ho'],
    ['white space', tale, '\n\nThe gulls were many.'],
    ['a name that looks like a role', tale, 'Assistant harbour masters were two.'],
    ['a closing bracket', tests, '});\n'],
    ['nothing but an end', tale, ''],
    ['text behind a text of white space', '\n\n', 'Once upon a time'],
  ])('goes on when it is %s', (_, sent, text) => {
    expect(judge(sent, text, size)).toMatchObject({ kind: 'goes_on', text });
  });

  it.each([
    ['the same words', tale, `${tale}The gulls were many.`, `${tale}The gulls were many.`],
    ['the same beginning, another end', tale, 'Once upon a time there was no harbour.', 'Once upon a time there was no harbour.'],
    ['a short text again', 'Once', 'Once upon', 'Once upon'],
    ['two letters again', 'Hi', 'Hi there', 'Hi there'],
    ['one character again', '你', '你好', '你好'],
    ['a row of numbers again', '3.14159265', '3.1415926535', '3.1415926535'],
    ['white space before it', tale, `\n\n${tale}`, tale],
    ['less white space before it', `\n${tale}`, tale, `\n${tale}`],
    ['a short text with a space behind', 'Once ', 'Once upon', 'Once upon'],
    ['rows from the first on', rows, rows, rows],
    ['an end before it was all said', tale, 'Once upon', 'Once upon'],
  ])('starts over when it is %s', (_, sent, text, wanted) => {
    expect(judge(sent, text, size)).toMatchObject({ kind: 'starts_over', text: wanted });
  });
});

it.each([['assistant', '\n\n', tale], [`assistant\n${tale}`], ['\n', 'Assistant', ': ', tale]])(
  'starts over when a role stands before the same words',
  (...pieces) => {
    const joint = createJoint(tale);
    const verdicts = pieces.map((piece) => joint.feed(piece));
    expect(verdicts.at(-1)).toEqual({ kind: 'starts_over', text: tale });
    expect(verdicts.slice(0, -1).every(({ kind }) => kind === 'waits')).toBe(true);
  },
);

it('holds back no more than it takes to tell', () => {
  expect(judge(tale, 'The gulls were many.', 1).held).toBe(1);
  expect(judge(tale, tale, 1).held).toBe(24);
  expect(judge(tale, 'Once, in spring', 1).held).toBe(5);
});

it('reads a long answer of like rows once', () => {
  const long = Array.from({ length: 20_000 }, (_, i) => `INSERT INTO ports (id, name) VALUES (${i}, 'x');\n`).join('');
  const startedAtMs = performance.now();
  expect(judge(long, 'INSERT INTO ports (id, name) VALUES (20000', 7).kind).toBe('goes_on');
  expect(performance.now() - startedAtMs).toBeLessThan(500);
});
