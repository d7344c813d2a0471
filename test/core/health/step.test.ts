import { describe, expect, it } from 'vitest';
import { maxReports } from '../../../worker/core/health/health-event.ts';
import type { AttemptReport } from '../../../worker/core/health/health-event.ts';
import { retainConfigured, storedHealth, unknownHealth } from '../../../worker/core/health/health-state.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { step } from '../../../worker/core/health/step.ts';
import { eventOf, failures, type Happening, pair, play, rules, status, type Timeline } from './fleet.ts';

const ejected = failures('unreachable', 'small', 3);

describe('opening', () => {
  it('counts an unknown model as up', () => {
    expect(status([], 0)).toBe('up');
  });

  it.each([
    ['unreachable', 3],
    ['reset', 3],
    ['timeout', 3],
    ['gateway_error', 3],
    ['auth', 3],
    ['tunnel', 3],
    ['broken_off', 3],
    ['server_error', 5],
    ['invalid_answer', 5],
    ['overload', 20],
  ] as const)('ejects for %s at failure number %i in a row, not before', (cause, threshold) => {
    // Only in a fleet with a second model does the tunnel stay out of it.
    expect(status(failures(cause, 'small', threshold - 1), 5000)).toBe('up');
    expect(status(failures(cause, 'small', threshold), 5000)).toBe('down');
  });

  it.each(['rate_limited', 'client', 'content_policy', 'context_length', 'unfit_answer'] as const)(
    'never counts %s against a model, however often it comes',
    (cause) => {
      const state = play(failures(cause, 'small', 100));
      expect(snapshot(state, 60_000, pair).models['small']?.status).toBe('up');
      expect(snapshot(state, 60_000, pair).instances['small@u-small']?.consecutiveFailures).toBe(0);
    },
  );

  it('takes a batch of three as three', () => {
    expect(status([[0, { is: 'reset', on: 'small', count: 3 }]], 1)).toBe('down');
  });

  it.each([
    [
      'a success between failures ends the run',
      [...failures('reset', 'small', 2), [300, { is: 'success', on: 'small' }], [400, { is: 'reset', on: 'small' }]],
      'up',
    ],
    [
      'a stream that begins ends a run of failures to connect',
      [...failures('reset', 'small', 2), [300, { is: 'begun', on: 'small' }], [400, { is: 'reset', on: 'small' }]],
      'up',
    ],
    [
      'a stream that begins does not end a run of answers that broke off',
      [...failures('broken_off', 'small', 2), [300, { is: 'begun', on: 'small' }], [400, { is: 'broken_off', on: 'small' }]],
      'down',
    ],
    [
      'an answer that ended whole does',
      [...failures('broken_off', 'small', 2), [300, { is: 'success', on: 'small' }], [400, { is: 'broken_off', on: 'small' }]],
      'up',
    ],
    [
      'a success from before the run does not, however late it is reported',
      [
        ...failures('reset', 'small', 2, 100),
        [300, { is: 'success', on: 'small', startedAtMs: 0, atMs: 50 }],
        [400, { is: 'reset', on: 'small' }],
      ],
      'down',
    ],
    [
      'a long answer that ended during the run does, although it began before',
      [
        ...failures('reset', 'small', 2, 100),
        [300, { is: 'success', on: 'small', startedAtMs: 0, atMs: 150 }],
        [400, { is: 'reset', on: 'small' }],
      ],
      'up',
    ],
    [
      'failures of different kinds add up',
      [...failures('reset', 'small', 2), ...failures('server_error', 'small', 2, 300)],
      'down',
    ],
    ['failures of the other model do not', [...failures('reset', 'small', 2), [300, { is: 'reset', on: 'large' }]], 'up'],
  ] as const satisfies readonly (readonly [string, Timeline, string])[])('%s', (_, timeline, expected) => {
    expect(status(timeline, 2000)).toBe(expected);
  });

  it('opens nothing from reports when the breaker is switched off, but still believes probes', () => {
    const off = { ...pair, rules: { ...rules, breaker: { ...rules.breaker, enabled: false } } };
    expect(status(failures('reset', 'small', 50), 5000, 'small', off)).toBe('up');
    const probes: Timeline = [
      [0, { is: 'probe', on: 'small', cause: 'unreachable' }],
      [5000, { is: 'probe', on: 'small', cause: 'unreachable' }],
    ];
    expect(status(probes, 5001, 'small', off)).toBe('down');
  });

  it('ignores models that the configuration does not name, and forgets those it no longer names', () => {
    const state = play([[0, { is: 'reset', on: 'stranger', count: 9 }], ...ejected]);
    expect(Object.keys(state.instances)).toEqual(['small@u-small']);
    expect(retainConfigured(state, { ...pair, instances: pair.instances.slice(1) }).instances).toEqual({});
  });

  it('reads no more than the newest reports of an oversized batch', () => {
    const line = (modelId: string): AttemptReport => ({
      modelId,
      upstreamId: `u-${modelId}`,
      startedAtMs: 0,
      count: 3,
      kind: 'failure',
      cause: 'reset',
      retryAfterMs: null,
    });
    const reports = [line('small'), ...Array.from({ length: maxReports }, () => line('large'))];
    const seen = snapshot(step(unknownHealth, { kind: 'reports', isolateId: 'i1', reports }, 0, pair), 1, pair);
    expect(seen.models).toEqual({ small: { status: 'up' }, large: { status: 'down' } });
  });
});

describe('ejection', () => {
  it('lasts ten seconds times the number of relapses, and never more than the cap', () => {
    let state = play(ejected);
    let openedAtMs = 200;
    for (const seconds of [10, 20, 30, 40]) {
      expect(snapshot(state, openedAtMs + seconds * 1000 - 1, pair).models['small']?.status).toBe('down');
      expect(snapshot(state, openedAtMs + seconds * 1000, pair).models['small']?.status).toBe('half_open');
      openedAtMs += seconds * 1000;
      state = step(state, eventOf({ is: 'reset', on: 'small' }, openedAtMs), openedAtMs, pair);
    }
    for (let relapse = 0; relapse < 60; relapse += 1) {
      openedAtMs += 300_000;
      state = step(state, eventOf({ is: 'reset', on: 'small' }, openedAtMs), openedAtMs, pair);
    }
    expect(snapshot(state, openedAtMs, pair).instances['small@u-small']?.untilMs).toBe(openedAtMs + 300_000);
  });

  it('forgives one relapse for every ten seconds of good behaviour', () => {
    const relapsed = play([...ejected, [10_200, { is: 'reset', on: 'small' }], [30_200, { is: 'success', on: 'small' }]]);
    const again = (atMs: number) =>
      snapshot(play([[atMs, { is: 'reset', on: 'small', count: 3 }]], pair, relapsed), atMs, pair).instances['small@u-small']
        ?.untilMs;
    expect(again(35_000)).toBe(35_000 + 30_000);
    expect(again(45_000)).toBe(45_000 + 20_000);
    expect(again(90_000)).toBe(90_000 + 10_000);
  });

  it.each([
    [
      'a failure that was sent before the ejection does not prolong it',
      { is: 'reset', on: 'small', startedAtMs: 100 },
      10_300,
      'half_open',
    ],
    [
      'a failure that was sent during the ejection does not prolong it',
      { is: 'reset', on: 'small', startedAtMs: 5000 },
      10_300,
      'half_open',
    ],
    [
      'a success that was sent before the ejection does not end it',
      { is: 'success', on: 'small', startedAtMs: 100 },
      10_199,
      'down',
    ],
    ['a success that was sent during the ejection ends it', { is: 'success', on: 'small', startedAtMs: 5000 }, 10_199, 'up'],
  ] as const satisfies readonly (readonly [string, Happening, number, string])[])('%s', (_, happening, atMs, expected) => {
    expect(status([...ejected, [10_100, happening]], atMs)).toBe(expected);
  });
});

describe('half open', () => {
  const permits = (timeline: Timeline, atMs: number, config = pair) => {
    const state = play(timeline, config);
    return ['i1', 'i2', 'i3'].filter(
      (isolateId) => snapshot(state, atMs, config, isolateId).instances['small@u-small']?.hasPermit,
    );
  };

  it('gives the one trial to the first isolate that asks', () => {
    expect(
      permits(
        [...ejected, [9000, { is: 'read', by: 'i1' }], [10_300, { is: 'read', by: 'i2' }], [10_400, { is: 'read', by: 'i3' }]],
        10_500,
      ),
    ).toEqual(['i2']);
  });

  it('gives a permit that was not used to the next one when the snapshot it came with is old', () => {
    expect(permits([...ejected, [10_300, { is: 'read', by: 'i2' }], [13_300, { is: 'read', by: 'i3' }]], 13_301)).toEqual(['i3']);
  });

  it('gives no second permit while the trial runs, and one more when its isolate is lost', () => {
    const trying: Timeline = [...ejected, [10_300, { is: 'read', by: 'i2' }], [10_400, { is: 'trial', on: 'small', by: 'i2' }]];
    expect(permits([...trying, [20_000, { is: 'read', by: 'i3' }], [20_001, { is: 'read', by: 'i2' }]], 20_002)).toEqual([]);
    expect(permits([...trying, [42_000, { is: 'read', by: 'i3' }]], 42_001)).toEqual(['i3']);
  });

  it('closes when the trial succeeds, also at its first event', () => {
    expect(status([...ejected, [10_500, { is: 'begun', on: 'small', startedAtMs: 10_400 }]], 10_501)).toBe('up');
  });

  it('frees the permit when the trial proves nothing', () => {
    const timeline: Timeline = [
      ...ejected,
      [10_300, { is: 'read', by: 'i2' }],
      [10_400, { is: 'trial', on: 'small', by: 'i2' }],
      [10_500, { is: 'client', on: 'small', startedAtMs: 10_400 }],
      [10_600, { is: 'read', by: 'i3' }],
    ];
    expect(status(timeline, 10_601)).toBe('half_open');
    expect(permits(timeline, 10_601)).toEqual(['i3']);
  });
});

describe('throttling', () => {
  it.each([
    ['until its Retry-After', 4000, 3999, 4000],
    ['no longer than ten seconds', 120_000, 9999, 10_000],
    ['one second without a Retry-After', undefined, 999, 1000],
  ] as const)('keeps a model that answered 429 out of use %s', (_, retryAfterMs, lastMs, endMs) => {
    const happening: Happening =
      retryAfterMs === undefined ? { is: 'rate_limited', on: 'small' } : { is: 'rate_limited', on: 'small', retryAfterMs };
    expect(status([[0, happening]], lastMs)).toBe('throttled');
    expect(status([[0, happening]], endMs)).toBe('up');
  });

  it('ends with a success that was sent after the 429, not with one from before', () => {
    const throttled: Timeline = [[1000, { is: 'rate_limited', on: 'small', retryAfterMs: 9000 }]];
    expect(status([...throttled, [2000, { is: 'success', on: 'small', startedAtMs: 500 }]], 2001)).toBe('throttled');
    expect(status([...throttled, [2000, { is: 'success', on: 'small', startedAtMs: 1500 }]], 2001)).toBe('up');
  });
});

describe('the last path', () => {
  it('is marked when every model of a chain is out: the one that comes back first', () => {
    const seen = snapshot(play([...failures('reset', 'large', 3), ...failures('reset', 'small', 3, 5000)]), 6000, pair);
    expect(
      Object.values(seen.instances)
        .filter((instance) => instance.isLastResort)
        .map((instance) => instance.modelId),
    ).toEqual(['large']);
  });

  it('is not marked while one of the chain can be used', () => {
    const seen = snapshot(play(ejected), 300, pair);
    expect(Object.values(seen.instances).some((instance) => instance.isLastResort)).toBe(false);
  });
});

it('survives a round trip through JSON at every step', () => {
  const timeline: Timeline = [
    ...ejected,
    [10_300, { is: 'read', by: 'i2' }],
    [10_400, { is: 'rate_limited', on: 'large', retryAfterMs: 500 }],
    [11_000, { is: 'probe', on: 'small', modelsServed: ['Small'] }],
  ];
  let state = unknownHealth;
  for (const [atMs, happening] of timeline) {
    state = step(state, eventOf(happening, atMs), atMs, pair);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    const seen = snapshot(state, atMs, pair, 'i2');
    expect(JSON.parse(JSON.stringify(seen))).toEqual(seen);
  }
  expect(JSON.stringify(snapshot(state, 12_000, pair, 'i2')).length).toBeLessThan(1200);
});

it('gives the same parts back when a success changes nothing, so that nothing has to be stored', () => {
  const before = play([...failures('reset', 'small', 2), [300, { is: 'success', on: 'small' }]]);
  const after = step(before, eventOf({ is: 'success', on: 'small' }, 400), 400, pair);
  expect(after.instances).toBe(before.instances);
  expect(after.upstreams).toBe(before.upstreams);
  expect(after.tunnels).toBe(before.tunnels);
});

it('reads a state that an earlier version has stored', () => {
  const state = play(ejected);
  const older = JSON.parse(JSON.stringify(state));
  delete older.instances['small@u-small'].breaker.sawBadProbe;
  delete older.upstreams;
  const read = storedHealth(older);
  expect(snapshot(play([[300, { is: 'probe', on: 'small' }]], pair, read), 400, pair).models['small']?.status).toBe('down');
});
