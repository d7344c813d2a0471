/** What outcomes of agents come to: cost by tier, kinds that are sent the wrong way, and a digest that times do not touch. */
import { describe, expect, it } from 'vitest';
import { barChart } from '../../../bench/agents/charts.ts';
import { armFigures, byKind, digestOf, pricesOf, sentSmall, type Tiers } from '../../../bench/agents/figures.ts';
import type { Outcome } from '../../../bench/agents/play.ts';

const price = (picoUsd: number) => ({ input: picoUsd, output: picoUsd });
const tiers: Tiers = { ids: { small: 's', large: 'l' }, picoUsd: { small: price(100_000), large: price(800_000) } };

function outcome(
  task: string,
  kind: string,
  label: Outcome['label'],
  modelId: string | null,
  change: Partial<Outcome> = {},
): Outcome {
  return {
    agent: 'a',
    task,
    kind,
    turn: 0,
    step: 'answer',
    label,
    sentAtMs: 0,
    isStreamed: false,
    shortcoming: null,
    answer: {
      status: 200,
      modelId,
      isFallback: false,
      reason: '',
      promptTokens: 900,
      completionTokens: 100,
      firstMs: null,
      tookMs: 1000,
    },
    ...change,
  };
}

const outcomes = [
  outcome('1', 'fact', 'small', 's'),
  outcome('2', 'fact', 'small', 'l'),
  outcome('3', 'proof', 'large', 's'),
  outcome('4', 'proof', 'large', 's'),
  outcome('5', 'proof', 'large', 'l'),
  outcome('6', 'design', 'large', 'l'),
];

describe('the figures of an arm', () => {
  const arm = { name: 'routed', model: 'auto' } as const;
  const figures = armFigures({ arm, outcomes, tookMs: 10_000, cardMs: { small: 1000, large: 4000 }, ledger: null }, 8, tiers);

  it('count what was not reached as not usable', () => {
    expect([figures.usable, figures.requests]).toEqual([6, 8]);
  });

  it('price each request at the model that answered', () => {
    expect(figures.costNanoUsd).toBe(3 * 100_000 + 3 * 800_000);
    expect(pricesOf(outcomes, tiers)).toEqual({ perfect: 2 * 100_000 + 4 * 800_000, large: 4_800_000, small: 600_000 });
  });

  it('compare with the labels, and the card with the time', () => {
    expect(figures.accuracy).toBe(3 / 6);
    expect(figures.utilisation).toBe(0.5);
  });

  it('say which kinds of large requests mostly went to the small model', () => {
    expect(sentSmall(byKind(outcomes, tiers))).toEqual(['proof']);
  });

  it('leave out answers of a model that is neither', () => {
    const foreign = [...outcomes, outcome('7', 'fact', 'small', 'other')];
    expect(armFigures({ arm, outcomes: foreign, tookMs: 1, cardMs: null, ledger: null }, 7, tiers).accuracy).toBe(3 / 6);
  });
});

describe('a digest', () => {
  const digest = digestOf(outcomes, tiers);

  it('is the same in another order and at another pace', () => {
    const late = outcomes.toReversed().map((one) => ({ ...one, sentAtMs: 5, answer: { ...one.answer, tookMs: 9, firstMs: 4 } }));
    expect(digestOf(late, tiers)).toBe(digest);
  });

  it.each<[what: string, change: Partial<Outcome['answer']>]>([
    ['another model answers', { modelId: 'l' }],
    ['an answer is a token longer', { completionTokens: 101 }],
  ])('is another one when %s', (_, change) => {
    const changed = outcomes.map((one, at) => (at === 0 ? { ...one, answer: { ...one.answer, ...change } } : one));
    expect(digestOf(changed, tiers)).not.toBe(digest);
  });
});

describe('a chart', () => {
  it('has a bar for each value, to one scale, and no text that breaks out', () => {
    const svg = barChart('Cost < "all"', [
      {
        name: '',
        bars: [
          { name: 'a & b', value: 1, text: '1' },
          { name: 'c', value: 2, text: '2' },
        ],
      },
    ]);
    expect(svg.match(/<rect /g)).toHaveLength(2);
    expect(svg).toContain('aria-label="Cost &lt; &quot;all&quot;"');
    const widths = [...svg.matchAll(/<rect [^>]*width="(\d+)"/g)].map(([, width]) => Number(width));
    expect(widths[1]).toBe(2 * (widths[0] ?? 0));
  });
});
