/**
 * Rented pods inside the health object: what is remembered of them is in its storage, what they are told goes out with its alarm, one call of a
 * pod at a time. Decides nothing: `core/pods` does. Only there where a configuration has pods.
 */
import type { PodConfig, PodGroupConfig } from '../../shared/config-pods.ts';
import type { ConfigTree } from '../../shared/config.ts';
import type { Occupancy } from '../core/admission/admission.ts';
import type { ProbeResult } from '../core/health/health-event.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import { countPods, type GroupState, mayIdle, newGroup, podToChange, stepGroup } from '../core/pods/group-step.ts';
import { type PodState, unknownPod, usualWakeMs } from '../core/pods/pod-state.ts';
import { nextAction, nextChangeAtMs, type PodAction, type PodEvent, type PodRules, stepPod } from '../core/pods/pod-step.ts';
import { type PodStates, withPods } from '../core/pods/pod-view.ts';
import { wantedPods } from '../core/pods/wishes.ts';
import type { PodControl } from '../core/pods/pods-port.ts';
import type { LogPort } from '../core/ports.ts';

export interface PodWiring {
  readonly config: Pick<ConfigTree, 'pods' | 'pod_groups' | 'models'>;
  readonly log: LogPort;
  /** By pod id. */
  readonly controls: Readonly<Record<string, PodControl>>;
  probe(upstreamId: string): Promise<ProbeResult>;
  occupancyOf(modelId: string): Promise<Occupancy>;
}

/** What isolates hold is forgotten when they have not said so for this long. */
const heldForMs = 10_000;
const leastSampleMs = 500;

export class PodKeeper {
  readonly #sql: SqlStorage;
  readonly #wiring: PodWiring;
  readonly #states = new Map<string, PodState>();
  readonly #groups = new Map<string, GroupState>();
  readonly #sampledAtMs = new Map<string, number>();
  /** A pod's call under way. */
  readonly #busy = new Set<string>();
  /** By pod and isolate. */
  readonly #held = new Map<string, Map<string, { readonly count: number; readonly atMs: number }>>();

  constructor(sql: SqlStorage, wiring: PodWiring) {
    this.#sql = sql;
    this.#wiring = wiring;
    sql.exec('CREATE TABLE IF NOT EXISTS pods (id TEXT PRIMARY KEY, state TEXT NOT NULL)');
    const rows = sql.exec<{ id: string; state: string }>('SELECT id, state FROM pods').toArray();
    const stored = new Map(rows.map(({ id, state }): [string, Partial<PodState>] => [id, JSON.parse(state)]));
    for (const id of Object.keys(wiring.config.pods)) this.#states.set(id, { ...unknownPod(Date.now()), ...stored.get(id) });
  }

  states(): PodStates {
    return Object.fromEntries(this.#states);
  }

  /** Somebody wants a model that runs on these. */
  want(isolateId: string, podIds: readonly string[], held: number): void {
    const nowMs = Date.now();
    const known = podIds.filter((id) => this.#states.has(id));
    for (const id of wantedPods(this.states(), known)) this.#take(id, { kind: 'wanted' });
    for (const id of known) {
      const counts = this.#held.get(id) ?? new Map();
      if (held > 0) counts.set(isolateId, { count: held, atMs: nowMs });
      else counts.delete(isolateId);
      this.#held.set(id, counts);
    }
  }

  /** False: there is none of that name. */
  command(podId: string, to: 'start' | 'stop'): boolean {
    if (!this.#states.has(podId)) return false;
    this.#take(podId, { kind: 'by_hand', to });
    return true;
  }

  shownIn(snapshot: HealthSnapshot): HealthSnapshot {
    const held = [...this.#held].map(([id, counts]) => {
      const live = [...counts.values()].filter(({ atMs }) => snapshot.atMs - atMs < heldForMs);
      return [id, live.reduce((sum, { count }) => sum + count, 0)] as const;
    });
    return withPods(snapshot, this.states(), Object.fromEntries(held), this.#wiring.config);
  }

  /** The upstreams that say nothing of their health now: those of pods that do not run. */
  asleep(): ReadonlySet<string> {
    const off = [...this.#states].filter(([, { phase }]) => phase !== 'running' && phase !== 'draining');
    return new Set(off.flatMap(([id]) => this.#wiring.config.pods[id]?.upstreams ?? []));
  }

  /** None of these upstreams answers although its pod should run: the provider is asked. */
  silent(isSilent: (upstreamId: string) => boolean): void {
    for (const [id, { upstreams }] of Object.entries(this.#wiring.config.pods)) {
      if (this.#states.get(id)?.phase === 'running' && upstreams.every(isSilent)) this.#take(id, { kind: 'silent' });
    }
  }

  nextAtMs(): number {
    const nowMs = Date.now();
    const pods = [...this.#states].map(([id, pod]) => {
      const rules = this.#rulesOf(id);
      if (rules === null) return Number.POSITIVE_INFINITY;
      const act = this.#busy.has(id) ? Number.POSITIVE_INFINITY : nextAction(pod, nowMs, rules).atMs;
      return Math.min(act, nextChangeAtMs(pod, nowMs, rules));
    });
    const groups = Object.entries(this.#wiring.config.pod_groups).map(([name, group]) => this.#sampleAtMs(name, group));
    return Math.max(nowMs, Math.min(...pods, ...groups));
  }

  /** Does what is due. Resolves with the probes of servers that have just come up. */
  async run(
    running: (upstreamId: string) => { running: number | null; waiting: number | null },
  ): Promise<readonly ProbeResult[]> {
    for (const id of this.#states.keys()) this.#take(id, null);
    await Promise.all(Object.entries(this.#wiring.config.pod_groups).map(([name, group]) => this.#sample(name, group, running)));
    const nowMs = Date.now();
    const up = await Promise.all(
      [...this.#states].map(async ([id, pod]): Promise<readonly ProbeResult[]> => {
        const rules = this.#rulesOf(id);
        if (rules === null || this.#busy.has(id)) return [];
        const { action, atMs } = nextAction(pod, nowMs, rules);
        if (atMs > nowMs) return [];
        this.#busy.add(id);
        try {
          return await this.#act(id, rules, action);
        } finally {
          this.#busy.delete(id);
        }
      }),
    );
    return up.flat();
  }

  async #act(id: string, rules: PodConfig, action: PodAction): Promise<readonly ProbeResult[]> {
    const control = this.#wiring.controls[id];
    if (action === 'check') {
      this.#take(id, { kind: 'checked', isBusy: await this.#isBusy(rules) });
    } else if (action === 'probe') {
      const probes = await Promise.all(rules.upstreams.map((one) => this.#wiring.probe(one)));
      const isReady = probes.every(
        ({ cause, modelsServed }) => cause === null && modelsServed !== null && modelsServed.length > 0,
      );
      this.#take(id, { kind: 'probed', isReady });
      return isReady && this.#states.get(id)?.phase === 'running' ? probes : [];
    } else if (control !== undefined && action === 'look') {
      const seen = await control.look();
      this.#take(id, seen.ok ? { kind: 'looked', ...seen.value } : { kind: 'failed', failure: seen.failure });
    } else if (control !== undefined && (action === 'start' || action === 'stop')) {
      const done = await control.tell(action);
      this.#take(id, done.ok ? { kind: 'told', to: action } : { kind: 'failed', failure: done.failure });
    }
    return [];
  }

  /** Servers that say how busy they are are believed; else a place that an isolate holds to spare counts as in use. In doubt it is busy. */
  async #isBusy({ upstreams }: PodConfig): Promise<boolean> {
    const models = Object.entries(this.#wiring.config.models).filter(([, model]) =>
      model.upstreams.some((one) => upstreams.includes(one)),
    );
    try {
      const [places, loads] = await Promise.all([
        Promise.all(models.map(([modelId]) => this.#wiring.occupancyOf(modelId))),
        Promise.all(upstreams.map((one) => this.#wiring.probe(one))),
      ]);
      const areKnown = loads.every(({ running }) => running !== null);
      const isLoaded = loads.some(({ running, waiting }) => (running ?? 0) + (waiting ?? 0) > 0);
      const isElsewhere = models.every(([, model]) => model.upstreams.some((one) => !upstreams.includes(one)));
      return isLoaded || (!isElsewhere && places.some(({ inUse, queued }) => queued > 0 || (!areKnown && inUse > 0)));
    } catch {
      return true;
    }
  }

  #sampleAtMs(name: string, { out_after_ms: outAfterMs }: PodGroupConfig): number {
    const everyMs = Math.max(leastSampleMs, Math.min(10_000, outAfterMs / 3));
    return (this.#sampledAtMs.get(name) ?? Number.NEGATIVE_INFINITY) + everyMs;
  }

  async #sample(
    name: string,
    group: PodGroupConfig,
    loadOf: (upstreamId: string) => { running: number | null; waiting: number | null },
  ): Promise<void> {
    const nowMs = Date.now();
    if (this.#sampleAtMs(name, group) > nowMs) return;
    this.#sampledAtMs.set(name, nowMs);
    const { pods, models } = this.#wiring.config;
    const upstreams = group.pods.flatMap((id) => pods[id]?.upstreams ?? []);
    const served = Object.entries(models).filter(([, model]) => model.upstreams.some((one) => upstreams.includes(one)));
    const places = await Promise.all(served.map(([modelId]) => this.#wiring.occupancyOf(modelId).catch(() => null)));
    const loads = upstreams.map(loadOf);
    const states = this.states();
    const slowest = Math.max(...group.pods.map((id) => (states[id] === undefined ? 0 : usualWakeMs(states[id]))));
    const sample = {
      waiting: sum(loads.map(({ waiting }) => waiting ?? 0)) + sum(places.map((one) => one?.queued ?? 0)),
      running: Math.max(sum(loads.map(({ running }) => running ?? 0)), 0),
      ...countPods(states, group.pods),
      usualWakeMs: slowest,
    };
    const { state, change } = stepGroup(this.#groups.get(name) ?? newGroup, sample, nowMs, group);
    this.#groups.set(name, state);
    const id = change === 0 ? null : podToChange(states, group.pods, change, nowMs);
    if (id !== null) this.#take(id, { kind: 'scaled', to: change > 0 ? 'start' : 'stop' });
  }

  #rulesOf(id: string): PodRules | null {
    const { pods, pod_groups: groups } = this.#wiring.config;
    const pod = pods[id];
    const group = Object.values(groups).find((one) => one.pods.includes(id)) ?? null;
    return pod === undefined ? null : { ...pod, isInGroup: group !== null, mayIdle: mayIdle(this.states(), id, group) };
  }

  /** One event, or with null what time alone has changed. */
  #take(id: string, event: PodEvent | null): void {
    const [before, rules] = [this.#states.get(id), this.#rulesOf(id)];
    if (before === undefined || rules === null) return;
    const after = stepPod(before, event, Date.now(), rules);
    this.#states.set(id, after);
    const { phase, trouble } = after;
    if (phase !== before.phase || trouble !== before.trouble) {
      this.#wiring.log.write(trouble === null ? 'info' : 'warn', 'pod_changed', {
        pod: id,
        from: before.phase,
        to: phase,
        trouble,
      });
    } else if (event === null || event.kind === 'wanted') return;
    this.#sql.exec('INSERT OR REPLACE INTO pods (id, state) VALUES (?, ?)', id, JSON.stringify(after));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
