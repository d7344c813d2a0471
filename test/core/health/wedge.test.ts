/** An engine that is dead while its API answers is found within two probes, stays out without costing a request, and is restarted once. */
import { describe, expect, it } from 'vitest';
import { detections, falseAlarms, wellEngines } from '../../../bench/truth/wedge-figures.ts';
import { type HealthState, upstreamOf } from '../../../worker/core/health/health-state.ts';
import { isRestartDue, noteRestart } from '../../../worker/core/health/restart.ts';
import { stillEngines, wedgedSince } from '../../../worker/core/health/stillness.ts';
import { step } from '../../../worker/core/health/step.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { type Happening, pair, play, rules, status, type Timeline } from './fleet.ts';

const engine = (mark: string, running = 2, name = '0') => ({ engine: name, running, mark });
const probed = (...engines: readonly ReturnType<typeof engine>[]): Happening => ({ is: 'probe', engines });

describe('stillness', () => {
  type Samples = readonly ReturnType<typeof engine>[];
  it.each<readonly [what: string, samples: readonly Samples[], since: number | null]>([
    ['nothing that moves, with work', [[engine('a')], [engine('a')]], 0],
    ['one look', [[engine('a')]], null],
    ['a count that moved', [[engine('a')], [engine('b')]], null],
    ['no work now', [[engine('a')], [engine('a', 0)]], null],
    ['no work before', [[engine('a', 0)], [engine('a')]], null],
    ['a page that failed in between', [[engine('a')], [], [engine('a')]], null],
    [
      'one dead engine beside one that works',
      [
        [engine('a'), engine('x', 1, '1')],
        [engine('b'), engine('x', 1, '1')],
      ],
      0,
    ],
    ['two that take turns under one address', [[engine('a')], [engine('b')], [engine('a')]], null],
  ])('of %s since %s', (_, samples, since) => {
    let still = stillEngines([], [], 0);
    for (const [at, sample] of samples.entries()) still = stillEngines(still, sample, at * 30_000);
    expect(wedgedSince(still, (samples.length - 1) * 30_000, 25_000)).toBe(since);
  });
});

describe('a server whose engine is dead while its API answers', () => {
  const dead: Timeline = [
    [0, probed(engine('a'))],
    [30_000, probed(engine('a'))],
  ];

  it('is found within two probe periods in twenty of twenty runs', () => {
    const periods = detections(rules);
    expect(periods).toHaveLength(20);
    expect(periods.filter((count) => count === null || count > 2)).toEqual([]);
  });

  it(`is not seen in an hour of ${Object.keys(wellEngines).length} engines that are well`, () => {
    expect(falseAlarms(rules)).toEqual([]);
  });

  it('is down, and says since when', () => {
    expect(status(dead, 30_001)).toBe('down');
    const shown = snapshot(play(dead), 30_001, pair).instances['small@u-small'];
    expect(shown).toMatchObject({ status: 'down', breaker: 'open', wedgedSinceMs: 0 });
    expect(status(dead, 30_001, 'large')).toBe('up');
  });

  it('gets no trial as long as nothing moves', () => {
    const probes = Array.from({ length: 100 }, (_, at) => [35_000 + at * 5000, probed(engine('a'))] as const);
    for (const [atMs] of probes) expect(status([...dead, ...probes.filter(([at]) => at <= atMs)], atMs + 4999)).toBe('down');
  });

  it('gets one as soon as something moves, and an answer brings it back', () => {
    const moved: Timeline = [...dead, [35_000, probed(engine('b'))]];
    expect(status(moved, 35_001)).toBe('half_open');
    expect(status([...moved, [35_002, { is: 'begun', startedAtMs: 35_001 }]], 35_003)).toBe('up');
  });

  it('gets one after a restart, whose counters begin at 0', () => {
    const restarted: Timeline = [...dead, [35_000, { is: 'probe', cause: 'unreachable' }], [40_000, probed(engine('0', 0))]];
    expect(status(restarted, 40_001)).toBe('half_open');
  });

  it('is not taken for dead where an answer came after the last look: a proxy may keep the page', () => {
    const answered: Timeline = [
      [0, probed(engine('a'))],
      [10_000, { is: 'success', startedAtMs: 5000 }],
      [30_000, probed(engine('a'))],
    ];
    expect(status(answered, 30_001)).toBe('up');
  });

  it('is left alone where the configuration says so', () => {
    const config = { ...pair, rules: { ...rules, wedge: { ...rules.wedge, enabled: false } } };
    expect(status(dead, 30_001, 'small', config)).toBe('up');
  });
});

describe('its restart', () => {
  const wedged = play([
    [0, probed(engine('a'))],
    [30_000, probed(engine('a'))],
  ]);
  const asked = (state: HealthState, atMs: number, isHeard: boolean) =>
    step(state, { kind: 'restart_asked', upstreamId: 'u-small', isHeard }, atMs, pair);
  const isDue = (state: HealthState, atMs: number) => isRestartDue(upstreamOf(state, 'u-small'), atMs, rules.wedge);

  it('is asked for once, and again after ten minutes', () => {
    expect(isDue(wedged, 30_000)).toBe(true);
    const heard = asked(wedged, 30_000, true);
    expect([isDue(heard, 35_000), isDue(heard, 629_999), isDue(heard, 630_000)]).toEqual([false, false, true]);
  });

  it('is asked for three times where nobody hears it', () => {
    let state = wedged;
    const tries = [30_000, 35_000, 40_000, 45_000, 50_000].map((atMs) => {
      const due = isDue(state, atMs);
      if (due) state = asked(state, atMs, false);
      return due;
    });
    expect(tries).toEqual([true, true, true, false, false]);
    expect(noteRestart(null, true, 5, rules.wedge)).toEqual({ firstAtMs: 5, tries: 1, isHeard: true });
  });

  it('is not asked for of a server that is well, or down for another reason', () => {
    expect(isDue(play([[0, probed(engine('a'))]]), 1)).toBe(false);
    expect(
      isDue(
        play([
          [0, { is: 'probe', cause: 'unreachable' }],
          [5, { is: 'probe', cause: 'unreachable' }],
        ]),
        6,
      ),
    ).toBe(false);
  });
});
