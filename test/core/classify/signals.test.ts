/** The calibrated curve of every signal, point by point, and what makes each one apply. */
import { describe, expect, it } from 'vitest';
import { signalIds } from '../../../shared/config.ts';
import type { ChatRequest } from '../../../shared/chat.ts';
import { signals } from '../../../worker/core/classify/signals/registry.ts';
import { interpolate } from '../../../worker/core/classify/signals/signal.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { ask, chat, filler, heuristicOnly, tools, viewOf } from './requests.ts';

const config = { ...heuristicOnly.classifier, keywords: ['prove', 'derive', 'design', 'step by step'] };
const schema = (properties: number, depth: number): ChatRequest['response_format'] => {
  let inner: Record<string, unknown> = {
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: properties }, (_, at) => [`p${at}`, {}])),
  };
  for (let level = 0; level < depth; level += 1) inner = { allOf: [inner] };
  return { type: 'json_schema', json_schema: { name: 'answer', schema: inner } };
};

describe('the registry', () => {
  it('has every signal of the configuration, in the order of summation', () =>
    expect(Object.keys(signals)).toEqual([...signalIds]));
});

describe('length', () => {
  it.each([
    [0, 0],
    [3, 0.1],
    [8, 0.4],
    [14, 0.65],
    [30, 0.85],
    [80, 1],
    [5000, 1],
  ])('%i words → %f', (words, value) => {
    expect(signals.length.calibrated(viewOf(filler(words)), config).value).toBeCloseTo(value, 6);
  });
  it('does not count pasted log lines', () => {
    const log = Array.from({ length: 30 }, (_, at) => `2026-03-14 10:00:0${at % 10} INFO job ${at} done in ${at} ms`).join('\n');
    expect(signals.length.calibrated(viewOf(`${log}\n\nwhich day is it`), config).value).toBeLessThan(0.25);
  });
});

describe('keywords', () => {
  it.each([
    ['none', 'What is a noun?', 0],
    ['one', 'Prove the claim', 0.97],
    ['one, four times', 'prove prove prove prove', 0.97],
    ['two', 'Prove and derive the claim for all graphs', 1],
    ['a phrase', 'Solve it step by step with me', 0.97],
    ['none inside other words', 'Improve the designer', 0],
    ['all before a closing look-up', 'Prove, derive, design: what is the opposite of up?', 0],
    ['one where the look-up opens the text', 'What is needed to prove the claim?', 0.97],
  ])('%s: %s', (_, text, value) => expect(signals.keywords.calibrated(viewOf(text), config).value).toBeCloseTo(value, 6));
  it('names what it found and what it left out', () => {
    expect(signals.keywords.calibrated(viewOf('Prove it for all'), config).facts['found']).toEqual(['prove']);
    expect(signals.keywords.calibrated(viewOf('Prove and design. What is 1 plus 1?'), config).facts['discounted']).toEqual([
      'prove',
      'design',
    ]);
  });
});

describe('tools', () => {
  it.each([
    [1, 0.45],
    [4, 0.55],
    [12, 0.8],
    [40, 1],
  ])('%i offered → %f', (count, value) => {
    expect(signals.tools.calibrated(viewOf('go', { tools: tools(count) }), config)).toMatchObject({ value, applies: true });
  });
  it('does not apply without tools', () =>
    expect(signals.tools.calibrated(viewOf('go'), config)).toMatchObject({ value: 0, applies: false }));
});

describe('depth', () => {
  it.each([
    [1, 0.4],
    [4, 0.45],
    [20, 0.6],
  ])('%i user turns → %f', (turns, value) => {
    expect(signals.depth.calibrated(buildView(chat(...Array.from({ length: turns }, () => 'so'))), config).value).toBeCloseTo(
      value,
      6,
    );
  });
});

describe('structured', () => {
  it.each([
    ['JSON mode', { type: 'json_object' } as const, 0.45, true],
    ['plain text asked for by name', { type: 'text' } as const, 0, false],
    ['five properties', schema(5, 0), 0.45, true],
    ['forty properties', schema(40, 0), 1, true],
    ['deep nesting', schema(1, 6), 1, true],
  ])('%s', (_, format, value, applies) => {
    expect(signals.structured.calibrated(viewOf('go', { response_format: format }), config)).toMatchObject({
      value,
      applies,
    });
  });
  it('does not apply without a format', () => expect(signals.structured.calibrated(viewOf('go'), config).applies).toBe(false));
});

describe('interpolate', () => {
  const points = [
    [1, 0],
    [3, 1],
  ] as const;
  it.each([
    [0, 0],
    [1, 0],
    [2, 0.5],
    [3, 1],
    [9, 1],
  ])('is linear between points and flat outside: %f → %f', (x, y) => expect(interpolate(points, x)).toBe(y));
});

describe('every signal', () => {
  const requests = [
    ask(''),
    ask('prove it'),
    ask(filler(400), { tools: tools(60), response_format: { type: 'json_object' } }),
    chat(...Array.from({ length: 60 }, () => 'a')),
  ];
  it.each(signalIds)('%s lies within 0 and 1 on both curves', (id) => {
    for (const request of requests) {
      for (const curve of ['calibrated', 'seed'] as const) {
        const { value } = signals[id][curve](buildView(request), config);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    }
  });
});
