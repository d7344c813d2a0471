/**
 * A fleet in a test tube: isolates with snapshots, overlays, batches and retry budgets; the health object with its probes; model servers
 * that fail as told. One event list, a hand-moved clock, a seeded random: the same seconds every time.
 */
import { applyLocal } from '../../../worker/core/health/apply-local.ts';
import { addReport, type AttemptReport } from '../../../worker/core/health/health-event.ts';
import { mayBeTheRequest } from '../../../worker/core/health/request-blame.ts';
import { unknownHealth } from '../../../worker/core/health/health-state.ts';
import { dueProbes, nextProbeAtMs } from '../../../worker/core/health/probe-schedule.ts';
import type { HealthSnapshot } from '../../../worker/core/health/snapshot.ts';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { step } from '../../../worker/core/health/step.ts';
import type { Candidate, AttemptOutcome, Plan } from '../../../worker/core/route/attempt.ts';
import type { FailureCause } from '../../../worker/core/upstreams/causes.ts';
import { routeKey } from '../../../worker/core/upstreams/route-key.ts';
import { next } from '../../../worker/core/route/next.ts';
import {
  countRequest,
  countRetry,
  emptyRetryBudget,
  mayRetry,
  type RetryBudget,
} from '../../../worker/core/route/retry-budget.ts';
import { failed, retry } from '../route/attempts.ts';
import { pair, reportOf } from './fleet.ts';

export interface Fault {
  readonly cause: FailureCause;
  readonly afterMs: number;
  /** Whether probes fail as well. */
  readonly isSeenByProbes: boolean;
  readonly retryAfterMs?: number;
}

export interface Scenario {
  readonly requestsPerSecond: number;
  readonly isolates: number;
  readonly untilMs: number;
  readonly plan: Plan;
  /** @param request its number; a probe's is null */
  faultOf(modelId: string, nowMs: number, request: number | null): Fault | null;
  /** What a request's body is known by; each has its own unless said otherwise. */
  markOf?(request: number): number;
}

export interface Call {
  readonly modelId: string;
  readonly atMs: number;
  readonly isTrial: boolean;
  readonly isOk: boolean;
}

export interface Request {
  readonly atMs: number;
  readonly isOk: boolean;
  readonly tookMs: number;
  readonly calls: number;
}

interface Isolate {
  readonly id: string;
  view: HealthSnapshot;
  viewAtMs: number;
  unsent: readonly AttemptReport[];
  isExchanging: boolean;
  budget: RetryBudget;
}

/** As shipped. */
const fleet = { ...pair, rules: { ...pair.rules, healthy_threshold: 1 } };

const answerMs = 200;
const objectMs = 20;

export function simulate(scenario: Scenario): { calls: readonly Call[]; requests: readonly Request[] } {
  const calls: Call[] = [];
  const requests: Request[] = [];
  const random = seededRandom(7);
  const agenda: { atMs: number; run(): void }[] = [];
  let nowMs = 0;
  let state = unknownHealth;
  let alarmAtMs = Infinity;
  let probesUnderWay = 0;

  const at = (atMs: number, run: () => void) => {
    const index = agenda.findLastIndex((entry) => entry.atMs <= atMs);
    agenda.splice(index + 1, 0, { atMs, run });
  };

  /** Like an object's alarm: one at a time; while its probes run, the next one waits. */
  const setAlarm = () => {
    const dueAtMs = nextProbeAtMs(state, nowMs, fleet);
    if (probesUnderWay > 0 || dueAtMs >= alarmAtMs) return;
    alarmAtMs = dueAtMs;
    at(dueAtMs, () => {
      if (alarmAtMs !== nowMs || probesUnderWay > 0) return;
      alarmAtMs = Infinity;
      const due = dueProbes(state, nowMs, fleet);
      probesUnderWay = due.length;
      for (const upstreamId of due) probe(upstreamId);
      if (due.length === 0) setAlarm();
    });
  };

  const probe = (upstreamId: string) => {
    const fault = scenario.faultOf(upstreamId.slice(2), nowMs, null);
    const cause = fault?.isSeenByProbes ? fault.cause : null;
    at(nowMs + (cause === 'timeout' ? 3000 : 50), () => {
      const event = {
        kind: 'probe',
        upstreamId,
        cause,
        modelsServed: null,
        running: null,
        waiting: null,
        kvCacheUsage: null,
        engines: [],
      } as const;
      state = step(state, event, nowMs, fleet);
      probesUnderWay -= 1;
      setAlarm();
    });
  };

  const exchange = (isolate: Isolate) => {
    if (isolate.isExchanging) return;
    isolate.isExchanging = true;
    const sending = isolate.unsent;
    isolate.unsent = [];
    at(nowMs + objectMs, () => {
      state = step(state, { kind: 'reports', isolateId: isolate.id, reports: sending }, nowMs, fleet);
      state = step(state, { kind: 'snapshot_read', isolateId: isolate.id }, nowMs, fleet);
      setAlarm();
      const fresh = snapshot(state, nowMs, fleet, isolate.id);
      at(nowMs + objectMs, () => {
        isolate.view = isolate.unsent.reduce((view, report) => applyLocal(view, report, nowMs, fleet.rules), fresh);
        isolate.viewAtMs = nowMs;
        isolate.isExchanging = false;
      });
    });
  };

  const report = (isolate: Isolate, line: AttemptReport) => {
    isolate.unsent = addReport(isolate.unsent, line);
    isolate.view = applyLocal(isolate.view, line, nowMs, fleet.rules);
    if (line.kind === 'failure' || line.kind === 'trial') exchange(isolate);
  };

  const request = (isolate: Isolate, number: number) => {
    const startedAtMs = nowMs;
    let withheld: AttemptReport[] = [];
    const tellWithheld = (mark: number | null) => {
      for (const line of withheld) report(isolate, mark === null || line.kind !== 'failure' ? line : { ...line, bodyMark: mark });
      withheld = [];
    };
    const outcomes: AttemptOutcome[] = [];
    isolate.budget = countRequest(isolate.budget, nowMs);
    const go = () => {
      if (nowMs - isolate.viewAtMs >= fleet.rules.snapshot_max_age_ms) exchange(isolate);
      const isRetryAllowed = mayRetry(isolate.budget, nowMs, retry);
      const decided = next(scenario.plan, outcomes, {
        nowMs,
        random,
        retry,
        isRetryAllowed,
        snapshot: isolate.view,
      });
      if (decided.kind !== 'try') {
        tellWithheld(scenario.markOf?.(number) ?? number);
        requests.push({
          atMs: startedAtMs,
          isOk: decided.kind === 'answer',
          tookMs: nowMs - startedAtMs,
          calls: outcomes.length,
        });
        return;
      }
      if (decided.as === 'retry') isolate.budget = countRetry(isolate.budget, nowMs);
      at(nowMs + decided.waitMs, () => call(decided.candidate));
    };
    const call = (candidate: Candidate) => {
      const sentAtMs = nowMs;
      const isTrial = isolate.view.instances[routeKey(candidate)]?.hasPermit === true;
      if (isTrial) report(isolate, reportOf('trial', candidate.modelId, {}, nowMs));
      const fault = scenario.faultOf(candidate.modelId, nowMs, number);
      calls.push({ modelId: candidate.modelId, atMs: nowMs, isTrial, isOk: fault === null });
      at(nowMs + (fault?.afterMs ?? answerMs), () => {
        const retryAfter = fault?.retryAfterMs === undefined ? {} : { retryAfterMs: fault.retryAfterMs };
        outcomes.push(fault === null ? { isOk: true, candidate } : failed(candidate, fault.cause, fault.retryAfterMs));
        const line = reportOf(fault?.cause ?? 'success', candidate.modelId, { startedAtMs: sentAtMs, ...retryAfter }, nowMs);
        if (fault === null) tellWithheld(null);
        if (fault === null || !mayBeTheRequest(fault.cause)) report(isolate, line);
        else if (!withheld.some(({ modelId }) => modelId === candidate.modelId)) withheld.push(line);
        go();
      });
    };
    go();
  };

  const isolates = Array.from({ length: scenario.isolates }, (_, index): Isolate => {
    const view = snapshot(unknownHealth, 0, fleet);
    return { id: `i${index}`, view, viewAtMs: 0, unsent: [], isExchanging: false, budget: emptyRetryBudget };
  });
  const total = (scenario.untilMs / 1000) * scenario.requestsPerSecond;
  const arrive = (index: number) => {
    const isolate = isolates[index % isolates.length];
    if (index >= total || isolate === undefined) return;
    at((index * 1000) / scenario.requestsPerSecond, () => {
      arrive(index + 1);
      request(isolate, index);
    });
  };
  arrive(0);
  for (let entry = agenda.shift(); entry !== undefined && entry.atMs < scenario.untilMs + 60_000; entry = agenda.shift()) {
    nowMs = entry.atMs;
    entry.run();
  }
  return { calls, requests };
}

/** Mulberry32. */
function seededRandom(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
