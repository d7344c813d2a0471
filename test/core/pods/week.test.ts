/** Two days of the simulated week of `npm run bench:idle`: nothing is lost, the provider is paid for less, and a seed tells all of it. */
import { expect, it } from 'vitest';
import { Pod, PodGroup } from '../../../shared/config-pods.ts';
import { simulate } from '../../../bench/pods/simulate.ts';
import { hourMs, weekOf } from '../../../bench/pods/week.ts';
import { monday } from './pod.ts';

const days = 48 * hourMs;
const run = (seed: number, whileWaking: 'hold' | 'spill', failing: object = {}) =>
  simulate(
    {
      arrivals: weekOf(seed).filter(({ atMs }) => atMs < days),
      pods: ['pod-1'],
      rules: Pod.parse({ provider: 'runpod', id_var: 'RUNPOD_POD_ID', upstreams: ['large'], while_waking: whileWaking }),
      group: null,
      mode: 'idle',
      places: 8,
      seed,
      wakeMs: [120_000, 240_000],
      startFails: 0.1,
      noGpu: 0.03,
      ...failing,
    },
    days,
    monday,
  );

it.each([1, 2, 3])(
  'week %i: a pod that is stopped when idle loses no request, and is up for seven tenths of the time at most',
  (seed) => {
    const { requests, lost, waitedMs, podHours, wakes } = run(seed, 'hold');
    expect({ lost, answered: waitedMs.length }).toEqual({ lost: 0, answered: requests });
    expect(podHours).toBeLessThan(34);
    expect(wakes).toBeGreaterThan(2);
  },
);

it('nobody waits for a start where requests go to other models meanwhile', () => {
  const { lost, spilled, waitedMs } = run(1, 'spill');
  expect([lost, Math.max(...waitedMs) < 60_000]).toEqual([0, true]);
  expect(spilled).toBeGreaterThan(0);
});

it('requests are lost in the simulation where a pod gets no GPU for ever, so that it can tell', () => {
  expect(run(1, 'hold', { noGpu: 1 }).lost).toBeGreaterThan(0);
});

it('the same seed gives the same week', () => {
  const { pods: _, ...once } = run(2, 'hold');
  const { pods: __, ...again } = run(2, 'hold');
  expect(again).toEqual(once);
});

it('a group of three takes a day of forty times the requests without a loss, and is smaller at night', () => {
  const pods = ['pod-1', 'pod-2', 'pod-3'];
  const { requests, lost, waitedMs, podHours, wakes } = run(1, 'hold', {
    arrivals: weekOf(1, 40).filter(({ atMs }) => atMs < days / 2),
    pods,
    group: PodGroup.parse({ pods, min: 1, requests_per_pod: 8 }),
  });
  expect({ lost, answered: waitedMs.length }).toEqual({ lost: 0, answered: requests });
  expect(Math.max(...waitedMs)).toBeLessThan(120_000);
  expect(wakes).toBeGreaterThan(0);
  // Two days are simulated; three pods that are always on would be up for 144 hours.
  expect(podHours).toBeLessThan(100);
});
