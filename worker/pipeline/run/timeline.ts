/** When each call of a model server began, was answered and ended, for the record of the request. */
import type { CallTrace } from '../../../shared/records.ts';
import type { CardUse } from '../../core/cost/card-clock.ts';
import type { Candidate } from '../../core/route/attempt.ts';

/** As long as the request lives; then what is missing is filled in. */
export interface CallTimes {
  readonly candidate: Candidate;
  readonly startedAtMs: number;
  /** Its part of a GPU; null where the model's card is not configured. */
  readonly gpu: CardUse | null;
  firstByteAtMs: number | null;
  endedAtMs: number | null;
  /** `ok`, or why it was no answer; null while it runs. */
  outcome: string | null;
}

export function beginCall(candidate: Candidate, startedAtMs: number, gpu: CardUse | null): CallTimes {
  return { candidate, startedAtMs, gpu, firstByteAtMs: null, endedAtMs: null, outcome: null };
}

export function endCall(call: CallTimes, outcome: string, atMs: number): void {
  call.outcome = outcome;
  call.endedAtMs = atMs;
  call.gpu?.end(atMs);
}

/** @param outcome of a call that ran until the request ended */
export function traceCalls(calls: readonly CallTimes[], outcome: string, atMs: number): CallTrace[] {
  for (const call of calls) call.gpu?.end(atMs);
  return calls.map((call) => ({
    model: call.candidate.modelId,
    upstream: call.candidate.upstreamId,
    startedAtMs: call.startedAtMs,
    firstByteAtMs: call.firstByteAtMs,
    endedAtMs: call.endedAtMs ?? atMs,
    outcome: call.outcome ?? outcome,
  }));
}
