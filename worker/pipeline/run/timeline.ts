/** When each call of a model server began, was answered and ended, for the record of the request. */
import type { CallTrace } from '../../../shared/records.ts';
import type { Candidate } from '../../core/route/attempt.ts';

/** As long as the request lives; then what is missing is filled in. */
export interface CallTimes {
  readonly candidate: Candidate;
  readonly startedAtMs: number;
  firstByteAtMs: number | null;
  endedAtMs: number | null;
  /** `ok`, or why it was no answer; null while it runs. */
  outcome: string | null;
}

export function beginCall(candidate: Candidate, startedAtMs: number): CallTimes {
  return { candidate, startedAtMs, firstByteAtMs: null, endedAtMs: null, outcome: null };
}

export function endCall(call: CallTimes, outcome: string, atMs: number): void {
  call.outcome = outcome;
  call.endedAtMs = atMs;
}

/** @param outcome of a call that ran until the request ended */
export function traceCalls(calls: readonly CallTimes[], outcome: string, atMs: number): CallTrace[] {
  return calls.map((call) => ({
    model: call.candidate.modelId,
    upstream: call.candidate.upstreamId,
    startedAtMs: call.startedAtMs,
    firstByteAtMs: call.firstByteAtMs,
    endedAtMs: call.endedAtMs ?? atMs,
    outcome: call.outcome ?? outcome,
  }));
}
