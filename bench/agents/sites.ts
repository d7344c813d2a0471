/** Cards and servers to be tried in simulated time, each a change of one thing. */
import { kvTokens, weightBytes } from '../../infra/pod/memory.ts';
import { a40, type CardSpec, type ModelSpec, qwen32b, qwen7b } from '../../infra/standin/gpu/cost-model.ts';
import { aloneOnA40, maxSequences, pairIn4BitsOnA40, pairOnA40, podTable, serverFlags } from './arms.ts';
import type { SimulatedSite } from './simulate.ts';
import type { Label } from './workload/task.ts';

export const pair: SimulatedSite = siteOf(qwen7b, { small: pairOnA40.small.kvTokens, large: pairOnA40.large.kvTokens });

/** The large model with the card for itself, as somebody would run it who has no small one. */
export const largeAlone: SimulatedSite = siteOf(qwen7b, { small: pairOnA40.small.kvTokens, large: aloneOnA40.large.kvTokens });

/** The small model with the card for itself. */
export const smallAlone: SimulatedSite = siteOf(qwen7b, { small: aloneOnA40.small.kvTokens, large: pairOnA40.large.kvTokens });

/** Qwen 2.5 7B in 4 bits (AWQ); it computes as many numbers as in 16. */
const qwen7bIn4Bits: ModelSpec = { ...qwen7b, weightBytes: bytesOf('qwen2.5-7b-awq') };

/** `pod.sh --mode pair-4bit`. */
export const pairIn4Bits: SimulatedSite = siteOf(qwen7bIn4Bits, {
  small: pairIn4BitsOnA40.small.kvTokens,
  large: pairIn4BitsOnA40.large.kvTokens,
});

export const changes: readonly { readonly what: string; readonly site: SimulatedSite }[] = [
  { what: 'as assumed', site: pair },
  { what: 'memory efficiency 0.70 instead of 0.85', site: withCard({ memoryShare: 0.7 }) },
  { what: 'memory efficiency 0.95', site: withCard({ memoryShare: 0.95 }) },
  { what: 'arithmetic efficiency 0.35 instead of 0.55', site: withCard({ arithmeticShare: 0.35 }) },
  { what: 'arithmetic efficiency 0.75', site: withCard({ arithmeticShare: 0.75 }) },
  { what: 'long-prompt threshold 256 instead of 80', site: { ...pair, longPrefillThreshold: 256 } },
  { what: 'no long-prompt threshold', site: { ...pair, longPrefillThreshold: 0 } },
  { what: 'small model in 4 bits (pair-4bit)', site: pairIn4Bits },
];

/** How an A40 may be divided, and what the small model's weights are. */
export interface Layout {
  readonly what: string;
  /** Of the card; null for a model that is not there. */
  readonly shares: Readonly<Record<Label, number | null>>;
  readonly site: SimulatedSite;
}

/** The modes of pod.json, and what else was tried of the pair with 4 bits; the shares of a card leave 0.03 for what lies outside them. */
export const layouts: readonly Layout[] = [
  { what: 'pair', shares: { large: 0.5, small: 0.4 }, site: pair },
  { what: 'pair-4bit', shares: { large: 0.7, small: 0.25 }, site: pairIn4Bits },
  ...[
    { large: 0.6, small: 0.35 },
    { large: 0.72, small: 0.22 },
    { large: 0.77, small: 0.2 },
  ].map((shares) => ({ what: '4 bits', shares, site: in4Bits(shares) })),
  ...[40, 256].map((threshold) => ({
    what: `pair-4bit, long-prompt threshold ${threshold}`,
    shares: { large: 0.7, small: 0.25 },
    site: { ...pairIn4Bits, longPrefillThreshold: threshold },
  })),
  { what: 'single-large', shares: { large: 0.9, small: null }, site: largeAlone },
  {
    what: 'single-large, long-prompt threshold 40',
    shares: { large: 0.9, small: null },
    site: { ...largeAlone, longPrefillThreshold: 40 },
  },
];

function in4Bits({ large, small }: Readonly<Record<Label, number>>): SimulatedSite {
  return siteOf(qwen7bIn4Bits, {
    small: kvTokens(podTable, 'a40', { model: 'qwen2.5-7b-awq', server: 'small', share: small }),
    large: kvTokens(podTable, 'a40', { model: 'qwen2.5-32b-awq', server: 'large', share: large }),
  });
}

function bytesOf(modelId: string): number {
  const model = podTable.models[modelId];
  if (model === undefined) throw new Error(`pod.json has no ${modelId}`);
  return weightBytes(model);
}

function siteOf(small: ModelSpec, tokens: Readonly<Record<Label, number>>): SimulatedSite {
  return {
    card: a40,
    servers: {
      small: { model: small, kvTokens: tokens.small, maxSequences: maxSequences.small },
      large: { model: qwen32b, kvTokens: tokens.large, maxSequences: maxSequences.large },
    },
    ...serverFlags,
  };
}

function withCard(change: Partial<CardSpec>): SimulatedSite {
  return { ...pair, card: { ...a40, ...change } };
}
