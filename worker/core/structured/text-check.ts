/**
 * Checks an answer that must be one of a few texts, or match an expression (vLLM's `structured_outputs` with `choice` and `regex`). Such
 * answers are short: they are held back until they are whole, so that a wrong one can still be asked for again.
 */
import type { AnswerLimits } from './answer-reader.ts';
import { startRun } from './check-run.ts';
import type { PatternTest } from './compile-pattern.ts';
import { baseSteps, stepsPerCharacter } from './compile-schema.ts';
import type { StreamCheck } from './checked-stream.ts';

export type TextFormat =
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** Must match the whole text. */
  | { readonly kind: 'pattern'; readonly matches: PatternTest };

/** A longer match is streamed from here on and judged at its end. */
const maxHeldChars = 2000;

/** White space around one of several choices is dropped; a text that must match an expression is left as it is. */
export function createTextCheck(format: TextFormat, limits: AnswerLimits): StreamCheck {
  let text = '';
  let shown = 0;
  let problem: string | null = null;

  const show = (): string => {
    const emit = text.slice(shown);
    shown = text.length;
    return emit;
  };

  return {
    feed(piece) {
      text += piece;
      if (text.length > limits.max_answer_bytes) problem = `must not be larger than ${limits.max_answer_bytes} bytes`;
      else if (!mayBecome(format, text)) problem = notAllowed(format);
      if (problem !== null) return { emit: '', verdict: 'impossible', violations: [{ path: '', message: problem }] };
      const isFlowing = format.kind === 'pattern' && text.length > maxHeldChars;
      return { emit: isFlowing ? show() : '', verdict: 'possible', violations: [] };
    },
    end() {
      const rest = text.slice(shown);
      if (problem === null && !isAllowed(format, text)) problem = notAllowed(format);
      if (problem !== null) return { ok: false, emit: '', rest, violations: [{ path: '', message: problem }], repairs: [] };
      const whole = format.kind === 'choice' ? text.trim() : text;
      const emit = format.kind === 'choice' ? whole : show();
      return { ok: true, emit, text: whole, value: whole, violations: [], repairs: whole === text ? [] : ['surrounding_text'] };
    },
  };
}

function mayBecome(format: TextFormat, text: string): boolean {
  if (format.kind === 'pattern') return true;
  const begun = text.trim();
  return format.choices.some((choice) => choice.startsWith(begun));
}

function isAllowed(format: TextFormat, text: string): boolean {
  if (format.kind === 'choice') return format.choices.includes(text.trim());
  const run = startRun(baseSteps + stepsPerCharacter * text.length);
  // When matching takes too much work, the model server's own check is trusted.
  return format.matches(text, run) || run.stepsLeft < 0;
}

function notAllowed({ kind }: TextFormat): string {
  return kind === 'choice' ? 'must be one of the choices' : 'must match the expression';
}
