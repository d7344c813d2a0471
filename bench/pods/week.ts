/** A week of requests, made from a seed: working days with a lunch break, quiet evenings, empty nights, sparse week-ends, and spikes at odd hours. */
import { seededRandom } from '../../infra/standin/random.ts';

export interface Arrival {
  /** Since the week began, on a Monday at 00:00 UTC. */
  readonly atMs: number;
  /** How long its answer takes on a server that is not full. */
  readonly serviceMs: number;
}

export const hourMs = 3_600_000;
export const weekMs = 7 * 24 * hourMs;

/** Requests an hour by the hour of a working day. */
const workday = [0, 0, 0, 0, 0, 0, 2, 20, 90, 160, 170, 140, 25, 110, 170, 180, 150, 90, 30, 12, 8, 5, 2, 1];
const weekend = [0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 5, 5, 3, 3, 4, 4, 3, 2, 3, 4, 3, 2, 1, 0];

/** A minute into which a program sends many at once. */
const spikes = 12;
const spikeSize = [10, 80] as const;

/** @param busier times the usual number of requests, but for spikes */
export function weekOf(seed: number, busier = 1): readonly Arrival[] {
  const random = seededRandom('week', String(seed));
  const arrivals: Arrival[] = [];
  const add = (atMs: number): void => void arrivals.push({ atMs, serviceMs: 1500 + -Math.log(1 - random()) * 4500 });
  for (let hour = 0; hour < 7 * 24; hour += 1) {
    const perHour = busier * ((hour < 5 * 24 ? workday : weekend)[hour % 24] ?? 0);
    for (let atMs = next(perHour, random); atMs < hourMs; atMs += next(perHour, random)) add(hour * hourMs + atMs);
  }
  for (let spike = 0; spike < spikes; spike += 1) {
    const fromMs = random() * (weekMs - hourMs);
    const count = spikeSize[0] + Math.floor(random() * (spikeSize[1] - spikeSize[0]));
    for (let i = 0; i < count; i += 1) add(fromMs + random() * 60_000);
  }
  return arrivals.toSorted((a, b) => a.atMs - b.atMs);
}

/** Until the next arrival of a Poisson process. */
function next(perHour: number, random: () => number): number {
  return perHour === 0 ? hourMs : (-Math.log(1 - random()) * hourMs) / perHour;
}
