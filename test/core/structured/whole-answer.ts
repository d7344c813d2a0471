/** A whole answer, fed at once to the machine that checks streams: what would be delivered of it, or why nothing is. */
import type { AnswerLimits, Repair } from '../../../worker/core/structured/answer-reader.ts';
import type { Violation } from '../../../worker/core/structured/check-run.ts';
import { createStreamCheck, type AnswerFormat } from '../../../worker/core/structured/stream-check.ts';

export type CheckedAnswer =
  | { readonly ok: true; readonly text: string; readonly value: unknown; readonly repairs: readonly Repair[] }
  | { readonly ok: false; readonly violations: readonly Violation[] };

export function checkAnswer(text: string, format: AnswerFormat, limits: AnswerLimits): CheckedAnswer {
  const check = createStreamCheck(format, limits);
  check.feed(text);
  const ended = check.end();
  if (!ended.ok) return { ok: false, violations: ended.violations };
  return { ok: true, text: ended.text, value: ended.value, repairs: ended.repairs };
}
