/** What is being spent: where something is held for the request, and every call that may have cost tokens. */
import type { TenantLimits } from '../../core/limits/tenant-limits.ts';
import type { Answer } from '../../core/answer/answer.ts';
import type { Usage } from '../../../shared/usage.ts';
import type { WholeAnswer } from '../../core/answer/whole-answer.ts';

export interface Spent {
  /** Made by the gateway, unlike the request id, which a client may choose; limits, budgets and model servers use it. */
  readonly runId: string;
  /** Tenants that hold something for this request, until it is settled. */
  readonly holders: Holder[];
  /** See `calls/heartbeat.ts`. */
  stopHeartbeat: () => void;
  /** Every answer that a server began, in order: each may have cost tokens. */
  readonly answers: BegunAnswer[];
  /** Calls without an answer whose servers may nevertheless have worked. */
  readonly unseen: UnseenCall[];
  /** Calls whose use of tokens is known as it is booked: see `pipeline/pooling`. */
  readonly counted: CountedCall[];
  /** Null unless the client got an answer that another request has paid for. */
  given: Given | null;
}

/** An answer without a call. */
export interface Given {
  /** Null for vectors, labels and relevance. */
  readonly answer: WholeAnswer | null;
  /** What it would have cost. */
  readonly savedNanoUsd: number;
}

export interface Holder {
  readonly tenantId: string;
  readonly limits: TenantLimits;
}

/** The models whose answers were cut because they repeated themselves without end. */
export function runawaysOf({ answers }: Spent): { readonly runaways?: readonly string[] } {
  const cut = answers.filter(({ answer }) => answer.state.isRunaway);
  return cut.length === 0 ? {} : { runaways: cut.map(({ modelId }) => modelId) };
}

export interface BegunAnswer {
  readonly modelId: string;
  readonly answer: Answer;
  /** The number of its call. */
  readonly call: number;
  /** It was asked to continue where the previous one broke off. */
  readonly isContinuation: boolean;
}

/** See `core/cost/unseen-work.ts`. */
export interface UnseenCall {
  readonly modelId: string;
  /** The number of its call. */
  readonly call: number;
  readonly ranMs: number;
  readonly isWatched: boolean;
}

/** A call of a model that reads and does not write. */
export interface CountedCall {
  readonly modelId: string;
  /** The number of its call. */
  readonly call: number;
  readonly usage: Usage;
  readonly isPartOfAnswer: boolean;
}

export function nothingSpent(runId: string): Spent {
  return { runId, holders: [], stopHeartbeat: () => undefined, answers: [], unseen: [], counted: [], given: null };
}

/** Whether anything was billed so far, so that one more call bills a second time. */
export function hasBilled({ answers, unseen, counted }: Spent): boolean {
  return unseen.length > 0 || counted.length > 0 || answers.some(hasSpent);
}

/** Whether a call is billed: one that broke off before its first token and said nothing of its usage is not. */
export function hasSpent({ answer }: BegunAnswer): boolean {
  return answer.state.contentEvents > 0 || answer.state.usage !== null;
}

/** Whether it continues the previous one, and both are parts of the client's answer: some start over although they should not. */
export function continuesPrevious({ isContinuation, answer }: BegunAnswer): boolean {
  return isContinuation && answer.state.choices.get(0)?.hasStartedOver !== true;
}

/** The calls whose text makes up the client's answer: the last one, and those that it continues. */
export function partsOf({ answers }: Spent): readonly BegunAnswer[] {
  let first = answers.length - 1;
  for (let last = answers[first]; first > 0 && last !== undefined && continuesPrevious(last); last = answers[first]) first -= 1;
  return answers.slice(Math.max(0, first));
}
