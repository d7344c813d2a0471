/** The arms of the simulated week, and what is said of each. */
import { Pod, PodGroup } from '../../shared/config-pods.ts';
import { type Outcome, type Scenario, simulate } from './simulate.ts';
import { weekMs, weekOf } from './week.ts';

export interface ArmRow {
  readonly arm: string;
  readonly requests: number;
  readonly lost: number;
  readonly spilled: number;
  readonly podHours: number;
  readonly savedUsd: number;
  readonly wakes: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Share of the requests that waited a second or longer, and the median of those. */
  readonly waitedShare: number;
  readonly waitersP50Ms: number;
}

export interface WeekOptions {
  readonly seed: number;
  readonly idleAfterMs: number;
  readonly usdPerHour: number;
  readonly places: number;
}

/** So many times more is asked of three pods. */
const busier = 40;

/** A Monday. */
const epochMs = Date.UTC(2026, 10, 30);
const rules = (patch: object) => Pod.parse({ provider: 'runpod', id_var: 'RUNPOD_POD_ID', upstreams: ['large'], ...patch });

export function weekArms({ seed, idleAfterMs, usdPerHour, places }: WeekOptions): ArmRow[] {
  const arrivals = weekOf(seed);
  const busy = weekOf(seed, busier);
  const shared = { arrivals, places, seed, wakeMs: [120_000, 240_000], startFails: 0.1, noGpu: 0.03 } as const;
  const idle = { idle_after_ms: idleAfterMs };
  const trio = ['pod-1', 'pod-2', 'pod-3'];
  const group = (min: number) => PodGroup.parse({ pods: trio, min, requests_per_pod: places });
  const one = (arm: string, mode: Scenario['mode'], patch: object): readonly [string, Scenario, number] => [
    arm,
    { ...shared, pods: ['pod-1'], rules: rules({ ...idle, ...patch }), group: null, mode },
    1,
  ];
  const many = (arm: string, mode: Scenario['mode'], min: number): readonly [string, Scenario, number] => [
    arm,
    { ...shared, arrivals: busy, pods: trio, rules: rules(idle), group: mode === 'idle' ? group(min) : null, mode },
    3,
  ];
  const arms = [
    one('1 pod, always on', 'always', {}),
    one('1 pod, idle stop, hold', 'idle', {}),
    one('1 pod, idle stop, hold, kept up 06–22 on working days', 'idle', {
      keep_up: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from_utc: '06:00', until_utc: '22:00' }],
    }),
    one('1 pod, idle stop, spill', 'idle', { while_waking: 'spill' }),
    many('3 pods, always on', 'always', 3),
    many('3 pods, scaled 1 to 3', 'idle', 1),
    many('3 pods, scaled 0 to 3', 'idle', 0),
  ];
  return arms.map(([arm, scenario, count]) => rowOf(arm, simulate(scenario, weekMs, epochMs), count, usdPerHour));
}

function rowOf(arm: string, outcome: Outcome, pods: number, usdPerHour: number): ArmRow {
  const sorted = outcome.waitedMs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const waiters = sorted.filter((waited) => waited >= 1000);
  const alwaysHours = (pods * weekMs) / 3_600_000;
  return {
    arm,
    requests: outcome.requests,
    lost: outcome.lost,
    spilled: outcome.spilled,
    podHours: outcome.podHours,
    savedUsd: (alwaysHours - outcome.podHours) * usdPerHour,
    wakes: outcome.wakes,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    maxMs: sorted.at(-1) ?? 0,
    waitedShare: waiters.length / Math.max(1, sorted.length),
    waitersP50Ms: waiters[Math.floor(waiters.length / 2)] ?? 0,
  };
}
