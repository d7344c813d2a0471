/** The published tables, worked out again: what can be reproduced, what cannot, and why. Calls no model and sends nothing. */
import type { ChatRequest } from '../../shared/chat.ts';
import type { Tier } from '../../shared/config.ts';
import { loadMix } from './load-mix.ts';
import { intendedTierRouter, ownRouter, profile, publishedTierRouter, seedScore, type Sent } from './routers.ts';

export interface LoadTable {
  /** Of 60, by the original's rule. */
  readonly small: number;
  /** The same by this project's profile of it, and by the shipped router. */
  readonly smallByProfile: number;
  readonly smallByOwn: number;
  /** Numbers of small requests that some threshold gives. */
  readonly possibleSmall: readonly number[];
  /** Requests for the small model that must have come before the 60, for the published 75 %. */
  readonly earlierSmall: number;
  /** Saved when every request has as many tokens as any other, at 0.10 and 0.80 USD: of 66.7 % and of 75 % small. */
  readonly savedByRequests: number;
  readonly savedByPublishedSplit: number;
  /** Share of the tokens that the small model must have had for the published 62.5 %. */
  readonly tokenShareOfPublished: number;
}

/** The published load test: 60 of 60, 75 / 25, 62.5 % saved. */
export const publishedLoad = { smallShare: 0.75, saved: 0.625 } as const;
/** Of a small token against a large one: 1 - 0.10 / 0.80. */
const savedPerToken = 1 - 0.1 / 0.8;

export function loadTable(threshold = 0.6): LoadTable {
  const scores = loadMix.map(({ request }) => seedScore(request));
  const below = (limit: number): number => scores.filter((score) => score < limit).length;
  const small = below(threshold);
  const count = (router: (sent: Sent) => Tier): number =>
    loadMix.filter(({ request }) => router({ request, agent: null }) === 'small').length;
  const { smallShare, saved } = publishedLoad;
  return {
    small,
    smallByProfile: count(ownRouter(profile('seed-compat'))),
    smallByOwn: count(ownRouter(profile('a40-pair'))),
    possibleSmall: [...new Set([...scores, Infinity].map(below))].toSorted((a, b) => a - b),
    // (small + x) / (60 + x) = 0.75
    earlierSmall: (smallShare * loadMix.length - small) / (1 - smallShare),
    savedByRequests: (savedPerToken * small) / loadMix.length,
    savedByPublishedSplit: savedPerToken * smallShare,
    tokenShareOfPublished: saved / savedPerToken,
  };
}

const picture: ChatRequest['messages'] = [
  {
    role: 'user',
    content: [
      { type: 'text', text: 'What is wrong here?' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
    ],
  },
];
const text = (content: string): ChatRequest['messages'] => [{ role: 'user', content }];

/** The published simulation's groups, reworded. The planning task has seven words, two of them planning words. */
export const simulation: readonly {
  readonly group: string;
  readonly count: number;
  readonly agent: string;
  readonly messages: ChatRequest['messages'];
}[] = [
  { group: 'support, a simple task', count: 600, agent: 'support', messages: text('A simple task for you') },
  { group: 'critical: builder', count: 150, agent: 'builder', messages: text('Build one more component') },
  { group: 'critical: safety', count: 150, agent: 'waltzrl_feedback', messages: text('Rate this answer') },
  { group: 'with a picture', count: 50, agent: 'qa', messages: picture },
  { group: 'planning', count: 50, agent: 'spec', messages: text('Design the architecture of a billing system') },
];

export interface TierSplit {
  readonly small: number;
  readonly large: number;
  readonly vision: number;
  /** Against all on the accurate tier, by requests of equal length, at its prices of 0.25, 3 and 0.03. */
  readonly saved: number;
}

export function splitBy(router: (sent: Sent) => Tier): TierSplit {
  const counts: Record<Tier, number> = { small: 0, large: 0, vision: 0 };
  for (const { count, agent, messages } of simulation) counts[router({ request: { model: 'auto', messages }, agent })] += count;
  const all = counts.small + counts.large + counts.vision;
  return { ...counts, saved: 1 - (0.25 * counts.small + 3 * counts.large + 0.03 * counts.vision) / (3 * all) };
}

export function simulationTable(): Readonly<Record<'published' | 'intended' | 'own', TierSplit>> {
  return {
    published: splitBy(publishedTierRouter),
    intended: splitBy(intendedTierRouter),
    own: splitBy(ownRouter(profile('hosted-tiers'))),
  };
}
