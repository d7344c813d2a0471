import { describe, expect, it } from 'vitest';
import { dueProbes, nextProbeAtMs } from '../../../worker/core/health/probe-schedule.ts';
import { unknownHealth } from '../../../worker/core/health/health-state.ts';
import { type Happening, pair, play, trio } from './fleet.ts';

type Timeline = readonly (readonly [number, Happening])[];

/** Both upstreams answered a probe at 0. */
const probed: Timeline = [
  [0, { is: 'probe', on: 'small' }],
  [0, { is: 'probe', on: 'large' }],
];
const busy: Timeline = [...probed, [1000, { is: 'success', on: 'small' }]];

describe('the next probe', () => {
  it('is due at once for upstreams that were never probed', () => {
    expect(nextProbeAtMs(unknownHealth, 77, pair)).toBe(77);
    expect(dueProbes(unknownHealth, 77, pair)).toEqual(['u-small', 'u-large']);
  });

  it('is never due without an upstream', () => {
    expect(nextProbeAtMs(unknownHealth, 77, { ...pair, instances: [] })).toBe(Infinity);
  });

  it.each([
    ['comes after the interval while requests come', busy, 2000, 30_000],
    ['comes seldom while nobody asks', probed, 2000, 120_000],
    ['comes seldom again when nobody has asked for long', busy, 121_000, 121_000],
    ['comes soon while a model is out', [...busy, [1000, { is: 'reset', on: 'small', count: 3 }]], 2000, 5000],
    ['comes soon after a first bad probe', [...busy, [4000, { is: 'probe', on: 'small', cause: 'timeout' }]], 4001, 9000],
    ['comes soon while a model is missing', [...busy, [1000, { is: 'model_missing', on: 'small' }]], 2000, 5000],
    [
      'comes at the normal interval while something is out and nobody asks',
      [
        [0, { is: 'probe', on: 'small', cause: 'timeout' }],
        [0, { is: 'probe', on: 'large' }],
      ],
      1000,
      30_000,
    ],
    ['is late, not in the past, when its time has gone by', busy, 50_000, 50_000],
  ] as const satisfies readonly (readonly [string, Timeline, number, number])[])('%s', (_, timeline, nowMs, expected) => {
    expect(nextProbeAtMs(play(timeline), nowMs, pair)).toBe(expected);
  });

  it('asks only the upstream that is out more often', () => {
    const state = play([...busy, [1000, { is: 'reset', on: 'small', count: 3 }]]);
    expect(dueProbes(state, 5000, pair)).toEqual(['u-small']);
    expect(dueProbes(state, 30_000, pair)).toEqual(['u-small', 'u-large']);
  });

  it('sends one probe, in turn, into a tunnel that is down, and goes on with the others', () => {
    const down: Timeline = [
      ...busy,
      [0, { is: 'probe', on: 'hosted' }],
      [1000, { is: 'tunnel', on: 'small' }],
      [1001, { is: 'tunnel', on: 'large' }],
    ];
    const first = play(down, trio);
    expect(dueProbes(first, 5000, trio)).toEqual(['u-small']);
    const second = play([[5000, { is: 'probe', on: 'small', cause: 'tunnel' }]], trio, first);
    expect(dueProbes(second, 9999, trio)).toEqual([]);
    expect(dueProbes(second, 10_000, trio)).toEqual(['u-large']);
    expect(dueProbes(second, 30_000, trio)).toContain('u-hosted');
  });
});
