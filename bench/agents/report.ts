/** The agent bench in words: the arms side by side, routing by kind, and what it promises. */
import { formatUsd } from '../../shared/units.ts';
import { figure, promise, type PromiseRow } from '../load/promise-table.ts';
import { type ArmFigures, type KindFigures, sentSmall, type Spread } from './figures.ts';
import type { TimedArm } from './timed.ts';

export interface Savings {
  readonly allLargeNanoUsd: number;
  readonly perfectNanoUsd: number;
  readonly routedNanoUsd: number;
}

export function savedShare({ allLargeNanoUsd }: Savings, costNanoUsd: number): number {
  return 1 - costNanoUsd / allLargeNanoUsd;
}

const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
const seconds = (ms: number | null): string => (ms === null ? '–' : (ms / 1000).toFixed(ms < 9950 ? 1 : 0));
const three = ({ p50, p95, p99 }: Spread): string => `${seconds(p50)} / ${seconds(p95)} / ${seconds(p99)}`;

/** A row for each figure, a column for each arm. */
export function armRows(arms: readonly ArmFigures[], savings: Savings): string[][] {
  const row = (name: string, cell: (arm: ArmFigures) => string): string[] => [name, ...arms.map(cell)];
  return [
    row('', ({ name }) => name),
    row('usable answers', ({ usable, requests }) => `${usable} of ${requests}`),
    row('answered by the large model', ({ large, requests }) => share(large / requests)),
    row('right by label', ({ accuracy }) => share(accuracy)),
    row('cost by price table, USD', ({ costNanoUsd }) => formatUsd(Math.round(costNanoUsd / 1000) * 1000)),
    row('saved against all-large', ({ costNanoUsd }) => share(savedShare(savings, costNanoUsd))),
    row('GPU seconds', ({ gpuMs }) => (gpuMs === null ? '–' : (gpuMs / 1000).toFixed(0))),
    row('latency P50 / P95 / P99, s', ({ latencyMs }) => three(latencyMs)),
    row('  of large-labelled requests, s', ({ largeLabelMs }) => three(largeLabelMs)),
    row('first token P50 / P95 / P99, s', ({ firstMs }) => three(firstMs)),
    row('requests a second', ({ requestsPerSecond }) => requestsPerSecond.toFixed(2)),
    row('answer tokens a second', ({ tokensPerSecond }) => tokensPerSecond.toFixed(0)),
    row('GPU in use', ({ utilisation }) => (utilisation === null ? '–' : share(utilisation))),
    row('model time, s', ({ tookMs }) => (tookMs / 1000).toFixed(0)),
    row('fallbacks', ({ fallbacks }) => String(fallbacks)),
  ];
}

/** The same on the card alone. */
export function timedRows(arms: readonly TimedArm[]): string[][] {
  const row = (name: string, cell: (arm: TimedArm) => string): string[] => [name, ...arms.map(cell)];
  return [
    row('in simulated time', ({ name }) => name),
    row('latency P50 / P95 / P99, s', ({ latencyMs }) => three(latencyMs)),
    row('  of large-labelled requests, s', ({ largeLabelMs }) => three(largeLabelMs)),
    row('first token P50 / P95 / P99, s', ({ firstMs }) => three(firstMs)),
    row('requests a second', ({ requestsPerSecond }) => requestsPerSecond.toFixed(2)),
    row('GPU seconds', ({ gpuMs }) => (gpuMs / 1000).toFixed(0)),
    row('GPU in use', ({ gpuMs, tookMs }) => share(gpuMs / tookMs)),
    row('model time, s', ({ tookMs }) => (tookMs / 1000).toFixed(0)),
  ];
}

/** How far the run fell behind its own card: the machine was busy, and its latencies are the machine's. 1 is not at all. */
export function lag(arms: readonly ArmFigures[], timed: readonly TimedArm[]): number {
  const ratios = arms.flatMap(({ name, tookMs }) => {
    const same = timed.find((one) => one.name === name);
    return same === undefined ? [] : [tookMs / same.tookMs];
  });
  return Math.max(1, ...ratios);
}

export function kindRows(kinds: readonly KindFigures[]): string[][] {
  return [
    ['kind', 'label', 'requests', 'right'],
    ...kinds.map(({ kind, label, requests, right }) => [kind, label, String(requests), share(right / requests)]),
  ];
}

/** What was wrong with answers, the most frequent first; none where all were of use. */
export function shortcomingRows(arms: readonly ArmFigures[]): string[][] {
  const rows = arms.flatMap(({ name, shortcomings, requests, asked }) => {
    const wrong = Object.entries(shortcomings).toSorted(([, a], [, b]) => b - a);
    const lines = wrong.slice(0, mostShown).map(([what, count]) => [name, String(count), what]);
    const rest = wrong.slice(mostShown).reduce((sum, [, count]) => sum + count, 0);
    return [
      ...lines,
      ...(rest === 0 ? [] : [[name, String(rest), 'something else']]),
      ...(asked < requests
        ? [[name, String(requests - asked), 'not asked: what came before in the conversation was of no use']]
        : []),
    ];
  });
  return rows.length === 0 ? [] : [['answers of no use', '', ''], ...rows];
}

const mostShown = 5;

export interface Judged {
  readonly arms: readonly ArmFigures[];
  readonly timed: readonly TimedArm[];
  readonly kinds: readonly KindFigures[];
  readonly savings: Savings;
  /** What was measured is not this repository's own rig. */
  readonly isDeployment: boolean;
}

export function promises({ arms, timed, kinds, savings, isDeployment }: Judged): PromiseRow[] {
  const routed = arms.find(({ name }) => name === 'routed');
  if (routed === undefined) return [];
  const perfect = savedShare(savings, savings.perfectNanoUsd);
  const own = savedShare(savings, savings.routedNanoUsd);
  const wrong = sentSmall(kinds);
  const usable = arms.every((arm) => arm.usable === arm.requests);
  return [
    promise('usable answers', arms.map((arm) => `${arm.usable}/${arm.requests}`).join(', '), 'all', usable),
    promise('routing as labelled', share(routed.accuracy), '≥ 90 %', routed.accuracy >= 0.9),
    promise('kinds of large requests sent small', wrong.length === 0 ? 'none' : wrong.join(', '), 'none', wrong.length === 0),
    figure('saved by a perfect router', share(perfect)),
    promise(
      'saved, of what a perfect router saves',
      `${share(own)}, ${share(own / perfect)} of it`,
      '≥ 95 %',
      own / perfect >= 0.95,
    ),
    ...timedPromises(timed),
    ...ledgerRows(arms, isDeployment),
  ];
}

/** Judged in simulated time, which is the same on every machine. */
function timedPromises(timed: readonly TimedArm[]): PromiseRow[] {
  const [routed, large, alone] = ['routed', 'always large', 'large alone'].map((wanted) =>
    timed.find(({ name }) => name === wanted),
  );
  if (routed === undefined || large === undefined || alone === undefined) return [];
  const beside = (percent: keyof Spread): PromiseRow =>
    promise(
      `${percent.toUpperCase()}, routed beside always large`,
      `${seconds(routed.latencyMs[percent])} s beside ${seconds(large.latencyMs[percent])} s`,
      'better',
      (routed.latencyMs[percent] ?? Infinity) < (large.latencyMs[percent] ?? 0),
    );
  const gpu = ({ gpuMs }: TimedArm): string => (gpuMs / 1000).toFixed(0);
  return [
    beside('p50'),
    beside('p95'),
    figure(
      'P50, P95 of the large model alone on the card',
      `${seconds(alone.latencyMs.p50)} s, ${seconds(alone.latencyMs.p95)} s`,
    ),
    figure('GPU seconds, routed beside always large, beside large alone', `${gpu(routed)}, ${gpu(large)}, ${gpu(alone)}`),
  ];
}

/** The gateway's books beside the client's own count. A deployment's key may be used by others, and attempts that failed there cost tokens. */
function ledgerRows(arms: readonly ArmFigures[], isDeployment: boolean): PromiseRow[] {
  return arms.flatMap(({ name, ledger, costNanoUsd, requests, asked }) => {
    if (ledger === null) return [];
    const booked = `${ledger.requests} requests, ${formatUsd(ledger.costNanoUsd)} USD`;
    if (isDeployment)
      return [figure(`booked for the key, ${name}`, `${booked}; counted here ${asked}, ${formatUsd(costNanoUsd)}`)];
    const isEqual = ledger.requests === requests && ledger.costNanoUsd === costNanoUsd;
    return [promise(`ledger, ${name}`, booked, 'as counted', isEqual)];
  });
}
