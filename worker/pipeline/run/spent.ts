/** What is being spent: where something is held for the request, and every call that may have cost tokens. */
import type { TenantLimits } from '../../core/limits/tenant-limits.ts';
import type { Answer } from '../../core/answer/answer.ts';

export interface Spent {
  /** Made here, unlike the request id, which a client may choose: what limits, budgets and model servers know this request by. */
  readonly runId: string;
  /** Tenants that hold something for this request, until it is settled. */
  readonly holders: Holder[];
  /** See `calls/heartbeat.ts`. */
  stopHeartbeat: () => void;
  /** Every answer that a server began, in order: each may have cost tokens. */
  readonly answers: BegunAnswer[];
  /** Calls without an answer whose servers may have worked all the same. */
  readonly unseen: UnseenCall[];
}

export interface Holder {
  readonly tenantId: string;
  readonly limits: TenantLimits;
}

export interface BegunAnswer {
  readonly modelId: string;
  readonly answer: Answer;
  /** The number of its call. */
  readonly call: number;
  /** It goes on where the one before it broke off; both are parts of what the client got. */
  readonly continuesPrevious: boolean;
}

/** See `core/cost/unseen-work.ts`. */
export interface UnseenCall {
  readonly modelId: string;
  readonly ranMs: number;
  readonly isWatched: boolean;
}

export function nothingSpent(runId: string): Spent {
  return { runId, holders: [], stopHeartbeat: () => undefined, answers: [], unseen: [] };
}

/** Whether anything was billed so far, so that one more call bills a second time. */
export function hasBilled({ answers, unseen }: Spent): boolean {
  return unseen.length > 0 || answers.some(hasSpent);
}

/** Whether a call is billed: one that broke off before its first token and said nothing of its usage is not. */
export function hasSpent({ answer }: BegunAnswer): boolean {
  return answer.state.contentEvents > 0 || answer.state.usage !== null;
}

/** The calls whose text makes up the client's answer: the last one, and those that it continues. */
export function partsOf({ answers }: Spent): readonly BegunAnswer[] {
  let first = answers.length - 1;
  while (first > 0 && answers[first]?.continuesPrevious === true) first -= 1;
  return answers.slice(Math.max(0, first));
}
