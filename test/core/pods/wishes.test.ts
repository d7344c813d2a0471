/** What becomes of a request whose model runs on pods that are stopped. */
import { describe, expect, it } from 'vitest';
import { PodGroup } from '../../../shared/config-pods.ts';
import { unknownHealth } from '../../../worker/core/health/health-state.ts';
import { healthConfig } from '../../../worker/core/health/health-config.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { applyLocal } from '../../../worker/core/health/apply-local.ts';
import { countPods, mayIdle, newGroup, podToChange, stepGroup } from '../../../worker/core/pods/group-step.ts';
import { type PodState, readyAtMs, unknownPod, usualWakeMs } from '../../../worker/core/pods/pod-state.ts';
import { withPods } from '../../../worker/core/pods/pod-view.ts';
import { isAwaited, meet, outwaited, wantedPods } from '../../../worker/core/pods/wishes.ts';
import { configWith } from '../../support/fakes/config.ts';
import { minute, monday, second } from './pod.ts';

const nowMs = monday;
const pod = (patch: Partial<PodState> = {}): PodState => ({ ...unknownPod(nowMs), ...patch });
const stopped = pod({ phase: 'stopped' });
const warming = pod({ phase: 'warming', wokenAtMs: nowMs - minute, wakeTimesMs: [4 * minute] });

/** The small model on a pod, the large one elsewhere. */
const configFor = (whileWaking: string) =>
  configWith({
    pods: {
      a40: {
        provider: 'runpod',
        id_var: 'RUNPOD_POD_ID',
        upstreams: ['small'],
        while_waking: whileWaking,
        hold: { max_requests: 5 },
      },
    },
  });

function meeting(whileWaking: string, state: PodState, { held = 0, alone = false } = {}) {
  const config = configFor(whileWaking);
  const seen = withPods(snapshot(unknownHealth, nowMs, healthConfig(config)), { a40: state }, { a40: held }, config);
  const candidate = (modelId: string, upstreamId: string) => ({
    modelId,
    upstreamId,
    tunnelId: 'main',
    contextTokens: 32_768,
    reason: '',
  });
  const candidates = [candidate('qwen2.5-7b', 'small'), ...(alone ? [] : [candidate('qwen2.5-32b', 'large')])];
  return { met: meet('qwen2.5-7b', ['a40'], candidates, seen, config.pods, nowMs), seen, config };
}

describe('a request for a model on a pod', () => {
  it.each([
    ['goes on while the pod runs', 'hold', pod(), {}, { kind: 'go' }],
    ['waits for one that is stopped', 'hold', stopped, {}, { kind: 'hold', podId: 'a40', maxWaitMs: 900_000 }],
    ['waits for one on its way', 'hold', warming, {}, { kind: 'hold' }],
    ['goes elsewhere when too many wait', 'hold', stopped, { held: 5 }, { kind: 'spill', from: 'a40' }],
    [
      'is refused when too many wait and nobody else can',
      'hold',
      stopped,
      { held: 5, alone: true },
      { kind: 'refuse', failure: { code: 'model_waking' } },
    ],
    ['goes elsewhere where the rules say so', 'spill', stopped, {}, { kind: 'spill', from: 'a40' }],
    [
      'is refused where nobody else can answer',
      'spill',
      stopped,
      { alone: true },
      { kind: 'refuse', failure: { code: 'model_waking', retryAfterMs: 180_000 } },
    ],
    [
      'is refused where the rules say so',
      'refuse',
      stopped,
      {},
      { kind: 'refuse', failure: { code: 'model_waking', retryAfterMs: 180_000 } },
    ],
    [
      'is told what is left of a start, by those measured',
      'refuse',
      warming,
      {},
      { kind: 'refuse', failure: { retryAfterMs: 3 * minute } },
    ],
    [
      'does not wait where no server ever answered',
      'hold',
      pod({ phase: 'stopped', trouble: 'never_ready' }),
      { alone: true },
      { kind: 'refuse', failure: { code: 'model_stopped' } },
    ],
    ['does not wait for what an operator stopped', 'hold', pod({ phase: 'stopped', isHeldDown: true }), {}, { kind: 'spill' }],
    [
      'is told five minutes where only an operator can start it',
      'hold',
      pod({ phase: 'stopped', isHeldDown: true }),
      { alone: true },
      {
        kind: 'refuse',
        failure: { code: 'model_stopped', detail: 'qwen2.5-7b was stopped by an operator.', retryAfterMs: 5 * minute },
      },
    ],
  ])('%s', (_, whileWaking, state, options, expected) => {
    expect(meeting(whileWaking, state, options).met).toMatchObject(expected);
  });

  it('keeps the stopped model first in the plan only where requests wait for it', () => {
    const isFirst = (whileWaking: string, state: PodState): boolean => {
      const { seen, config } = meeting(whileWaking, state);
      return isAwaited('qwen2.5-7b', seen, config);
    };
    expect([
      isFirst('hold', stopped),
      isFirst('spill', stopped),
      isFirst('hold', pod()),
      isFirst('hold', pod({ phase: 'stopped', isHeldDown: true })),
    ]).toEqual([true, false, false, false]);
  });

  it('stops waiting when its time is over, or a start turns out to be hopeless', () => {
    const waited = (state: PodState, isOver: boolean) =>
      outwaited('m', ['a40'], meeting('hold', state).seen, isOver, nowMs)?.code ?? null;
    const noGpu = pod({ phase: 'starting', trouble: 'no_gpu' });
    const vain = pod({ phase: 'stopped', trouble: 'never_ready' });
    const codes = [waited(warming, false), waited(warming, true), waited(noGpu, false), waited(noGpu, true), waited(vain, false)];
    expect(codes).toEqual([null, 'model_waking', null, 'model_stopped', 'model_stopped']);
  });
});

describe('a snapshot with pods', () => {
  it.each([
    ['running', 'up'],
    ['draining', 'stopped'],
    ['stopping', 'stopped'],
    ['stopped', 'stopped'],
    ['starting', 'waking'],
    ['warming', 'waking'],
  ] as const)('shows a server on a pod that is %s as %s', (phase, status) => {
    const { seen } = meeting('hold', pod({ phase }));
    expect([seen.models['qwen2.5-7b']?.status, seen.models['qwen2.5-32b']?.status]).toEqual([status, 'up']);
  });

  it('is not changed by calls that still end on a draining pod', () => {
    const { seen, config } = meeting('hold', pod({ phase: 'draining' }));
    const report = { kind: 'success', modelId: 'qwen2.5-7b', upstreamId: 'small', startedAtMs: nowMs, count: 1 } as const;
    expect(applyLocal(seen, report, nowMs, config.routing.health)).toBe(seen);
  });
});

describe('the time a start takes', () => {
  it.each([
    ['is three minutes until one was measured', stopped, 3 * minute],
    ['is the median of those measured', pod({ phase: 'stopped', wakeTimesMs: [minute, 9 * minute, 2 * minute] }), 2 * minute],
    ['is what is left of it', warming, 3 * minute],
    [
      'is half as long again when it takes longer',
      pod({ phase: 'warming', wokenAtMs: nowMs - 5 * minute, wakeTimesMs: [4 * minute] }),
      minute,
    ],
    ['begins with the next try', pod({ phase: 'stopped', retryAtMs: nowMs + minute }), 4 * minute],
  ])('%s', (_, state, leftMs) => {
    expect(readyAtMs(state, nowMs) - nowMs).toBe(leftMs);
    expect(usualWakeMs(state)).toBeGreaterThan(0);
  });
});

describe('of several pods with one model', () => {
  it.each([
    ['those that run are wanted', { a: pod(), b: stopped, c: pod() }, ['a', 'c']],
    ['else the one on its way, so that one wish starts one pod', { a: stopped, b: warming, c: stopped }, ['b']],
    ['else the one that was only about to be stopped', { a: stopped, b: pod({ phase: 'draining' }), c: stopped }, ['b']],
    ['else the first that may be started', { a: pod({ phase: 'stopped', isHeldDown: true }), b: stopped, c: stopped }, ['b']],
    ['else one without trouble before one with it', { a: pod({ phase: 'stopped', trouble: 'no_gpu' }), b: stopped }, ['b']],
  ])('%s', (_, states, ids) => {
    expect(wantedPods(states, Object.keys(states))).toEqual(ids);
  });
});

describe('a group of pods', () => {
  const rules = PodGroup.parse({
    pods: ['a', 'b', 'c'],
    max: 3,
    waiting_per_pod: 2,
    out_after_ms: 30_000,
    requests_per_pod: 10,
    in_after_ms: 600_000,
    cooldown_ms: 60_000,
  });
  /** Samples ten seconds apart; the change that the last one brings. */
  const changeAfter = (
    samples: readonly (readonly [waiting: number, running: number, up: number, coming?: number])[],
    everyMs = 10 * second,
  ) => {
    let state = newGroup;
    const changes = samples.map(([waiting, running, up, coming = 0], i) => {
      const stepped = stepGroup(state, { waiting, running, up, coming, usualWakeMs: 3 * minute }, nowMs + i * everyMs, rules);
      state = stepped.state;
      return stepped.change;
    });
    return changes;
  };

  it.each([
    [
      'grows when too much waits for long enough',
      [
        [9, 10, 1],
        [9, 10, 1],
        [9, 10, 1],
        [9, 10, 1],
      ],
      [0, 0, 0, 1],
    ],
    [
      'does not grow for a peak',
      [
        [9, 10, 1],
        [9, 10, 1],
        [1, 10, 1],
        [9, 10, 1],
        [9, 10, 1],
      ],
      [0, 0, 0, 0, 0],
    ],
    [
      'does not grow for what is served before a pod is ready',
      [
        [60, 10, 1],
        [50, 10, 1],
        [40, 10, 1],
        [30, 10, 1],
      ],
      [0, 0, 0, 0],
    ],
    [
      'starts one at a time',
      [
        [9, 10, 1],
        [9, 10, 1],
        [9, 10, 1],
        [9, 10, 1, 1],
        [9, 10, 1, 1],
      ],
      [0, 0, 0, 0, 0],
    ],
    [
      'does not grow beyond its largest size',
      [
        [9, 10, 3],
        [9, 10, 3],
        [9, 10, 3],
        [9, 10, 3],
      ].map(([w = 0, r = 0, u = 0]) => [w * 3, r, u] as const),
      [0, 0, 0, 0],
    ],
    ['starts what is missing to its least size at once', [[0, 0, 0]], [1]],
  ] as [string, [number, number, number, number?][], number[]][])('%s', (_, samples, changes) => {
    expect(changeAfter(samples)).toEqual(changes);
  });

  it('shrinks when the others would do for long enough, and not below its least size', () => {
    const minutes = Array.from({ length: 12 }, () => [0, 6, 2] as const);
    expect(changeAfter(minutes, minute).indexOf(-1)).toBe(10);
    expect(
      changeAfter(
        Array.from({ length: 12 }, () => [0, 8, 2] as const),
        minute,
      ),
    ).not.toContain(-1);
    expect(
      changeAfter(
        Array.from({ length: 12 }, () => [0, 0, 1] as const),
        minute,
      ),
    ).not.toContain(-1);
  });

  it('takes back a pod that is about to be stopped before it starts another', () => {
    const states = { a: pod(), b: stopped, c: pod({ phase: 'draining' }) };
    expect([podToChange(states, rules.pods, 1, nowMs), podToChange(states, rules.pods, -1, nowMs)]).toEqual(['c', 'a']);
    expect(podToChange({ a: pod(), b: stopped, c: pod() }, rules.pods, -1, nowMs)).toBe('c');
    expect(podToChange({ a: pod(), b: pod({ phase: 'stopped', retryAtMs: nowMs + 1 }) }, rules.pods, 1, nowMs)).toBeNull();
    expect(countPods(states, rules.pods)).toEqual({ up: 1, coming: 0 });
  });

  it('lets idleness stop the last pod where it may be empty, and no other', () => {
    const empty = { ...rules, min: 0 };
    expect([
      mayIdle({ a: pod(), b: stopped }, 'a', empty),
      mayIdle({ a: pod(), b: warming }, 'a', empty),
      mayIdle({ a: pod(), b: stopped }, 'a', rules),
      mayIdle({ a: pod() }, 'a', null),
    ]).toEqual([true, false, false, true]);
  });
});
