import { describe, expect, it } from 'vitest';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { type Happening, pair, play, status, type Timeline, trio } from './fleet.ts';

describe('the tunnel', () => {
  const tunnel = (timeline: Timeline, atMs: number) => snapshot(play(timeline, trio), atMs, trio).tunnels['main']?.status;
  const down: Timeline = [
    [0, { is: 'tunnel', on: 'small' }],
    [100, { is: 'tunnel', on: 'large' }],
  ];

  it.each([
    ['is not judged by one 530', [[0, { is: 'tunnel', on: 'small' }]], 'up'],
    ['is not judged by one login page', [[0, { is: 'auth', on: 'small' }]], 'up'],
    ['is not judged by one model, however often it fails', [[0, { is: 'tunnel', on: 'small', count: 50 }]], 'up'],
    ['is down when every model behind it shows it', down, 'down'],
    [
      'is down for mixed signs of the same thing',
      [
        [0, { is: 'auth', on: 'small' }],
        [100, { is: 'gateway_error', on: 'large' }],
      ],
      'down',
    ],
    [
      'is not down when something came through in between',
      [
        [0, { is: 'tunnel', on: 'small' }],
        [50, { is: 'success', on: 'large' }],
        [100, { is: 'tunnel', on: 'large' }],
      ],
      'up',
    ],
    [
      'is not down when the model server itself failed in between',
      [
        [0, { is: 'tunnel', on: 'small' }],
        [50, { is: 'server_error', on: 'large' }],
        [100, { is: 'tunnel', on: 'large' }],
      ],
      'up',
    ],
    [
      'is not down by failures that lie far apart',
      [
        [0, { is: 'tunnel', on: 'small' }],
        [31_000, { is: 'tunnel', on: 'large' }],
      ],
      'up',
    ],
    [
      'is down when the probe shows it, without any request',
      [
        [0, { is: 'probe', on: 'small', cause: 'tunnel' }],
        [5000, { is: 'probe', on: 'small', cause: 'tunnel' }],
      ],
      'down',
    ],
    [
      'is not down by probes that one model alone may fail',
      [
        [0, { is: 'probe', on: 'small', cause: 'gateway_error' }],
        [5000, { is: 'probe', on: 'small', cause: 'auth' }],
      ],
      'up',
    ],
    [
      'is down when such probes fail for every model',
      [
        [0, { is: 'probe', on: 'small', cause: 'gateway_error' }],
        [50, { is: 'probe', on: 'large', cause: 'auth' }],
      ],
      'down',
    ],
    ['is not down by one probe', [[0, { is: 'probe', on: 'small', cause: 'tunnel' }]], 'up'],
    [
      'is not to blame for refused connections',
      [
        [0, { is: 'unreachable', on: 'small' }],
        [100, { is: 'unreachable', on: 'large' }],
      ],
      'up',
    ],
  ] as const satisfies readonly (readonly [string, Timeline, string])[])('%s', (_, timeline, expected) => {
    const [lastMs] = timeline.at(-1) ?? [0];
    expect(tunnel(timeline, lastMs + 1)).toBe(expected);
  });

  it.each([
    [1, 'up'],
    [2, 'down'],
  ] as const)('with a single model behind it, is judged by two failures, not by one: after %i it is %s', (count, expected) => {
    const state = play([[0, { is: 'tunnel', on: 'hosted', count }]], trio);
    expect(snapshot(state, 1, trio).tunnels['other']?.status).toBe(expected);
  });

  it('and a model that are both half open need both permits', () => {
    const both = play(
      [
        [0, { is: 'reset', on: 'small', count: 3 }],
        [4999, { is: 'tunnel', on: 'large' }],
        [5000, { is: 'tunnel', on: 'small' }],
      ],
      pair,
    );
    const later = play(
      [
        [12_000, { is: 'read', by: 'i1' }],
        [14_900, { is: 'read', by: 'i1' }],
        [15_200, { is: 'read', by: 'i2' }],
      ],
      pair,
      both,
    );
    const mayTry = (by: string, key: string) => snapshot(later, 15_300, pair, by).instances[key]?.hasPermit;
    expect([mayTry('i1', 'small@u-small'), mayTry('i2', 'small@u-small'), mayTry('i2', 'large@u-large')]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('takes every model behind it out as one state, and opens no breaker of theirs', () => {
    const state = play(
      [...down, [200, { is: 'tunnel', on: 'small', count: 30 }], [300, { is: 'gateway_error', on: 'large', count: 30 }]],
      trio,
    );
    const seen = snapshot(state, 400, trio);
    expect(seen.models).toEqual({ small: { status: 'down' }, large: { status: 'down' }, hosted: { status: 'up' } });
    expect(Object.values(state.instances).filter((instance) => instance.breaker.openedAtMs !== null)).toEqual([]);
    expect(seen.instances['small@u-small']?.consecutiveFailures).toBe(0);
  });

  it.each([
    ['one success through it', { is: 'success', on: 'large' }],
    ['a 500 of a model server, which must have come through it', { is: 'server_error', on: 'large' }],
  ] as const satisfies readonly (readonly [string, Happening])[])('is up again after %s', (_, happening) => {
    expect(tunnel([...down, [5000, happening]], 5001)).toBe('up');
    expect(status([...down, [5000, happening]], 5001, 'small', trio)).toBe('up');
  });

  it('is up again after a good probe when others have failed, and not when all were good', () => {
    const good = { is: 'probe', on: 'small' } as const;
    const bad = { is: 'probe', on: 'small', cause: 'tunnel' } as const;
    expect(tunnel([...down, [4000, bad], [5000, good]], 5001)).toBe('up');
    expect(tunnel([[-1000, bad], ...down, [5000, good]], 5001)).toBe('up');
    expect(tunnel([...down, [4000, good], [5000, good]], 5001)).toBe('down');
    expect(tunnel([...down, [4000, good], [5000, good]], 20_000)).toBe('half_open');
  });

  it('does not come up by an answer that was asked for before it went down', () => {
    expect(tunnel([...down, [5000, { is: 'success', on: 'large', startedAtMs: 50 }]], 5001)).toBe('down');
  });

  it('hands out one trial for all the models behind it', () => {
    const state = play(
      [
        ...down,
        [10_100, { is: 'read', by: 'i1' }],
        [10_200, { is: 'trial', on: 'large', by: 'i1' }],
        [10_300, { is: 'read', by: 'i2' }],
      ],
      trio,
    );
    for (const isolateId of ['i1', 'i2']) {
      const { instances } = snapshot(state, 10_400, trio, isolateId);
      expect([instances['small@u-small']?.hasPermit, instances['large@u-large']?.hasPermit]).toEqual([false, false]);
    }
    const again = play([[10_500, { is: 'tunnel', on: 'large', startedAtMs: 10_200 }]], trio, state);
    expect(snapshot(again, 10_501, trio).tunnels['main']).toEqual({ status: 'down', untilMs: 30_500 });
  });
});
