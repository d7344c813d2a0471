/** Classification as a whole: modes, the threshold as a knob, what must not move the verdict, and the tier router's situations. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InnerRequest } from '../../../worker/core/request/inner-request.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { classify, type Classification } from '../../../worker/core/classify/classify.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { loadWeights } from '../../../worker/core/classify/weights/load.ts';
import { readScore, type ScoreReading } from '../../../worker/core/route/score-reading.ts';
import { configWith } from '../../support/fakes/config.ts';
import { ask, chat, heuristicOnly, hybrid, tools } from './requests.ts';

const weights = loadWeights();
const read = (request: InnerRequest, config = hybrid): Classification => classify(buildView(request), config, weights);
const isLarge = (request: InnerRequest, config = hybrid): boolean => read(request, config).score >= config.classifier.threshold;
const fleet = configWith({ routing: { classifier: { threshold: hybrid.classifier.threshold } } });
const readingOf = (request: InnerRequest, config = hybrid): ScoreReading =>
  readScore(read(request, config), fleet, 'cost', () => null);
const withThreshold = (threshold: number) => ({ ...hybrid, classifier: { ...hybrid.classifier, threshold } });

describe('modes', () => {
  it('is heuristic without weights, whatever the configuration says', () => {
    const result = classify(buildView(ask('Prove it')), hybrid, null);
    expect([result.mode, result.learned, result.score]).toEqual(['heuristic', null, result.heuristicScore]);
  });
  it('is heuristic when the configuration says so', () => expect(read(ask('Prove it'), heuristicOnly).mode).toBe('heuristic'));
  it('hybrid listens to the keywords, learned does not', () => {
    const learned = { ...hybrid, classifier: { ...hybrid.classifier, mode: 'learned' as const } };
    const deaf = (config: typeof hybrid) => ({ ...config, classifier: { ...config.classifier, keywords: [] } });
    const request = ask('Derive the closed form and prove it');
    expect(read(request, learned).score).toBe(read(request, deaf(learned)).score);
    expect(read(request).score).not.toBe(read(request, deaf(hybrid)).score);
  });
  it('gives reasons in every mode', () => {
    for (const config of [hybrid, heuristicOnly])
      expect(read(ask('Prove that 3 is prime, step by step'), config).reasons.join('; ')).toContain('keywords');
  });
});

describe('reasons', () => {
  const requests = [
    ask('hi'),
    ask('Prove it step by step'),
    ask(`Compare the two designs. ${'They differ in how they lock. '.repeat(80)}`),
    ask('Evaluate this', { tools: tools(7), response_format: { type: 'json_object' } }),
  ];
  it.each(requests)('of a sum of signals add up to the score as it is shown (%#)', (request) => {
    const { score, reasons } = read(request, heuristicOnly);
    const shown = reasons.map((reason) => Number(/ (\d\.\d\d)(?: \(|$)/.exec(reason)?.[1]));
    expect(shown.reduce((sum, value) => sum + value, 0)).toBeCloseTo(Number(score.toFixed(2)), 10);
  });
  it('name the words that were found', () => {
    expect(read(ask('Prove it step by step'), heuristicOnly).reasons[0]).toBe('keywords 0.54 (prove, step by step)');
  });
  it('of a trained score are a chance and what is telling, without figures that do not add up', () => {
    expect(read(ask('hi')).reasons).toEqual(['under 1 % likely to need the large model']);
    const [chance, ...telling] = read(ask('Prove it step by step')).reasons;
    expect(chance).toMatch(/^(\d\d|over 99) % likely to need the large model$/);
    expect(telling.join(', ')).not.toMatch(/\d\.\d/);
  });
});

describe('the threshold', () => {
  const requests = ['hi', 'What is a noun?', 'Prove it', 'Design a distributed queue', 'print in python', 'Is time real?'].map(
    (text) => ask(text),
  );
  it('does not change a score, and sends fewer the higher it is', () => {
    const counts = [0, 0.3, 0.6, 0.9, 1].map(
      (threshold) => requests.filter((request) => isLarge(request, withThreshold(threshold))).length,
    );
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(counts[0]).toBe(requests.length);
    expect(new Set([0.3, 0.9].map((threshold) => read(ask('Prove it'), withThreshold(threshold)).score)).size).toBe(1);
  });
});

describe('hybrid verdicts', () => {
  it.each([
    ['small talk', ask('hello :)'), false],
    ['a look-up', ask('Which ocean is the largest?'), false],
    ['a one-line command', ask('git undo last commit'), false],
    ['a short hard question', ask('Prove the irrationality of pi.'), true],
    ['an implementation', ask('Implement a concurrent skip list in C++ with tests'), true],
    ['an analysis', ask('Assess the antitrust risk of our exclusive supply contracts in the EU'), true],
    ['a trivial question in big words', ask('With rigorous multi-step reasoning, evaluate which colour snow is.'), false],
    ['a trivial last turn of a deep chat', chat('Explain Galois theory', 'more', 'and why', 'ok thanks'), false],
    [
      'a hard last turn of an easy chat',
      chat('hi', 'how are you', 'Now derive the Black-Scholes equation and discuss its assumptions'),
      true,
    ],
    ['one obvious tool call', ask('what time is it in Lima', { tools: tools(1) }), false],
    ['a job for an agent', ask('Find the regression that made the build slow, fix it and add a test', { tools: tools(3) }), true],
    ['German', ask('Beweise, dass es unendlich viele Primzahlen gibt.'), true],
    ['Japanese', ask('日本の首都はどこですか？'), false],
  ])('%s', (_, request, expected) => expect(isLarge(request)).toBe(expected));
});

describe('complexity situations of the tier router', () => {
  it.each([
    ['a one-word greeting is trivial', ask('Hello'), ['trivial']],
    ['the status of a ticket stays below the threshold', ask('What is the status of my ticket?'), ['trivial', 'simple']],
    ['an empty task is trivial', ask(''), ['trivial', 'simple']],
    [
      'a feature with tests is above it',
      ask(
        'Implement OAuth login for the frontend with token refresh, error handling, unit tests and integration tests, and refactor the session class',
      ),
      ['moderate', 'complex'],
    ],
    [
      'a multi-tenant architecture is above it',
      ask('Design the architecture of a multi-tenant platform with isolation, scaling and a migration strategy'),
      ['moderate', 'complex'],
    ],
    [
      'a polite opening before an implementation changes nothing',
      ask('Hi there, could you please implement an OAuth system for us?'),
      ['moderate', 'complex'],
    ],
  ])('%s', (_, request, levels) => expect(levels).toContain(readingOf(request).complexity));

  it.each(['Building guide with quick requirements', 'Read the latest paragraph', 'Explain the plane to me'])(
    'no part of a word decides: %s',
    (text) => {
      expect(
        classify(buildView(ask(text)), heuristicOnly, null).signals.find((signal) => signal.id === 'keywords')?.facts['found'],
      ).toEqual([]);
    },
  );
});

describe('what must not move the verdict', () => {
  const boilerplate = 'Analyze step by step, design, implement, debug, refactor and prove. '.repeat(200);
  it.each(['hi', 'Prove it for all n', 'How tall is Everest?', 'Write a type checker'])(
    'a boilerplate system prompt: %s',
    (text) => {
      const dressed = innerRequest({
        model: 'auto',
        messages: [
          { role: 'system', content: boilerplate },
          { role: 'user', content: text },
        ],
      });
      expect(read(dressed).score).toBe(read(ask(text)).score);
    },
  );
  it('white space around the ask', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(' ', '\n', '\t ', '  \n  '),
        fc.constantFrom('hi', 'Prove it for all n', 'Write a type checker'),
        (space, text) => {
          expect(read(ask(`${space}${text}${space}`)).score).toBe(read(ask(text)).score);
        },
      ),
    );
  });
  it.each(['please', 'Thanks!', 'Thank you so much in advance.', 'I would really appreciate your help!'])(
    'politeness: %s',
    (thanks) => {
      for (const text of ['How tall is Everest?', 'Prove the claim for all n.'])
        expect(read(ask(`${text} ${thanks}`)).score).toBe(read(ask(text)).score);
    },
  );
  it('stuffed keywords before a trivial question', () => {
    for (const count of [1, 3, 9])
      expect(isLarge(ask(`${'Analyze, design, prove, optimize. '.repeat(count)}What is 1 plus 1?`))).toBe(false);
  });
});

describe('any request', () => {
  it('has a score and confidences within 0 and 1, in every mode', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        for (const config of [hybrid, heuristicOnly]) {
          const { score, intentConfidence } = read(ask(text), config);
          for (const value of [score, readingOf(ask(text), config).confidence, intentConfidence]) {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });
});
