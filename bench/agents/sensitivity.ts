/** How the conclusions move when what is assumed moves: the card, the load, the mix, the prices. In simulated time, from one run's answers. */
import { type Outcome } from './play.ts';
import { pricesOf, spreadOf, tierOf, type Tiers } from './figures.ts';
import { replayed } from './replayed.ts';
import { type Simulated, simulate, type SimulatedSite } from './simulate.ts';
import { changes, largeAlone, layouts, pair } from './sites.ts';
import type { AgentPlan } from './workload/draw.ts';
import type { Label } from './workload/task.ts';

type Picked = (outcome: Outcome) => Label;

const seconds = (ms: number | null): string => (ms === null ? '–' : (ms / 1000).toFixed(1));
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

function cells({ waited, cardMs }: Simulated): string[] {
  const { p50, p95 } = spreadOf(waited.map(({ tookMs }) => tookMs));
  return [`${seconds(p50)} / ${seconds(p95)}`, ((cardMs.small + cardMs.large) / 1000).toFixed(0)];
}

/** P50 and P95 (s) and GPU seconds: routed, as a perfect router would, always large in the pair, and always large alone on the card. */
export function timingRows(agents: readonly AgentPlan[], outcomes: readonly Outcome[], tiers: Tiers): string[][] {
  const routed: Picked = (outcome) => tierOf(outcome, tiers) ?? 'large';
  const row = (what: string, site: SimulatedSite, among = agents, think = 1): string[] => {
    const run = (where: SimulatedSite, pick: Picked): string[] => cells(simulate(where, replayed(among, outcomes, pick, think)));
    const alone = { ...site, servers: { ...site.servers, large: largeAlone.servers.large } };
    return [
      what,
      ...run(site, routed),
      ...run(site, ({ label }) => label),
      ...run(site, () => 'large'),
      ...run(alone, () => 'large'),
    ];
  };
  const isLarge = (task: AgentPlan['tasks'][number]): boolean => task.turns[0]?.tier === 'large';
  const without = (drop: (task: AgentPlan['tasks'][number]) => boolean): AgentPlan[] => {
    let dropped = 0;
    return agents.map((agent) => ({ ...agent, tasks: agent.tasks.filter((task) => !drop(task) || (dropped += 1) % 2 === 0) }));
  };
  return [
    ['P50 / P95 s, GPU seconds', 'routed', '', 'perfect', '', 'always large', '', 'large alone', ''],
    ...changes.map(({ what, site }) => row(what, site)),
    row('people think a fifth as long', pair, agents, 0.2),
    row('people think half as long', pair, agents, 0.5),
    row('people think twice as long', pair, agents, 2),
    row('half of the large tasks left out', pair, without(isLarge)),
    row(
      'half of the small tasks left out',
      pair,
      without((task) => !isLarge(task)),
    ),
  ];
}

/** How the card is divided: what it leaves the caches, and how long routed requests wait there (all of them, where there is one model), also under more load. */
export function layoutRows(agents: readonly AgentPlan[], outcomes: readonly Outcome[], tiers: Tiers): string[][] {
  const share = (value: number | null): string => (value === null ? '–' : value.toFixed(2));
  return [
    [
      'layout of an A40',
      'shares',
      'KV tokens',
      'P50 / P95 s, GPU s',
      '',
      'large P95',
      'first P95',
      'pauses half',
      '',
      'a fifth',
      '',
    ],
    ...layouts.map(({ what, shares, site }) => {
      const isAlone = shares.small === null;
      const pick: Picked = (outcome) => (isAlone ? 'large' : (tierOf(outcome, tiers) ?? 'large'));
      const run = (think: number): Simulated => simulate(site, replayed(agents, outcomes, pick, think));
      const asPlayed = run(1);
      const p95 = (of: readonly number[]): string => seconds(spreadOf(of).p95);
      const labels = replayed(agents, outcomes, ({ label }) => label).flat();
      const { small, large } = site.servers;
      return [
        what,
        `${share(shares.large)}, ${share(shares.small)}`,
        `${large.kvTokens.toLocaleString('en')}, ${isAlone ? '–' : small.kvTokens.toLocaleString('en')}`,
        ...cells(asPlayed),
        p95(asPlayed.waited.filter((_, at) => labels[at]?.by === 'large').map(({ tookMs }) => tookMs)),
        p95(asPlayed.waited.map(({ firstMs }) => firstMs)),
        ...cells(run(0.5)),
        ...cells(run(0.2)),
      ];
    }),
  ];
}

/** What is saved by the price table at other prices of the large model; the small one costs 1. */
export function priceRows(outcomes: readonly Outcome[], tiers: Tiers): string[][] {
  const ratios = [2, 4, 8, 16];
  return [
    ['large model costs … times the small one', 'saved, routed', 'saved, perfect router', 'routed, of perfect'],
    ...ratios.map((ratio) => {
      const price = (usd: number) => ({ input: usd * 100_000, output: usd * 100_000 });
      const changed: Tiers = { ids: tiers.ids, picoUsd: { small: price(1), large: price(ratio) } };
      const { perfect, large } = pricesOf(outcomes, changed);
      const routed = outcomes.reduce((sum, outcome) => sum + pricesOf([outcome], changed)[tierOf(outcome, tiers) ?? 'large'], 0);
      const [own, best] = [1 - routed / large, 1 - perfect / large];
      return [`${ratio}`, percent(own), percent(best), percent(own / best)];
    }),
  ];
}
