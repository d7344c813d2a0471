/** Intent by rules and by the learned head: the intent router's prompts, its traps, and what steers the intent and what does not. */
import { describe, expect, it } from 'vitest';
import type { InnerRequest } from '../../../worker/core/request/inner-request.ts';
import { classify } from '../../../worker/core/classify/classify.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { loadWeights } from '../../../worker/core/classify/weights/load.ts';
import { levelOf, readIntent } from '../../../worker/core/classify/intent.ts';
import { ask, chat, hybrid, shipped } from './requests.ts';

const rules = (request: InnerRequest) => readIntent(buildView(request), shipped.intent);
const learned = (request: InnerRequest) => classify(buildView(request), hybrid, loadWeights());

// The router's own test prompts, retold; the third column is what this project says.
const prompts: [string, InnerRequest, string][] = [
  ['a Python search with error handling', ask('Write a Python function for binary search and handle errors'), 'code'],
  [
    'a word problem with reasoning',
    ask('If 5 workers need 12 days, how long do 8 workers need? Solve it and explain the reasoning.'),
    'reasoning',
  ],
  ['breakfast ideas', ask('Give me some ideas for a healthy breakfast'), 'general'],
  ['a mixed chat, first turn', ask('What is artificial intelligence?'), 'general'],
  ['a mixed chat, second turn', chat('What is AI?', 'Now build a small neural network in Python for me'), 'code'],
  ['quicksort', ask('Implement quicksort in JavaScript'), 'code'],
  ['a snippet to debug', ask('Debug this snippet:\n```py\nprint(x\n```'), 'code'],
  ['a binary tree in Java', ask('Show me a binary tree in Java'), 'code'],
  ['an even sum', ask('Prove that the sum of two even numbers is even'), 'reasoning'],
  ['an irrational root', ask('Prove that the square root of 2 is irrational'), 'reasoning'],
  ['a capital', ask('What is the capital of France?'), 'general'],
  ['dinner', ask('Suggest dinner recipes for two'), 'general'],
];

describe.each([
  ['rules', rules],
  ['hybrid', learned],
] as const)('intent by %s', (_, read) => {
  it.each(prompts)('%s', (_name, request, intent) => expect(read(request).intent).toBe(intent));

  it.each([
    ['a courtesy with "how" in it is general', ask('how are you'), 'general'],
    ['c++ is a word', ask('How do I use a vector in C++?'), 'code'],
    ['c# is a word', ask('A loop in C# please'), 'code'],
    ['"reason" inside "reasonable" is not', ask('Find me a reasonable hotel'), 'general'],
    ['no words at all are general', ask(''), 'general'],
  ])('%s', (_name, request, intent) => expect(read(request).intent).toBe(intent));

  it('is not steered by the system prompt', () => {
    const system = { role: 'system' as const, content: 'You write Python code, debug APIs and prove theorems.' };
    const request = ask('Good morning!');
    expect(read({ ...request, messages: [system, ...request.messages] }).intent).toBe('general');
  });
  it('follows the current turn, not the ones before', () => {
    expect(
      read(chat('Write a class in Java', 'Refactor the function', 'Prove that the angles of a triangle sum to 180 degrees'))
        .intent,
    ).toBe('reasoning');
  });
});

describe('the rules', () => {
  it('look back when the current turn only hints', () => {
    const reading = rules(chat('Write a Python function that sorts a list', 'with a < b?'));
    expect([reading.intent, reading.isFromHistory]).toEqual(['code', true]);
  });
  it('do not look back when it says nothing', () =>
    expect(rules(chat('Write a Python function', 'thanks a lot')).intent).toBe('general'));
  it('are surer with more evidence', () => {
    expect(rules(ask('Debug the Python function in my script')).confidence).toBeGreaterThan(
      rules(ask('A question about Python')).confidence,
    );
  });
  it('are less sure when both sides have evidence', () => {
    expect(rules(ask('Prove that the Python function is right')).confidence).toBeLessThan(
      rules(ask('Run the Python function')).confidence,
    );
  });
  it('take fences and stack frames for code without any keyword', () => {
    expect(rules(ask('Hm?\n```\nx := 1\n```')).intent).toBe('code');
    expect(rules(ask('It dies\n  at go (a.js:1:2)')).intent).toBe('code');
  });
});

describe('levels', () => {
  it.each([
    [0.95, 'high'],
    [0.7, 'high'],
    [0.69, 'medium'],
    [0.4, 'medium'],
    [0.39, 'low'],
    [0, 'low'],
  ])('confidence %f is %s', (confidence, level) => {
    expect(levelOf(confidence, shipped.intent)).toBe(level);
  });
  it('need the medium threshold to leave general', () => {
    const strict = { ...shipped.intent, thresholds: { high: 0.99, medium: 0.9, low: 0.2 } };
    expect(readIntent(buildView(ask('A question about Python')), strict).intent).toBe('general');
  });
});
