/**
 * What an isolate knows of the fleet's health: the object's snapshot, at most two seconds old, with this isolate's own experience on
 * top. Only a cold isolate waits for it. When the object cannot be reached, everything counts as usable (fails open).
 */
import { applyLocal } from '../core/health/apply-local.ts';
import type { HealthConfig } from '../core/health/health-config.ts';
import { addReport, type AttemptReport } from '../core/health/health-event.ts';
import { unknownHealth } from '../core/health/health-state.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import { snapshot as readSnapshot } from '../core/health/take-snapshot.ts';
import type { Background, Clock, HealthPort, LogPort } from '../core/ports.ts';
import type { HealthObjectBase } from '../objects/health-object.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

/** An isolate that has not asked for this long is cold again: its snapshot is out of date. */
const usualColdAfterMs = 10_000;
/** A cold isolate waits no longer than this. */
const coldWaitMs = 1000;
/** Failures are passed on at once, successes with the next exchange. */
const exchangeLostMs = 5000;
/** `/health` is open to all, so an isolate asks the object no more often than this. */
const lookedForMs = 250;

interface Options {
  readonly isolateId: string;
  readonly config: HealthConfig;
  readonly clock: Clock;
  readonly log: LogPort;
  /** Where pods are stopped: no request may go by what was known before they were. */
  readonly coldAfterMs?: number;
}

/** The port, and what others of the isolate have learned of the fleet. */
export type HealthClient = HealthPort & { known(): HealthSnapshot; take(snapshot: HealthSnapshot): void };

export function createHealthClient(namespace: Namespace<HealthObjectBase>, options: Options): HealthClient {
  const { config, clock, log, isolateId, coldAfterMs = usualColdAfterMs } = options;
  const stub = () => namespace.getByName('fleet');
  let known: HealthSnapshot | null = null;
  let knownAtMs = Number.NEGATIVE_INFINITY;
  let unsent: readonly AttemptReport[] = [];
  let exchangeSinceMs: number | null = null;
  let looked: { readonly snapshot: HealthSnapshot; readonly atMs: number } | null = null;

  const exchange = async (): Promise<void> => {
    const sending = unsent;
    unsent = [];
    exchangeSinceMs = clock.now();
    let isReached = true;
    try {
      const fresh = await callObject(stub, (health) => health.exchange(isolateId, sending), { attempts: 2, pauseMs: 50 });
      const nowMs = clock.now();
      known = unsent.reduce<HealthSnapshot>((view, report) => applyLocal(view, report, nowMs, config.rules), fresh);
    } catch (error) {
      isReached = false;
      log.write('warn', 'health_unavailable', { error });
      unsent = [...sending, ...unsent].slice(-100);
      known ??= readSnapshot(unknownHealth, clock.now(), config);
    }
    knownAtMs = clock.now();
    exchangeSinceMs = null;
    // Failures reported during this exchange cannot wait for the next request: there may be none.
    if (isReached && unsent.some(isUrgent)) await exchange();
  };

  const isExchanging = (): boolean => exchangeSinceMs !== null && clock.now() - exchangeSinceMs < exchangeLostMs;

  const now = (): HealthSnapshot => known ?? readSnapshot(unknownHealth, clock.now(), config);

  return {
    known: now,
    take(snapshot) {
      known = snapshot;
      knownAtMs = clock.now();
    },

    snapshot(background) {
      const ageMs = clock.now() - knownAtMs;
      if (known !== null && ageMs < coldAfterMs) {
        if (ageMs >= config.rules.snapshot_max_age_ms && !isExchanging()) background(exchange());
        return known;
      }
      const fresh = exchange();
      background(fresh);
      return Promise.race([fresh, new Promise((resolve) => setTimeout(resolve, coldWaitMs))]).then(now);
    },

    report(report: AttemptReport, background: Background) {
      unsent = addReport(unsent, report);
      known = applyLocal(now(), report, clock.now(), config.rules);
      if (isUrgent(report) && !isExchanging()) background(exchange());
    },

    async read() {
      if (looked !== null && clock.now() - looked.atMs < lookedForMs) return looked.snapshot;
      const snapshot = await callObject(stub, (health) => health.look(), { attempts: 3, pauseMs: 50 });
      looked = { snapshot, atMs: clock.now() };
      return snapshot;
    },
  };
}

function isUrgent({ kind }: AttemptReport): boolean {
  return kind === 'failure' || kind === 'trial';
}
