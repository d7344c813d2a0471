/** Whether an answer does what the request asked for, as far as that can be told without understanding it. */
import type { Failure } from '../../../shared/errors.ts';
import type { FailureCause } from '../upstreams/causes.ts';
import { limitReasons } from './answer-machine.ts';
import type { UpstreamFailure } from '../upstreams/transport-failure.ts';
import type { AnswerState } from './answer-state.ts';
import { type Choice, contentOf } from './choice.ts';

export interface Demands {
  /** A call with invalid arguments makes the answer unfit, as long as nothing of it has been shown; afterwards it is a warning. */
  readonly refusesInvalidCalls: boolean;
  /** The request demands a call: of any tool, or of the one with this name. Null when it does not. */
  readonly demandedCall: { readonly name: string | null } | null;
  /** An answer without a word is unfit; otherwise it is a warning. */
  readonly refusesEmpty: boolean;
}

const invalidCall = 'The arguments of a tool call do not satisfy its schema.';
const brokenCall = 'The answer ended inside a tool call, or announced one and made none.';
const emptyAnswer = 'The answer is empty: the model ended it without a word.';

export function warn(state: AnswerState, sentence: string): void {
  if (!state.warnings.includes(sentence)) state.warnings.push(sentence);
}

/** What is wrong with a choice so far; null while nothing is. */
export function problemOf(choice: Choice, state: AnswerState, demands: Demands): UpstreamFailure | null {
  if (choice.machine?.hasOverflowed() === true) return problem({ code: 'upstream_too_large' }, 'invalid_answer');
  if (demands.refusesInvalidCalls && choice.callVerdicts.invalid > 0) {
    if (!state.isShown) return problem({ code: 'upstream_invalid_answer', detail: invalidCall });
    warn(state, invalidCall);
  }
  if (choice.hasBrokenCall) return problem({ code: 'upstream_invalid_answer', detail: brokenCall });
  if (choice.hasDiverged || choice.isCutShort) return problem({ code: 'upstream_truncated' });
  if (choice.violations === null) return null;
  return problem({ code: 'invalid_structured_output', detail: describe(choice.violations) });
}

/** What is wrong with an answer that has ended. */
export function problemOfWhole(state: AnswerState, { demandedCall, refusesEmpty }: Demands): UpstreamFailure | null {
  const choices = [...state.choices.values()];
  // A refusal is an answer, and a limit already says that something is missing.
  const isFree = (choice: Choice): boolean => choice.refusal !== '' || limitReasons.has(choice.finishReason);
  if (demandedCall !== null && !choices.every((choice) => isFree(choice) || hasCall(choice, demandedCall.name)))
    return problem({ code: 'tool_choice_unmet' });
  if (!choices.every((choice) => !isFree(choice) && isEmpty(choice))) return null;
  warn(state, emptyAnswer);
  return refusesEmpty ? problem({ code: 'upstream_invalid_answer', detail: emptyAnswer }, 'empty_answer') : null;
}

function hasCall({ calls }: Choice, wanted: string | null): boolean {
  return calls.some(({ name }) => wanted === null || name === wanted);
}

function isEmpty(choice: Choice): boolean {
  return choice.reasoning === '' && choice.calls.length === 0 && contentOf(choice) === '';
}

function problem(failure: Failure, cause: FailureCause = 'unfit_answer'): UpstreamFailure {
  return { failure, cause };
}

/** The first few violations in one line; paths and keywords only, never the model's text. */
function describe(violations: readonly { readonly path: string; readonly message: string }[]): string {
  return violations
    .slice(0, 5)
    .map(({ path, message }) => `${path === '' ? '(root)' : path}: ${message}`)
    .join('; ')
    .slice(0, 500);
}
