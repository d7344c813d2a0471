import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zeroShot } from '../../../worker/core/pooling/zero-shot.ts';
import { encodedAs } from '../../../worker/core/pooling/vectors.ts';
import { configWith } from '../../support/fakes/config.ts';

const { models } = configWith({}, undefined, ['embedder', 'classifier', 'reranker']);
const nli = models['roberta-mnli'] ?? expect.fail();
const similar = {
  ...nli,
  zero_shot: { method: 'similarity', template: 'About {label}.', separator: '', temperature: 0.05, model: 'bge-small-en' },
} as const;
const ask = {
  texts: ['my card was charged twice', 'hello'],
  labels: ['billing', 'greeting'],
  template: null,
  truncateTokens: null,
};
const labelled = (entails: number): string => JSON.stringify({ label: 'x', probs: [1 - entails, 0, entails], num_classes: 3 });

function read(model: typeof nli, asked: typeof ask, values: readonly string[]) {
  const way = zeroShot('m', model, asked);
  const rows = way.ok ? way.value.read(values) : null;
  return rows?.map((row) => JSON.parse(row)) ?? null;
}

describe('labels that a request brings along', () => {
  it('are asked of an NLI model pair by pair, in the words of its template', () => {
    const way = zeroShot('m', nli, ask);
    expect(way.ok && way.value.task.inputs).toEqual([
      'my card was charged twice</s></s>This example is billing.',
      'my card was charged twice</s></s>This example is greeting.',
      'hello</s></s>This example is billing.',
      'hello</s></s>This example is greeting.',
    ]);
    const own = zeroShot('m', nli, { ...ask, texts: ['a'], labels: ['$& {}'], template: 'It is {}!' });
    expect(own.ok && own.value.task.inputs).toEqual(['a</s></s>It is $& {}!']);
  });

  it('get the shares of what is entailed', () => {
    expect(read(nli, ask, [labelled(0.9), labelled(0.1), labelled(0.2), labelled(0.6)])).toEqual([
      { label: 'billing', labels: ['billing', 'greeting'], probs: [0.9, 0.1], num_classes: 2 },
      { label: 'greeting', labels: ['billing', 'greeting'], probs: [expect.closeTo(0.25), expect.closeTo(0.75)], num_classes: 2 },
    ]);
  });

  it('are compared by an embedding model where the classifier is set up so', () => {
    const way = zeroShot('m', similar, ask);
    expect(way.ok && way.value).toMatchObject({
      embedder: 'bge-small-en',
      task: { kind: 'embedding', inputs: [...ask.texts, 'About billing.', 'About greeting.'] },
    });
    const rows = read(
      similar,
      ask,
      ['[1,0]', '[0,1]', '[0.9,0.1]', '[0.1,0.9]'].map((raw) => encodedAs(raw, 'base64')),
    );
    expect(rows?.map(({ label }) => label)).toEqual(['billing', 'greeting']);
  });

  it('always add up to 1, whatever the model says', () => {
    const prob = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(prob, { minLength: 1, maxLength: 30 }), (entails) => {
        const labels = entails.map((_, i) => `label ${i}`);
        const [row] = read(nli, { ...ask, texts: ['one'], labels }, entails.map(labelled)) ?? [];
        expect(row.probs.reduce((sum: number, share: number) => sum + share, 0)).toBeCloseTo(1, 12);
        expect(row.label).toBe(labels[entails.indexOf(Math.max(...entails))]);
      }),
    );
  });

  it('name the label of the greater weight where two shares are one number', () => {
    const labels = ['a', 'b', 'c'];
    const weights = [0.8999999999999999, 0.9, 0.7];
    const [row] = read(nli, { ...ask, texts: ['one'], labels }, weights.map(labelled)) ?? [];
    expect(row.probs[0]).toBe(row.probs[1]);
    expect(row.label).toBe('b');
  });

  it('are refused by a classifier that rates only its own, and not read where the model has no such place', () => {
    const { zero_shot: _, ...plain } = nli;
    expect(zeroShot('m', plain, ask)).toMatchObject({
      ok: false,
      failure: { code: 'unsupported_parameter', param: 'candidate_labels' },
    });
    expect(read(nli, { ...ask, texts: ['a'], labels: ['b'] }, ['{"label":"x","probs":[1],"num_classes":1}'])).toBeNull();
  });
});
