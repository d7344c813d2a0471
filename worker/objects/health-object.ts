/**
 * The fleet's health: one state for all isolates, fed by their reports and by its own probes. Loads, calls the core's reducer, stores;
 * the alarm is the prober. Built by a function so that it can be wired with the same configuration and upstream port as the Worker.
 */
import { DurableObject } from 'cloudflare:workers';
import { healthConfig, type HealthConfig } from '../core/health/health-config.ts';
import type { AttemptReport, HealthEvent, ProbeResult } from '../core/health/health-event.ts';
import {
  forgetUpstreams,
  type HealthState,
  retainConfigured,
  storedHealth,
  unknownHealth,
  upstreamOf,
} from '../core/health/health-state.ts';
import { isRestartDue, type RestartRequest } from '../core/health/restart.ts';
import { dueProbes, nextProbeAtMs } from '../core/health/probe-schedule.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import { snapshot } from '../core/health/take-snapshot.ts';
import { statusChanges } from '../core/health/status-changes.ts';
import { step } from '../core/health/step.ts';
import type { LogPort } from '../core/ports.ts';
import type { ConfigTree } from '../../shared/config.ts';
import type { PodStates } from '../core/pods/pod-view.ts';
import { PodKeeper, type PodWiring } from './pod-keeper.ts';

export interface HealthWiring {
  readonly config: ConfigTree;
  readonly log: LogPort;
  probe(upstreamId: string): Promise<ProbeResult>;
  /** Null where no pod is started and stopped. */
  readonly pods: Omit<PodWiring, 'log' | 'probe'> | null;
  /** By upstream id: who can restart that server; true when the order was taken. Never rejects. */
  readonly restarts: ReadonlyMap<string, (order: RestartRequest) => Promise<boolean>>;
}

export abstract class HealthObjectBase extends DurableObject<unknown> {
  #state: HealthState;
  #alarmAtMs: number | null = null;
  readonly #wiring: HealthWiring;
  readonly #config: HealthConfig;
  readonly #pods: PodKeeper | null;

  constructor(ctx: DurableObjectState, env: unknown, wiring: HealthWiring) {
    super(ctx, env);
    this.#wiring = wiring;
    this.#config = healthConfig(wiring.config);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS health (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL)');
    const [row] = ctx.storage.sql.exec<{ state: string }>('SELECT state FROM health WHERE id = 1').toArray();
    this.#state = retainConfigured(row === undefined ? unknownHealth : parseState(row.state), this.#config);
    this.#pods = wiring.pods === null ? null : new PodKeeper(ctx.storage.sql, { ...wiring, ...wiring.pods });
  }

  /** Takes an isolate's reports, in order, and returns the snapshot it should use now. */
  async exchange(isolateId: string, reports: readonly AttemptReport[]): Promise<HealthSnapshot> {
    const heard =
      this.#pods === null ? reports : reports.filter(({ upstreamId }) => this.#pods?.asleep().has(upstreamId) !== true);
    if (heard.length > 0) this.#step({ kind: 'reports', isolateId, reports: heard });
    this.#step({ kind: 'snapshot_read', isolateId });
    await this.#schedule();
    return this.#snapshot(isolateId);
  }

  /** The state, for monitoring. Starts the probes if they have not started yet. */
  async look(): Promise<HealthSnapshot> {
    await this.#schedule();
    return this.#snapshot(null);
  }

  /** Somebody wants a model that runs on these pods, and so many requests wait for them there. The state after that. */
  async want(isolateId: string, podIds: readonly string[], held: number): Promise<HealthSnapshot> {
    this.#pods?.want(isolateId, podIds, held);
    await this.#schedule();
    return this.#snapshot(isolateId);
  }

  pods(): PodStates {
    return this.#pods?.states() ?? {};
  }

  /** By hand. False: there is no such pod. */
  async commandPod(podId: string, to: 'start' | 'stop'): Promise<boolean> {
    const isKnown = this.#pods?.command(podId, to) ?? false;
    await this.#schedule();
    return isKnown;
  }

  #snapshot(isolateId: string | null): HealthSnapshot {
    const seen = snapshot(this.#state, Date.now(), this.#config, isolateId);
    return this.#pods === null ? seen : this.#pods.shownIn(seen);
  }

  /** Without servers on pods that do not run: nobody probes them. */
  #awake(): HealthConfig {
    const asleep = this.#pods?.asleep();
    if (asleep === undefined || asleep.size === 0) return this.#config;
    return { ...this.#config, instances: this.#config.instances.filter(({ upstreamId }) => !asleep.has(upstreamId)) };
  }

  async #keepPods(): Promise<void> {
    if (this.#pods === null) return;
    const { instances } = snapshot(this.#state, Date.now(), this.#config);
    const answering = new Set(
      Object.values(instances).flatMap(({ upstreamId, status }) => (status === 'up' ? [upstreamId] : [])),
    );
    this.#pods.silent((upstreamId) => !answering.has(upstreamId) || upstreamOf(this.#state, upstreamId).probeFailures > 0);
    const came = await this.#pods.run((upstreamId) => upstreamOf(this.#state, upstreamId));
    this.#state = forgetUpstreams(this.#state, new Set(came.map(({ upstreamId }) => upstreamId)), this.#config);
    for (const result of came) this.#step({ kind: 'probe', ...result });
  }

  override async alarm(): Promise<void> {
    this.#alarmAtMs = null;
    const pods = this.#keepPods();
    const due = dueProbes(this.#state, Date.now(), this.#awake());
    const results = await Promise.all(due.map((upstreamId) => this.#wiring.probe(upstreamId)));
    await pods;
    for (const result of results) this.#step({ kind: 'probe', ...result });
    await Promise.all(due.map((upstreamId) => this.#restart(upstreamId)));
    this.#store();
    await this.#schedule();
  }

  async #restart(upstreamId: string): Promise<void> {
    const ask = this.#wiring.restarts.get(upstreamId);
    const upstream = upstreamOf(this.#state, upstreamId);
    const { wedgedSinceMs: sinceMs } = upstream;
    const atMs = Date.now();
    if (ask === undefined || sinceMs === null || !isRestartDue(upstream, atMs, this.#config.rules.wedge)) return;
    const models = this.#config.instances.filter((one) => one.upstreamId === upstreamId).map(({ modelId }) => modelId);
    this.#step({ kind: 'restart_asked', upstreamId, isHeard: await ask({ models, sinceMs, atMs }) });
  }

  #step(event: HealthEvent): void {
    const before = this.#state;
    const nowMs = Date.now();
    this.#state = step(before, event, nowMs, this.#config);
    if (!isSameHealth(before, this.#state)) this.#tell(before, nowMs);
    // A note of activity alone is not worth a write: it is lost on eviction and comes again with the next request.
    if (event.kind === 'reports' && !isSameHealth(before, this.#state)) this.#store();
  }

  #tell(before: HealthState, nowMs: number): void {
    const [was, is] = [before, this.#state].map((state) => snapshot(state, nowMs, this.#config));
    if (was === undefined || is === undefined) return;
    for (const { event, ...fields } of statusChanges(was, is)) {
      this.#wiring.log.write(event === 'model_down' ? 'warn' : 'info', event, fields);
    }
  }

  #store(): void {
    this.ctx.storage.sql.exec('INSERT OR REPLACE INTO health (id, state) VALUES (1, ?)', JSON.stringify(this.#state));
  }

  async #schedule(): Promise<void> {
    const probeAtMs = nextProbeAtMs(this.#state, Date.now(), this.#awake());
    const atMs = this.#pods === null ? probeAtMs : Math.min(probeAtMs, this.#pods.nextAtMs());
    if (!Number.isFinite(atMs)) return;
    this.#alarmAtMs ??= await this.ctx.storage.getAlarm();
    if (this.#alarmAtMs !== null && this.#alarmAtMs <= atMs) return;
    this.#alarmAtMs = atMs;
    await this.ctx.storage.setAlarm(atMs);
  }
}

function isSameHealth(a: HealthState, b: HealthState): boolean {
  return a.instances === b.instances && a.tunnels === b.tunnels && a.upstreams === b.upstreams;
}

/** The row was written by `#store`, by this or an earlier version. */
function parseState(text: string): HealthState {
  const state: Partial<HealthState> = JSON.parse(text);
  return storedHealth(state);
}
