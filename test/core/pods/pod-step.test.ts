/** One pod's life, event by event. */
import { describe, expect, it } from 'vitest';
import { upMsUntil } from '../../../worker/core/pods/pod-state.ts';
import type { PodRules } from '../../../worker/core/pods/pod-step.ts';
import {
  busyCheck,
  failing,
  type Happening,
  idleCheck,
  isReady,
  lived,
  minute,
  nextOf,
  rulesWith,
  second,
  seenRunning,
  seenStopped,
  toldStart,
  toldStop,
  untilStopped,
  wanted,
} from './pod.ts';

const stoppedAt = 10 * minute + 13 * second;
const wokenAt = 20 * minute;
const untilWarming: readonly Happening[] = [
  ...untilStopped,
  [wokenAt, wanted],
  [wokenAt + 1, seenStopped],
  [wokenAt + 2, toldStart],
];

const rows: readonly (readonly [sentence: string, happenings: readonly Happening[], phase: string, rules?: PodRules])[] = [
  ['is taken for running until somebody has looked', [], 'running'],
  [
    'is left alone while it is wanted',
    [
      [0, seenRunning],
      [9 * minute, wanted],
      [18 * minute, null],
    ],
    'running',
  ],
  [
    'drains when nobody has wanted it for as long as the rules say',
    [
      [0, seenRunning],
      [10 * minute, null],
    ],
    'draining',
  ],
  [
    'is not stopped earlier after a start than the rules say',
    [
      [0, seenRunning],
      [2 * minute, null],
    ],
    'running',
    rulesWith({ idle_after_ms: minute }),
  ],
  [
    'goes back to work at once when somebody wants it while it drains',
    [...untilStopped.slice(0, 2), [10 * minute + 5 * second, wanted]],
    'running',
  ],
  [
    'goes back to work when something still runs at the end of draining',
    [...untilStopped.slice(0, 2), [11 * minute, busyCheck]],
    'running',
  ],
  [
    'of a group waits for what runs, and takes nothing new',
    [...untilStopped.slice(0, 2), [11 * minute, busyCheck]],
    'draining',
    rulesWith({}, { isInGroup: true }),
  ],
  ['is told to stop when nothing is in flight', untilStopped.slice(0, 3), 'stopping'],
  ['is stopped when the provider has said so', untilStopped, 'stopped'],
  ['stays stopped while nobody wants it', [...untilStopped, [60 * minute, null]], 'stopped'],
  ['is started by the first wish', [...untilStopped, [wokenAt, wanted]], 'starting'],
  [
    'is started right after its stop when it was wanted meanwhile',
    [...untilStopped.slice(0, 3), [stoppedAt - 1, wanted], [stoppedAt, toldStop]],
    'starting',
  ],
  ['warms up when the provider has started it', untilWarming, 'warming'],
  [
    'warms up when somebody else has started it already',
    [...untilStopped, [wokenAt, wanted], [wokenAt + 1, seenRunning]],
    'warming',
  ],
  ['runs when its servers answer', [...untilWarming, [wokenAt + minute, isReady]], 'running'],
  ['is stopped when no server answers in time', [...untilWarming, [wokenAt + 11 * minute, null]], 'stopping'],
  [
    'is started once more after a start in vain, as long as somebody waits',
    [...untilWarming, [wokenAt + 11 * minute, null], [wokenAt + 11 * minute + 1, wanted], [wokenAt + 11 * minute + 2, toldStop]],
    'starting',
  ],
  [
    'that somebody else stopped is stopped',
    [
      [0, seenRunning],
      [minute, wanted],
      [2 * minute, seenStopped],
    ],
    'stopped',
  ],
  [
    'that somebody else stopped is started by the next wish',
    [
      [0, seenRunning],
      [2 * minute, seenStopped],
      [3 * minute, wanted],
    ],
    'starting',
  ],
  ['that somebody else started warms up', [...untilStopped, [wokenAt, seenRunning]], 'warming'],
  [
    'stopped by hand is not started by requests',
    [...untilStopped, [15 * minute, { kind: 'by_hand', to: 'stop' }], [wokenAt, wanted]],
    'stopped',
  ],
  [
    'stopped by hand waits for what runs',
    [
      [0, seenRunning],
      [minute, { kind: 'by_hand', to: 'stop' }],
      [2 * minute, busyCheck],
    ],
    'draining',
  ],
  [
    'stopped by hand drains although it is wanted',
    [
      [0, seenRunning],
      [minute, { kind: 'by_hand', to: 'stop' }],
      [minute + 1, wanted],
    ],
    'draining',
  ],
  [
    'stopped by hand is started by hand',
    [...untilStopped, [15 * minute, { kind: 'by_hand', to: 'stop' }], [wokenAt, { kind: 'by_hand', to: 'start' }]],
    'starting',
  ],
  [
    'that is being started is stopped by hand at once',
    [...untilWarming, [wokenAt + minute, { kind: 'by_hand', to: 'stop' }]],
    'stopping',
  ],
  [
    'is not stopped in hours in which it is kept up',
    [
      [0, seenRunning],
      [30 * minute, null],
    ],
    'running',
    rulesWith({ keep_up: [{ days: ['mon'], from_utc: '00:00', until_utc: '08:00' }] }),
  ],
  [
    'is started when hours begin in which it is kept up',
    [...untilStopped, [30 * minute, null]],
    'starting',
    rulesWith({ keep_up: [{ days: ['sun', 'mon'], from_utc: '00:30', until_utc: '00:10' }] }),
  ],
  [
    'stays up where its group needs it',
    [
      [0, seenRunning],
      [60 * minute, null],
    ],
    'running',
    rulesWith({}, { mayIdle: false }),
  ],
  ['is started by its group', [...untilStopped, [wokenAt, { kind: 'scaled', to: 'start' }]], 'starting'],
  [
    'is drained by its group',
    [
      [0, seenRunning],
      [minute, { kind: 'scaled', to: 'stop' }],
    ],
    'draining',
  ],
];

describe('a pod', () => {
  it.each(rows.map(([sentence, happenings, phase, rules = rulesWith()]) => ({ sentence, happenings, phase, rules })))(
    '$sentence',
    ({ happenings, phase, rules }) => {
      expect(lived(happenings, rules).phase).toBe(phase);
    },
  );

  it('is not stopped again when it was woken as often within the hour as the rules allow', () => {
    const cycle = (fromMs: number): Happening[] => [
      [fromMs, wanted],
      [fromMs + 1, seenStopped],
      [fromMs + 2, toldStart],
      [fromMs + minute, isReady],
      [fromMs + 12 * minute, null],
      [fromMs + 12 * minute + 12 * second, idleCheck],
      [fromMs + 12 * minute + 13 * second, toldStop],
    ];
    const twice = lived([...untilStopped, ...cycle(11 * minute), ...cycle(25 * minute)]);
    expect(twice.phase).toBe('stopped');
    const third = lived(cycle(39 * minute).slice(0, 5), rulesWith(), twice);
    expect(third.phase).toBe('running');
    expect(lived([[86 * minute, null]], rulesWith(), third).phase).toBe('draining');
  });

  const nexts: readonly (readonly [
    sentence: string,
    happenings: readonly Happening[],
    atMs: number,
    next: readonly [string, number],
  ])[] = [
    ['looks before it starts', [...untilStopped, [wokenAt, wanted]], wokenAt, ['look', 0]],
    ['starts what is not running', [...untilStopped, [wokenAt, wanted], [wokenAt + 1, seenStopped]], wokenAt + 1, ['start', 0]],
    ['probes while it warms up', untilWarming, wokenAt + 2, ['probe', 0]],
    ['checks at the end of draining', untilStopped.slice(0, 2), 10 * minute, ['check', 12 * second]],
    ['looks every five minutes while it runs', [[0, seenRunning]], minute, ['look', 4 * minute]],
    [
      'looks at once when none of its servers answers',
      [
        [0, seenRunning],
        [minute, { kind: 'silent' }],
      ],
      minute,
      ['look', 0],
    ],
    [
      'looks no more often than every ten seconds',
      [
        [minute - 1, seenRunning],
        [minute, { kind: 'silent' }],
      ],
      minute,
      ['look', 5 * minute - 1],
    ],
  ];

  it.each(nexts)('%s', (_, happenings, atMs, next) => {
    expect(nextOf(lived(happenings), atMs)).toEqual(next);
  });
});

describe('the provider’s failures', () => {
  const starting: readonly Happening[] = [...untilStopped, [wokenAt, wanted], [wokenAt + 1, seenStopped]];
  const after = (...events: readonly ReturnType<typeof failing>[]) =>
    lived([...starting, ...events.map((event): Happening => [wokenAt + 2, event])]);

  it.each([
    ['is tried again after a second', [failing('failed')], second, null],
    ['waits twice as long each time', [failing('failed'), failing('failed')], 2 * second, null],
    ['is trouble after the third in a row', [failing('failed'), failing('failed'), failing('failed')], 4 * second, 'api'],
    ['waits as long as the provider says', [failing('limited', 30 * second)], 30 * second, null],
    ['says at once that there is no GPU', [failing('no_gpu')], 15 * second, 'no_gpu'],
    ['asks seldom with a key that is refused', [failing('refused')], 5 * minute, 'refused'],
    ['asks seldom for a pod that is gone', [failing('gone')], 5 * minute, 'gone'],
  ])('%s', (_, events, inMs, trouble) => {
    const pod = after(...events);
    expect(nextOf(pod, wokenAt + 2)).toEqual(['start', inMs]);
    expect(pod.trouble).toBe(trouble);
  });

  it('waits at most a minute for a GPU, however often there is none', () => {
    expect(nextOf(after(...Array.from({ length: 20 }, () => failing('no_gpu'))), wokenAt + 2)).toEqual(['start', minute]);
  });

  it('gives a start up that fails when nobody waits any more', () => {
    const pod = lived([[wokenAt + 3 * minute, null]], rulesWith(), after(failing('no_gpu')));
    expect(pod).toMatchObject({ phase: 'stopped', trouble: 'no_gpu', wokenAtMs: null });
  });

  it('forgets the lack of a GPU once it was started', () => {
    expect(lived([[wokenAt + minute, toldStart]], rulesWith(), after(failing('no_gpu'))).trouble).toBeNull();
  });

  it('waits minutes, then up to an hour, after starts in vain', () => {
    let pod = lived(untilStopped);
    const pauses: number[] = [];
    for (let time = 0; time < 8; time += 1) {
      const atMs = time * 120 * minute + wokenAt;
      pod = lived(
        [
          [atMs, wanted],
          [atMs + 1, seenStopped],
          [atMs + 2, toldStart],
          [atMs + 10 * minute + 2, null],
          [atMs + 11 * minute, toldStop],
        ],
        rulesWith(),
        pod,
      );
      pauses.push(Math.round((pod.retryAtMs - pod.phaseAtMs) / minute));
    }
    expect(pauses).toEqual([0, 5, 10, 20, 40, 60, 60, 60]);
    expect(pod.trouble).toBe('never_ready');
  });
});

describe('what a pod costs', () => {
  it('is counted from the provider’s start to its stop, by UTC day', () => {
    const rules = rulesWith({ idle_after_ms: 100 * 60 * minute });
    const day = 24 * 60 * minute;
    const pod = lived(
      [
        [23 * 60 * minute, seenRunning],
        [day + 30 * minute, seenRunning],
        [2 * day, seenStopped],
      ],
      rules,
    );
    expect(pod.upMsByDay).toEqual([
      { day: '2026-11-30', upMs: 60 * minute },
      { day: '2026-12-01', upMs: day },
    ]);
    expect(upMsUntil(pod, pod.phaseAtMs)).toBe(25 * 60 * minute);
  });
});
