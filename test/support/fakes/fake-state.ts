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
  ArmMemory,
  Clock,
  HealthPort,
  LedgerPort,
  LogPort,
  SessionPort,
  TenantPort,
} from '../../../worker/core/ports.ts';
import type { AnswersPort, KeptPlace, KeptPort } from '../../../worker/core/kept/ports.ts';
import { type KeptOpening, type KeptPage, type KeptRecord, stateOf } from '../../../worker/core/kept/kept-answer.ts';
import {
  abandoned,
  decideOpen,
  endedForMs,
  endRecord,
  heardForMs,
  isForgotten,
  openRecord,
  silentMs,
  takeBatch,
} from '../../../worker/core/kept/log.ts';
import { rate, type Rated } from '../../../worker/core/route/rating.ts';
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
      const load = { running: null, waiting: null, kvCacheUsage: null, engines: [] };
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
    documents: () => undefined,
    replay: () => void (replays.count += 1),
    read: () => Promise.reject(new Error('no statistics here')),
    series: () => Promise.reject(new Error('no statistics here')),
    counted: () => Promise.reject(new Error('no statistics here')),
    recent: {
      list: () => Promise.reject(new Error('no statistics here')),
      find: () => Promise.reject(new Error('no statistics here')),
    },
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
  /** Of long prompts: how each turn has ended; null while it lasts. */
  readonly turns: { readonly modelId: string; readonly promptTokens: number; isRead: boolean | null }[];
}

/** @param queue how long every request waits for its place; `full`: there is none */
export function createFakeAdmission(time: FakeTime, queue: { readonly waitMs: number } | 'full' | null): FakeAdmission {
  return {
    held: 0,
    taken: 0,
    turns: [],
    async enterLane({ modelId, promptTokens }, waiter) {
      if (queue === 'full') return fail({ code: 'queue_full', retryAfterMs: 2000 });
      const { signal } = waiter.wait();
      if (signal.aborted) return fail({ code: 'client_closed_request' });
      const turn: FakeAdmission['turns'][number] = { modelId, promptTokens, isRead: null };
      this.turns.push(turn);
      return ok({ end: (isRead) => void (turn.isRead ??= isRead) });
    },
    async enter(_request, waiter) {
      if (queue === 'full') return fail({ code: 'queue_full', retryAfterMs: 2000 });
      if (queue !== null) {
        const { signal } = waiter.wait();
        waiter.onQueued(3);
        const left = new Promise((resolve) => signal.addEventListener('abort', resolve));
        if (!signal.aborted) await Promise.race([time.sleep(queue.waitMs), left]);
        if (signal.aborted) return fail({ code: 'queue_full', retryAfterMs: 1000 });
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
    partOf: () => 1,
    read: () => Promise.resolve({}),
  };
}

/** Kept answers as JSON, so that only what can be stored comes back. */
export function createFakeAnswers(clock: Clock): AnswersPort {
  const kept = new Map<string, { text: string; untilMs: number }>();
  return {
    async get({ key }) {
      const known = kept.get(key);
      return known === undefined || clock.now() >= known.untilMs ? null : { ...JSON.parse(known.text), level: 'isolate' };
    },
    put: ({ key }, answer, forMs) => void kept.set(key, { text: JSON.stringify(answer), untilMs: clock.now() + forMs }),
  };
}

export interface FakeSessions extends SessionPort {
  readonly memories: Map<string, SessionMemory>;
}

export function createFakeSessions(): FakeSessions {
  const memories = new Map<string, SessionMemory>();
  const arms = new Map<string, ArmMemory & Rated>();
  return {
    memories,
    get: async (id) => memories.get(id) ?? null,
    put: (id, memory) => void memories.set(id, memory),
    putAfter: (id, memory) => void (memory === null || memories.set(id, memory)),
    async rateArm(keyId, requestId, score, ratingId) {
      const known = arms.get(`${keyId}:${requestId}`);
      if (known === undefined) return null;
      const rated = rate(known, score, ratingId);
      arms.set(`${keyId}:${requestId}`, rated);
      return rated;
    },
    putArm: (requestId, memory) => void arms.set(`${memory.keyId}:${requestId}`, memory),
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
};

export interface FakeLog extends LogPort {
  readonly lines: { readonly level: string; readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[];
}

export function createFakeLog(): FakeLog {
  const lines: FakeLog['lines'] = [];
  return { lines, write: (level, event, fields) => void lines.push({ level, event, fields }) };
}

function openingAlone({ stored: _stored, ...opening }: KeptOpening): KeptOpening {
  return opening;
}

export interface FakeKept extends KeptPort {
  readonly records: Map<string, { record: KeptRecord; readonly pieces: string[]; heardMs: number }>;
  /** While set, every call rejects, or fails. */
  isDown: boolean;
}

/** The rules of the log in memory. Readers that wait look again every `lookMs`. */
export function createFakeKept(clock: Clock, sleep: (ms: number) => Promise<unknown>): FakeKept {
  const lookMs = 10;
  const records: FakeKept['records'] = new Map();
  const keyOf = ({ tenantId, id }: KeptPlace): string => `${tenantId} ${id}`;
  let waiting = 0;
  const current = (place: KeptPlace) => {
    const kept = records.get(keyOf(place));
    if (kept === undefined || isForgotten(kept.record, clock.now())) return null;
    const isSilent = kept.record.ending === null && clock.now() - kept.heardMs >= silentMs;
    if (isSilent) kept.record = endRecord(kept.record, abandoned, clock.now());
    return kept;
  };
  const page = (
    { record, pieces, heardMs }: { record: KeptRecord; pieces: readonly string[]; heardMs: number },
    after: number,
  ): KeptPage => ({
    opening: after === 0 ? record.opening : openingAlone(record.opening),
    pieces: record.isTooLong ? [] : pieces.slice(after),
    next: record.pieces,
    isTooLong: record.isTooLong,
    ending: record.ending,
    isHeard: record.ending === null && clock.now() - heardMs < heardForMs,
    quietMs: record.ending === null ? clock.now() - heardMs : endedForMs(record, clock.now()),
  });
  return {
    records,
    isDown: false,
    async open(place, opening) {
      if (this.isDown) return fail({ code: 'state_unavailable' });
      const kept = current(place);
      const decision = decideOpen(kept?.record ?? null, opening, clock.now());
      if (decision === 'mismatch') return ok({ kind: 'mismatch' });
      if (decision === 'follow' && kept !== null) return ok({ kind: 'follow', page: page(kept, 0) });
      const isAgain = kept?.record.ending === null && kept.record.opening.writerId === opening.writerId;
      if (!isAgain) records.set(keyOf(place), { record: openRecord(opening), pieces: [], heardMs: clock.now() });
      return ok({ kind: 'lead' });
    },
    async append(place, batch) {
      if (this.isDown) throw new Error('no state');
      const kept = current(place);
      const taken = kept === null ? null : takeBatch(kept.record, batch, clock.now());
      if (kept === null || taken === null) return { kind: 'refused' };
      kept.record = taken.record;
      kept.pieces.push(...taken.fresh);
      kept.heardMs = clock.now();
      const { isCancelAsked, isTooLong } = taken.record;
      return { kind: 'taken', readers: waiting, isCancelAsked, isTooLong };
    },
    async read(place, writerId, after, waitMs) {
      const untilMs = clock.now() + waitMs;
      for (;;) {
        if (this.isDown) throw new Error('no state');
        const kept = current(place);
        if (kept === null || (writerId !== null && kept.record.opening.writerId !== writerId)) return null;
        const { ending, isTooLong, pieces } = kept.record;
        if (ending !== null || isTooLong || pieces > after || clock.now() >= untilMs) return page(kept, after);
        waiting += 1;
        await sleep(lookMs);
        waiting -= 1;
      }
    },
    async remove(place, writerId) {
      if (this.isDown) throw new Error('no state');
      const kept = current(place);
      if (kept === null || kept.record.ending === null || kept.record.opening.writerId !== writerId) return false;
      return records.delete(keyOf(place));
    },
    async cancel(place, writerId) {
      const kept = current(place);
      if (kept === null || (writerId !== null && kept.record.opening.writerId !== writerId)) return null;
      kept.record = { ...kept.record, isCancelAsked: true };
      for (let looks = 0; looks < 100 && kept.record.ending === null; looks += 1) await sleep(lookMs);
      return stateOf(kept.record);
    },
  };
}
