/** The arms in simulated time: the card alone, without the machine that the bench runs on. A perfect router and a card without the small model are among them. */
import { spreadOf, type Spread, tierOf, type Tiers } from './figures.ts';
import type { Outcome } from './play.ts';
import { replayed } from './replayed.ts';
import { simulate, type SimulatedSite } from './simulate.ts';
import { largeAlone, pair } from './sites.ts';
import type { AgentPlan } from './workload/draw.ts';
import type { Label } from './workload/task.ts';

export interface TimedArm {
  readonly name: string;
  readonly latencyMs: Spread;
  readonly largeLabelMs: Spread;
  readonly firstMs: Spread;
  readonly requestsPerSecond: number;
  readonly tookMs: number;
  readonly gpuMs: number;
}

export function timedArms(agents: readonly AgentPlan[], outcomes: readonly Outcome[], tiers: Tiers): TimedArm[] {
  const arm = (name: string, site: SimulatedSite, pick: (outcome: Outcome) => Label): TimedArm => {
    const requests = replayed(agents, outcomes, pick);
    const labels = replayed(agents, outcomes, ({ label }) => label)
      .flat()
      .map(({ by }) => by);
    const { waited, tookMs, cardMs } = simulate(site, requests);
    return {
      name,
      latencyMs: spreadOf(waited.map((one) => one.tookMs)),
      largeLabelMs: spreadOf(waited.filter((_, at) => labels[at] === 'large').map((one) => one.tookMs)),
      firstMs: spreadOf(waited.map((one) => one.firstMs)),
      requestsPerSecond: (1000 * waited.length) / tookMs,
      tookMs,
      gpuMs: cardMs.small + cardMs.large,
    };
  };
  return [
    arm('routed', pair, (outcome) => tierOf(outcome, tiers) ?? 'large'),
    arm('perfect router', pair, ({ label }) => label),
    arm('always large', pair, () => 'large'),
    arm('large alone', largeAlone, () => 'large'),
    arm('always small', pair, () => 'small'),
  ];
}
