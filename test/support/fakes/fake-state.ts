/** The state behind a gateway, in memory: health by the real reducers, a ledger that collects, places that are counted. */
import type { Config } from '../../../shared/config-prepare.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { fail, ok } from '../../../shared/result.ts';
import { healthConfig } from '../../../worker/core/health/health-config.ts';
import type { AttemptReport } from '../../../worker/core/health/health-event.ts';
import type { ListedModel } from '../../../worker/core/upstreams/dialect.ts';
import { unknownHealth } from '../../../worker/core/health/health-state.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { step } from '../../../worker/core/health/step.ts';
import type { ShadowBooking } from '../../../worker/core/ledger/aggregate.ts';
import type {
  AdmissionPort,
  Clock,
  HealthPort,
  LedgerPort,
  LogPort,
  SessionPort,
  TenantPort,
} from '../../../worker/core/ports.ts';
import type { SessionMemory } from '../../../worker/core/route/session.ts';
import type { FakeTime } from './fake-time.ts';

export interface FakeHealth extends HealthPort {
  readonly reports: AttemptReport[];
  /** A probe that came through found these models, with their room. */
  probe(upstreamId: string, models: readonly ListedModel[]): void;
  /** The routes' statuses now, by route key. */
  statuses(): Record<string, string>;
}

/** One isolate that is its own health object: every report is in the next snapshot. */
export function createFakeHealth(config: Config, clock: Clock): FakeHealth {
  const rules = healthConfig(config);
  const isolateId = 'isolate';
  let state = unknownHealth;
  const look = () => snapshot(state, clock.now(), rules, isolateId);
  return {
    reports: [],
    snapshot() {
      state = step(state, { kind: 'snapshot_read', isolateId }, clock.now(), rules);
      return look();
    },
    report(report) {
      this.reports.push(report);
      state = step(state, { kind: 'reports', isolateId, reports: [report] }, clock.now(), rules);
    },
    read: async () => look(),
    probe(upstreamId, modelsServed) {
      const load = { running: null, waiting: null, kvCacheUsage: null };
      state = step(state, { kind: 'probe', upstreamId, cause: null, modelsServed, ...load }, clock.now(), rules);
    },
    statuses: () => Object.fromEntries(Object.entries(look().instances).map(([key, { status }]) => [key, status])),
  };
}

export interface FakeLedger extends LedgerPort {
  readonly entries: LedgerEntry[];
  readonly refusals: ErrorCode[];
  readonly shadows: ShadowBooking[];
  readonly replays: { count: number };
}

export function createFakeLedger(): FakeLedger {
  const entries: LedgerEntry[] = [];
  const refusals: ErrorCode[] = [];
  const shadows: ShadowBooking[] = [];
  const replays = { count: 0 };
  return {
    entries,
    refusals,
    shadows,
    replays,
    record: (entry) => void entries.push(entry),
    refuse: (code) => void refusals.push(code),
    feedback: () => undefined,
    shadow: (booking) => void shadows.push(booking),
    replay: () => void (replays.count += 1),
    read: () => Promise.reject(new Error('no statistics here')),
    usageOf: () => Promise.reject(new Error('no statistics here')),
    keysSeen: () => Promise.resolve([]),
    breakdownOf: () => Promise.reject(new Error('no statistics here')),
    reset: () => Promise.resolve(),
  };
}

export interface FakeAdmission extends AdmissionPort {
  /** Places given out and not given back. */
  held: number;
  taken: number;
}

/** @param queue how long every request waits for its place; `full`: there is none */
export function createFakeAdmission(time: FakeTime, queue: { readonly waitMs: number } | 'full' | null): FakeAdmission {
  return {
    held: 0,
    taken: 0,
    async enter(_request, onQueued, signal) {
      if (queue === 'full') return fail({ code: 'queue_full', retryAfterMs: 2000 });
      if (queue !== null) {
        onQueued(3);
        await Promise.race([time.sleep(queue.waitMs), new Promise((resolve) => signal.addEventListener('abort', resolve))]);
      }
      this.held += 1;
      this.taken += 1;
      let isHeld = true;
      const release = (): void => {
        if (isHeld) this.held -= 1;
        isHeld = false;
      };
      return ok({ release, keep: () => undefined });
    },
  };
}

export interface FakeSessions extends SessionPort {
  readonly memories: Map<string, SessionMemory>;
}

export function createFakeSessions(): FakeSessions {
  const memories = new Map<string, SessionMemory>();
  return {
    memories,
    get: async (id) => memories.get(id) ?? null,
    put: (id, memory) => void memories.set(id, memory),
    putAfter: (id, memory) => void (memory === null || memories.set(id, memory)),
    rateArm: () => Promise.resolve(null),
    putArm: () => undefined,
  };
}

/** Keys without limits, in a deployment without budgets, ask nobody: asking is a mistake. */
export const unaskedTenants: TenantPort = {
  admit: () => Promise.reject(new Error('a key without limits asks nobody')),
  extend: () => Promise.reject(new Error('a key without limits asks nobody')),
  hear: () => {
    throw new Error('a key without limits asks nobody');
  },
  finish: () => Promise.reject(new Error('a key without limits asks nobody')),
  rate: () => Promise.reject(new Error('a key without limits asks nobody')),
  budgets: () => Promise.reject(new Error('a key without limits asks nobody')),
  begin: () => Promise.reject(new Error('a request without idempotency key asks nobody')),
  keep: () => Promise.reject(new Error('a request without idempotency key asks nobody')),
};

export interface FakeLog extends LogPort {
  readonly lines: { readonly level: string; readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[];
}

export function createFakeLog(): FakeLog {
  const lines: FakeLog['lines'] = [];
  return { lines, write: (level, event, fields) => void lines.push({ level, event, fields }) };
}
