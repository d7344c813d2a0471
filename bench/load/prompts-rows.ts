/** The results of the long-prompt bench: waits for the first token, each case beside the floor of the same run. Sends nothing. */
import { figure, ms, percentileOf, type PromiseRow, promise } from './promise-table.ts';

export interface Case {
  readonly name: string;
  /** Long prompts that come together. */
  readonly longs: number;
  /** Of the model server; 0 for none. */
  readonly threshold: number;
  /** The gateway lets long prompts in one after the other. */
  readonly hasLane: boolean;
}

export interface Sent {
  readonly atMs: number;
  /** Until the first token; null without one. */
  readonly firstMs: number | null;
  readonly tookMs: number;
  readonly isAnswered: boolean;
  readonly status: number;
}

interface Round {
  readonly short: readonly Sent[];
  readonly long: readonly Sent[];
}

export interface Ran extends Case {
  readonly rounds: readonly Round[];
}

const maxRatio = 1.3;

export function promptRows(ran: readonly Ran[]): PromiseRow[] {
  const [floor] = ran;
  if (floor === undefined) return [];
  return ran.flatMap((one) => rowsOf(one, floor));
}

function rowsOf(one: Ran, floor: Ran): PromiseRow[] {
  const base = percentileOf(firstsOf(floor.rounds.flatMap(({ short }) => short)), 95);
  const all = firstsOf(one.rounds.flatMap(({ short }) => short));
  const everybody = one.rounds.flatMap(({ short, long }) => [...short, ...long]);
  const sent = everybody.length;
  const lost = everybody.filter(({ isAnswered }) => !isAnswered).length;
  const answered = promise('  answered', `${sent - lost} of ${sent}`, 'all', lost === 0);
  const shown = `${ms(percentileOf(all, 50))}, ${ms(percentileOf(all, 95))}`;
  if (one.longs === 0) return [figure(`${one.name}: short, first token p50, p95`, shown), answered];
  const beside = firstsOf(
    one.rounds.flatMap((round) => round.short.filter(({ atMs, firstMs }) => isBeside(round, atMs, atMs + (firstMs ?? 0)))),
  );
  const ratio = percentileOf(beside, 95) / base;
  const figures = `${ms(percentileOf(beside, 50))}, ${ms(percentileOf(beside, 95))}: ${ratio.toFixed(2)} ×`;
  const what = `${one.name}: short, while one is read`;
  // What the gateway and its server's flag promise together; the other cases are there to compare.
  const isPromised = one.longs === 1 && one.threshold > 0 && one.hasLane;
  // In the order of their turns; of the first round, the others are alike.
  const firsts = firstsOf(one.rounds[0]?.long ?? []).toSorted((a, b) => a - b);
  return [
    isPromised ? promise(what, figures, `p95 ≤ ${maxRatio} × without it`, ratio <= maxRatio) : figure(what, figures),
    figure('  short, all', shown),
    figure('  long, first token, each', firsts.map((value) => `${(value / 1000).toFixed(1)} s`).join(', ')),
    answered,
  ];
}

/** Whether a long prompt was under way to its first token between the two. */
function isBeside({ long }: Round, fromMs: number, toMs: number): boolean {
  return long.some(({ atMs, firstMs }) => fromMs < atMs + (firstMs ?? Infinity) && toMs > atMs);
}

function firstsOf(sent: readonly Sent[]): number[] {
  return sent.flatMap(({ firstMs }) => firstMs ?? []);
}
