/** Cards and servers to be tried in simulated time, each a change of one thing. */
import { a40, type CardSpec, type ModelSpec, qwen32b, qwen7b } from '../../infra/standin/gpu/cost-model.ts';
import { aloneOnA40, maxSequences, pairOnA40, serverFlags } from './arms.ts';
import type { SimulatedSite } from './simulate.ts';

export const pair: SimulatedSite = siteOf(a40, { small: pairOnA40.small.kvTokens, large: pairOnA40.large.kvTokens });

/** The large model with the card for itself, as somebody would run it who has no small one. */
export const largeAlone: SimulatedSite = siteOf(a40, { small: pairOnA40.small.kvTokens, large: aloneOnA40.large.kvTokens });

/** The small model with the card for itself. */
export const smallAlone: SimulatedSite = siteOf(a40, { small: aloneOnA40.small.kvTokens, large: pairOnA40.large.kvTokens });

/** Qwen 2.5 7B in 4 bits (AWQ), 5.2 GiB; the shares 0.25 and 0.70 leave these caches by the sums of infra/pod/plan.py. */
const qwen7bIn4Bits: ModelSpec = { ...qwen7b, weightBytes: 7.616e9 * 0.73 };

export const pairIn4Bits: SimulatedSite = {
  ...pair,
  servers: {
    small: { ...pair.servers.small, model: qwen7bIn4Bits, kvTokens: 79_000 },
    large: { ...pair.servers.large, kvTokens: 46_900 },
  },
};

export const changes: readonly { readonly what: string; readonly site: SimulatedSite }[] = [
  { what: 'as assumed', site: pair },
  { what: 'memory efficiency 0.70 instead of 0.85', site: withCard({ memoryShare: 0.7 }) },
  { what: 'memory efficiency 0.95', site: withCard({ memoryShare: 0.95 }) },
  { what: 'arithmetic efficiency 0.35 instead of 0.55', site: withCard({ arithmeticShare: 0.35 }) },
  { what: 'arithmetic efficiency 0.75', site: withCard({ arithmeticShare: 0.75 }) },
  { what: 'long-prompt threshold 256 instead of 80', site: { ...pair, longPrefillThreshold: 256 } },
  { what: 'no long-prompt threshold', site: { ...pair, longPrefillThreshold: 0 } },
  { what: 'small model in 4 bits, shares 0.25 and 0.70', site: pairIn4Bits },
];

function siteOf(card: CardSpec, kvTokens: { readonly small: number; readonly large: number }): SimulatedSite {
  return {
    card,
    servers: {
      small: { model: qwen7b, kvTokens: kvTokens.small, maxSequences: maxSequences.small },
      large: { model: qwen32b, kvTokens: kvTokens.large, maxSequences: maxSequences.large },
    },
    ...serverFlags,
  };
}

function withCard(change: Partial<CardSpec>): SimulatedSite {
  return { ...pair, card: { ...a40, ...change } };
}
