/** What probes and lists of models are believed, and what they are not: docs/decisions/0006-probes-and-trials.md. */
import { describe, expect, it } from 'vitest';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { step } from '../../../worker/core/health/step.ts';
import { eventOf, failures, type Happening, pair, play, rules, status, type Timeline } from './fleet.ts';

const ejected = failures('unreachable', 'small', 3);

describe('a missing model', () => {
  const missing: Timeline = [[0, { is: 'model_missing', on: 'small' }]];
  const lists = (atMs: number, ...modelsServed: string[]): Timeline[number] => [atMs, { is: 'probe', on: 'small', modelsServed }];

  it.each([
    ['is one that a call was told of', missing, 'missing'],
    ['is none that a list of models does not name', [lists(1000)], 'up'],
    ['is none that is listed by the path of its file', [lists(1000, '/models/small.gguf')], 'up'],
    [
      'is none that is listed under another name, however often',
      [1, 2, 3, 4].map((n) => lists(n * 400, 'Small-0', 'Other')),
      'up',
    ],
    ['stays away while the list does not show it', [...missing, lists(1000, 'Other')], 'missing'],
    ['stays away while the list cannot be read', [...missing, [1000, { is: 'probe', on: 'small' }]], 'missing'],
    ['stays away although the list has always shown it', [lists(-1000, 'Small'), ...missing, lists(1000, 'Small')], 'missing'],
    ['may be tried when the list shows it for the first time', [...missing, lists(1000, 'Other', 'Small')], 'half_open'],
    ['may be tried when the list shows it again', [lists(-1000, 'Other'), ...missing, lists(1000, 'Small')], 'half_open'],
    ['comes back when it answers after all', [...missing, [1000, { is: 'success', on: 'small' }]], 'up'],
    ['is down when it has another trouble by then', [...missing, [10_500, { is: 'reset', on: 'small' }]], 'down'],
  ] as const satisfies readonly (readonly [string, Timeline, string])[])('%s', (_, timeline, expected) => {
    expect(status(timeline, timeline.at(-1)?.[0] === 10_500 ? 11_000 : 2000)).toBe(expected);
  });

  it('is tried again like anything that is out, more and more seldom, and never away for ever', () => {
    let state = play(missing);
    let openedAtMs = 0;
    for (const seconds of [10, 20, 30]) {
      expect(snapshot(state, openedAtMs + seconds * 1000 - 1, pair).models['small']?.status).toBe('missing');
      expect(snapshot(state, openedAtMs + seconds * 1000, pair).models['small']?.status).toBe('half_open');
      openedAtMs += seconds * 1000;
      state = step(state, eventOf({ is: 'model_missing', on: 'small' }, openedAtMs), openedAtMs, pair);
    }
  });

  it('is missing although the breaker is switched off: it is no failure but a fact', () => {
    const off = { ...pair, rules: { ...rules, breaker: { ...rules.breaker, enabled: false } } };
    expect(status(missing, 1, 'small', off)).toBe('missing');
  });
});

describe('what a server says of its models', () => {
  const room = (modelsServed: Happening['modelsServed'] & object, config = pair) =>
    snapshot(play([[0, { is: 'probe', on: 'small', modelsServed }]], config), 1, config).instances['small@u-small']
      ?.contextTokens;
  const line = (name: string, contextTokens: number | null = 2048) => ({ name, contextTokens });

  it.each([
    ['by its name', [line('Other', 9), line('Small')], 2048],
    ['by the only line there is, whatever name it has', [line('/models/small.gguf')], 2048],
    ['nothing where several lines have other names', [line('a'), line('b')], null],
    ['nothing where the server does not say', [line('Small', null)], null],
    ['nothing without a line', [], null],
  ])('its room is known %s', (_, models, expected) => {
    expect(room(models)).toBe(expected);
  });

  it('is not taken from another model of the same server', () => {
    const shared = { ...pair, instances: pair.instances.map((one) => ({ ...one, upstreamId: 'u-small' })) };
    expect(room([line('Large')], shared)).toBeNull();
  });

  it('is kept while the list cannot be read, and not stored for the models of others', () => {
    const state = play([
      [0, { is: 'probe', on: 'small', modelsServed: [line('Small'), line('x'), line('y')] }],
      [1000, { is: 'probe', on: 'small' }],
      [2000, { is: 'probe', on: 'small', cause: 'unreachable' }],
    ]);
    expect(snapshot(state, 3000, pair).instances['small@u-small']?.contextTokens).toBe(2048);
    expect(state.upstreams['u-small']?.modelsListed).toEqual([line('Small')]);
  });
});

describe('probes', () => {
  const bad = (atMs: number): Timeline[number] => [atMs, { is: 'probe', on: 'small', cause: 'unreachable' }];
  const good = (atMs: number): Timeline[number] => [atMs, { is: 'probe', on: 'small' }];
  const sick = failures('server_error', 'small', 5);

  it.each([
    ['one that fails changes nothing', [bad(0)], 'up'],
    ['two in a row take the model down', [bad(0), bad(1000)], 'down'],
    ['a good one between them ends the row', [bad(0), good(500), bad(1000)], 'up'],
    ['a request that succeeds ends the row', [bad(0), [500, { is: 'success', on: 'small' }], bad(1000)], 'up'],
    ['good ones end no ejection when all before them were good, too', [...ejected, good(800), good(1000), good(1500)], 'down'],
    ['a good one after a bad one ends an ejection: trials begin', [...ejected, bad(800), good(1000)], 'half_open'],
    ['two good ones in a row close it then', [...ejected, bad(800), good(1000), good(1500)], 'up'],
    ['a bad one just before the ejection counts as well', [bad(0), ...ejected, good(1000), good(1500)], 'up'],
    ['a bad one between them does not', [...ejected, bad(800), good(1000), bad(1200), good(1500)], 'half_open'],
    ['a bad one while half open ejects again', [...ejected, bad(800), good(1000), bad(1200)], 'down'],
    ['good ones close nothing that failed its calls: trials begin', [...sick, bad(800), good(1000), good(1500)], 'half_open'],
    ['an ejection by probes ends with good ones', [bad(0), bad(500), good(1000), good(1500)], 'up'],
  ] as const satisfies readonly (readonly [string, Timeline, string])[])('%s', (_, timeline, expected) => {
    expect(status(timeline, 2000)).toBe(expected);
  });

  it('do not bring a model back that lists its models and fails requests, neither early nor later', () => {
    const watched: Timeline = [...sick, ...[1, 2, 3, 8, 9].map((second) => good(second * 1000))];
    expect(status(watched, 10_399)).toBe('down');
    expect(status([...watched, good(10_500), good(15_000), good(20_000)], 60_000)).toBe('half_open');
    expect(status([...watched, [2500, { is: 'success', on: 'small' }]], 9001)).toBe('up');
  });

  it('are not believed after a restart that did not help', () => {
    const restarted: Timeline = [
      ...sick,
      bad(1000),
      good(2000),
      [2100, { is: 'server_error', on: 'small' }],
      good(3000),
      good(8000),
    ];
    expect(status(restarted, 22_099)).toBe('down');
    expect(status(restarted, 22_100)).toBe('half_open');
  });

  it('fill in the load, and a failed one makes it unknown again', () => {
    const load = (timeline: Timeline) => {
      const { running, waiting, kvCacheUsage, lastProbeAtMs } =
        snapshot(play(timeline), 2000, pair).instances['small@u-small'] ?? {};
      return { running, waiting, kvCacheUsage, lastProbeAtMs };
    };
    expect(load([])).toEqual({ running: null, waiting: null, kvCacheUsage: null, lastProbeAtMs: null });
    expect(load([good(1000)])).toEqual({ running: 3, waiting: 0, kvCacheUsage: 0.25, lastProbeAtMs: 1000 });
    expect(load([good(1000), bad(1500)])).toEqual({ running: null, waiting: null, kvCacheUsage: null, lastProbeAtMs: 1500 });
  });
});
