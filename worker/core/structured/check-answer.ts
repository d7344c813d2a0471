/** Checks a whole structured answer: the machine of `stream-check.ts`, fed at once. */
import type { AnswerLimits, Repair } from './answer-reader.ts';
import type { Violation } from './check-run.ts';
import { createStreamCheck, type AnswerFormat } from './stream-check.ts';

export type { AnswerFormat };

export type CheckedAnswer =
  | { readonly ok: true; readonly text: string; readonly value: unknown; readonly repairs: readonly Repair[] }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * `text` is the JSON to deliver: the answer's own, without what stood around it and with what `repairs` names put right. The
 * rules are at `createStreamCheck`.
 */
export function checkAnswer(text: string, format: AnswerFormat, limits: AnswerLimits): CheckedAnswer {
  const check = createStreamCheck(format, limits);
  check.feed(text);
  const ended = check.end();
  if (!ended.ok) return { ok: false, violations: ended.violations };
  return { ok: true, text: ended.text, value: ended.value, repairs: ended.repairs };
}
