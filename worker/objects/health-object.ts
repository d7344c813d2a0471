/**
 * The fleet's health: one state for all isolates, fed by their reports and by its own probes. Loads, calls the core's reducer, stores;
 * the alarm is the prober. Built by a function so that it can be wired with the same configuration and upstream port as the Worker.
 */
import { DurableObject } from 'cloudflare:workers';
import { healthConfig, type HealthConfig } from '../core/health/health-config.ts';
import type { AttemptReport, HealthEvent, ProbeResult } from '../core/health/health-event.ts';
import { type HealthState, retainConfigured, storedHealth, unknownHealth } from '../core/health/health-state.ts';
import { dueProbes, nextProbeAtMs } from '../core/health/probe-schedule.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import { snapshot } from '../core/health/take-snapshot.ts';
import { statusChanges } from '../core/health/status-changes.ts';
import { step } from '../core/health/step.ts';
import type { LogPort } from '../core/ports.ts';
import type { ConfigTree } from '../../shared/config.ts';

export interface HealthWiring {
  readonly config: ConfigTree;
  readonly log: LogPort;
  probe(upstreamId: string): Promise<ProbeResult>;
}

export abstract class HealthObjectBase extends DurableObject<unknown> {
  #state: HealthState;
  #alarmAtMs: number | null = null;
  readonly #wiring: HealthWiring;
  readonly #config: HealthConfig;

  constructor(ctx: DurableObjectState, env: unknown, wiring: HealthWiring) {
    super(ctx, env);
    this.#wiring = wiring;
    this.#config = healthConfig(wiring.config);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS health (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL)');
    const [row] = ctx.storage.sql.exec<{ state: string }>('SELECT state FROM health WHERE id = 1').toArray();
    this.#state = retainConfigured(row === undefined ? unknownHealth : parseState(row.state), this.#config);
  }

  /** Takes an isolate's reports, in order, and returns the snapshot it should use now. */
  async exchange(isolateId: string, reports: readonly AttemptReport[]): Promise<HealthSnapshot> {
    if (reports.length > 0) this.#step({ kind: 'reports', isolateId, reports });
    this.#step({ kind: 'snapshot_read', isolateId });
    await this.#schedule();
    return snapshot(this.#state, Date.now(), this.#config, isolateId);
  }

  /** The state, for monitoring. Starts the probes if they have not started yet. */
  async look(): Promise<HealthSnapshot> {
    await this.#schedule();
    return snapshot(this.#state, Date.now(), this.#config);
  }

  override async alarm(): Promise<void> {
    this.#alarmAtMs = null;
    const due = dueProbes(this.#state, Date.now(), this.#config);
    const results = await Promise.all(due.map((upstreamId) => this.#wiring.probe(upstreamId)));
    for (const result of results) this.#step({ kind: 'probe', ...result });
    this.#store();
    await this.#schedule();
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
    const atMs = nextProbeAtMs(this.#state, Date.now(), this.#config);
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
