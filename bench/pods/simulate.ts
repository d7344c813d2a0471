/**
 * Pods in virtual time: the gateway's own decisions (`worker/core/pods`) against a provider that takes minutes and sometimes fails, and servers
 * with so many places. Deterministic by its seed. What is left out is time of the gateway itself, and isolates.
 */
import type { PodConfig, PodGroupConfig } from '../../shared/config-pods.ts';
import { seededRandom } from '../../infra/standin/random.ts';
import { countPods, mayIdle, newGroup, podToChange, stepGroup } from '../../worker/core/pods/group-step.ts';
import { hourMs, type PodState, unknownPod, upMsUntil, usualWakeMs } from '../../worker/core/pods/pod-state.ts';
import { nextAction, nextChangeAtMs, type PodEvent, type PodRules, stepPod } from '../../worker/core/pods/pod-step.ts';
import { wantedPods } from '../../worker/core/pods/wishes.ts';
import type { Arrival } from './week.ts';

export interface Scenario {
  readonly arrivals: readonly Arrival[];
  readonly pods: readonly string[];
  readonly rules: PodConfig;
  readonly group: PodGroupConfig | null;
  /** `always`: nothing is ever stopped. */
  readonly mode: 'always' | 'idle';
  /** Requests that one pod serves at once. */
  readonly places: number;
  readonly seed: number;
  /** A start takes so long, from the provider's word to answering servers. */
  readonly wakeMs: readonly [least: number, most: number];
  /** Chance that a start fails at the provider, and that it has no GPU for some minutes. */
  readonly startFails: number;
  readonly noGpu: number;
}

export interface Outcome {
  readonly requests: number;
  readonly lost: number;
  readonly spilled: number;
  readonly podHours: number;
  readonly wakes: number;
  /** How long each request waited before it ran or was answered elsewhere, ms. */
  readonly waitedMs: readonly number[];
  readonly pods: Readonly<Record<string, PodState>>;
}

interface World {
  readonly scenario: Scenario;
  readonly random: () => number;
  readonly states: Record<string, PodState>;
  /** Ends of what runs on each pod. */
  readonly running: Record<string, number[]>;
  /** The provider's own: up, when its servers answer, until when there is no GPU. */
  readonly provider: Record<string, { isUp: boolean; readyAtMs: number; noGpuUntilMs: number }>;
  readonly waiting: (Arrival & { readonly sinceMs: number })[];
  readonly waitedMs: number[];
  spilled: number;
  lost: number;
  group: typeof newGroup;
}

const stepMs = 1000;
/** A wish is said again while somebody waits, as held requests do. */
const sampleMs = 10_000;
/** @param epochMs when the week begins, for the days of the accounts */
export function simulate(scenario: Scenario, untilMs: number, epochMs: number): Outcome {
  const ids = scenario.pods;
  const world: World = {
    scenario,
    random: seededRandom('provider', String(scenario.seed)),
    states: Object.fromEntries(ids.map((id) => [id, { ...unknownPod(epochMs), upSinceMs: epochMs, lookedAtMs: epochMs }])),
    running: Object.fromEntries(ids.map((id) => [id, []])),
    provider: Object.fromEntries(ids.map((id) => [id, { isUp: true, readyAtMs: epochMs, noGpuUntilMs: 0 }])),
    waiting: [],
    waitedMs: [],
    spilled: 0,
    lost: 0,
    group: newGroup,
  };
  let next = 0;
  for (let nowMs = epochMs; nowMs < epochMs + untilMs || world.waiting.length > 0; nowMs += stepMs) {
    for (const id of ids) world.running[id] = (world.running[id] ?? []).filter((endMs) => endMs > nowMs);
    for (; next < scenario.arrivals.length; next += 1) {
      const arrival = scenario.arrivals[next];
      if (arrival === undefined || epochMs + arrival.atMs > nowMs) break;
      arrive(world, arrival, nowMs);
    }
    if (world.waiting.length > 0) for (const id of wantedPods(world.states, ids)) take(world, id, { kind: 'wanted' }, nowMs);
    if (scenario.group !== null && (nowMs - epochMs) % sampleMs === 0) scale(world, scenario.group, nowMs);
    if (scenario.mode === 'idle') for (const id of ids) act(world, id, nowMs);
    serve(world, nowMs);
  }
  const endMs = epochMs + untilMs;
  const pods = Object.values(world.states);
  return {
    requests: scenario.arrivals.length,
    lost: world.lost,
    spilled: world.spilled,
    podHours: pods.reduce((sum, pod) => sum + upMsUntil(pod, endMs), 0) / hourMs,
    wakes: pods.reduce((sum, { wakes }) => sum + wakes, 0),
    waitedMs: world.waitedMs,
    pods: world.states,
  };
}

/** Where no pod runs, `spill` sends it to a hosted model at once. */
function arrive(world: World, arrival: Arrival, nowMs: number): void {
  const ids = world.scenario.pods;
  for (const id of wantedPods(world.states, ids)) take(world, id, { kind: 'wanted' }, nowMs);
  const isUp = ids.some((id) => world.states[id]?.phase === 'running');
  if (!isUp && world.scenario.rules.while_waking === 'spill') {
    world.spilled += 1;
    world.waitedMs.push(0);
  } else world.waiting.push({ ...arrival, sinceMs: nowMs });
}

function serve(world: World, nowMs: number): void {
  const { pods, places, rules } = world.scenario;
  while (world.waiting.length > 0) {
    const open = pods.filter((id) => world.states[id]?.phase === 'running' && (world.running[id]?.length ?? 0) < places);
    const [id] = open.toSorted((a, b) => (world.running[a]?.length ?? 0) - (world.running[b]?.length ?? 0));
    const [first] = world.waiting;
    if (first === undefined || (id === undefined && nowMs - first.sinceMs < rules.hold.max_wait_ms)) return;
    world.waiting.shift();
    // One that waited too long gets 503, and a pod whose servers do not answer in truth loses what it is given.
    if (id === undefined || !isServing(world, id, nowMs)) world.lost += 1;
    else {
      world.running[id]?.push(nowMs + first.serviceMs);
      world.waitedMs.push(nowMs - first.sinceMs);
    }
  }
}

function isServing({ provider }: World, id: string, nowMs: number): boolean {
  const pod = provider[id];
  return pod !== undefined && pod.isUp && nowMs >= pod.readyAtMs;
}

function rulesOf({ scenario, states }: World, id: string): PodRules {
  const { rules, group, mode } = scenario;
  return { ...rules, isInGroup: group !== null, mayIdle: mode === 'idle' && mayIdle(states, id, group) };
}

function take(world: World, id: string, event: PodEvent | null, nowMs: number): void {
  const pod = world.states[id];
  if (pod !== undefined) world.states[id] = stepPod(pod, event, nowMs, rulesOf(world, id));
}

function act(world: World, id: string, nowMs: number): void {
  const before = world.states[id];
  if (before === undefined) return;
  if (nextChangeAtMs(before, nowMs, rulesOf(world, id)) <= nowMs + stepMs) take(world, id, null, nowMs);
  const pod = world.states[id] ?? before;
  const { action, atMs } = nextAction(pod, nowMs, rulesOf(world, id));
  const provider = world.provider[id];
  if (atMs > nowMs || provider === undefined) return;
  if (action === 'look') take(world, id, { kind: 'looked', isRunning: provider.isUp, usdPerHour: null }, nowMs);
  else if (action === 'check') take(world, id, { kind: 'checked', isBusy: (world.running[id]?.length ?? 0) > 0 }, nowMs);
  else if (action === 'probe') take(world, id, { kind: 'probed', isReady: isServing(world, id, nowMs) }, nowMs);
  else if (action === 'start') started(world, id, nowMs);
  else {
    // Whoever is cut off is lost.
    world.lost += world.running[id]?.length ?? 0;
    world.running[id] = [];
    provider.isUp = false;
    take(world, id, { kind: 'told', to: 'stop' }, nowMs);
  }
}

function started(world: World, id: string, nowMs: number): void {
  const { scenario, random, provider } = world;
  const pod = provider[id];
  if (pod === undefined) return;
  const chance = random();
  if (nowMs >= pod.noGpuUntilMs && chance < scenario.noGpu) pod.noGpuUntilMs = nowMs + 60_000 + random() * 240_000;
  if (nowMs < pod.noGpuUntilMs)
    return take(world, id, { kind: 'failed', failure: { kind: 'no_gpu', retryAfterMs: null } }, nowMs);
  if (chance < scenario.noGpu + scenario.startFails)
    return take(world, id, { kind: 'failed', failure: { kind: 'failed', retryAfterMs: null } }, nowMs);
  const [least, most] = scenario.wakeMs;
  provider[id] = { ...pod, isUp: true, readyAtMs: nowMs + least + random() * (most - least) };
  take(world, id, { kind: 'told', to: 'start' }, nowMs);
}

function scale(world: World, group: PodGroupConfig, nowMs: number): void {
  const { pods } = world.scenario;
  const running = pods.reduce((sum, id) => sum + (world.running[id]?.length ?? 0), 0);
  const slowest = Math.max(...pods.map((id) => (world.states[id] === undefined ? 0 : usualWakeMs(world.states[id]))));
  const sample = { waiting: world.waiting.length, running, ...countPods(world.states, pods), usualWakeMs: slowest };
  const { state, change } = stepGroup(world.group, sample, nowMs, group);
  world.group = state;
  const id = change === 0 ? null : podToChange(world.states, pods, change, nowMs);
  if (id !== null) take(world, id, { kind: 'scaled', to: change > 0 ? 'start' : 'stop' }, nowMs);
}
