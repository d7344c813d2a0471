/** Whether a failure is the model's or the request's: one client's poisonous body must not eject models for all clients. */
import type { InnerRequest } from '../request/inner-request.ts';
import { type FailureCause, ruleOf } from '../upstreams/causes.ts';

/** Causes that a body can provoke on every model: a server error or an invalid answer. */
export function mayBeTheRequest(cause: FailureCause): boolean {
  return ruleOf(cause).countsAs === 'server';
}

const answers: ReadonlySet<FailureCause> = new Set(['unfit_answer', 'empty_answer', 'degenerate', 'low_confidence']);
const faults: ReadonlySet<FailureCause> = new Set(['client', 'content_policy', 'context_length']);

/** What a failure proves of the request: a model could answer it (not well, but it did), the request is at fault, or nothing. */
export function speaksOfRequest(cause: FailureCause): 'answer' | 'fault' | 'nothing' {
  if (answers.has(cause)) return 'answer';
  return faults.has(cause) ? 'fault' : 'nothing';
}

/**
 * Equal for equal bodies: 32 bits of FNV-1a over what a model reads. Two requests that collide count as one, which delays an ejection by
 * one failure.
 */
export function bodyMark({ messages, tools, answerFormat: format }: InnerRequest): number {
  const text = JSON.stringify([messages, tools ?? null, format ?? null]);
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01_00_01_93);
  return hash >>> 0;
}
