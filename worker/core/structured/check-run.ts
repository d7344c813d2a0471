/**
 * The state of one validation: the work it may still do, its position in the value, and what it found. Knows nothing of JSON Schema; the
 * keywords do.
 */

/** One way in which an answer breaks its schema. `path` is a JSON pointer into the answer (RFC 6901), '' for the whole. */
export interface Violation {
  readonly path: string;
  readonly message: string;
}

/** Enough to repair or log; an invalid answer of 100,000 items must not become 100,000 lines. */
export const maxViolations = 20;

export interface CheckRun {
  /**
   * Work units left: about one per keyword and value, one per character and pattern state. Below 0 the run's verdict means
   * nothing.
   */
  stepsLeft: number;
  /** Above 0 inside a branch (`anyOf`, `not` …) whose failure is not a violation by itself. */
  quiet: number;
  /** Keys and indexes from the root to the value under check. */
  readonly at: (string | number)[];
  readonly violations: Violation[];
}

/** Whether the value satisfies one keyword or schema; reports to the run unless it is quiet. */
export type Check = (value: unknown, run: CheckRun) => boolean;

export function startRun(steps: number): CheckRun {
  return { stepsLeft: steps, quiet: 0, at: [], violations: [] };
}

/** Reports a violation at the run's place and returns false, so that a check can end with it. */
export function violate(run: CheckRun, message: string): false {
  if (run.quiet === 0 && run.violations.length < maxViolations) {
    run.violations.push({ path: jsonPointer(run.at), message });
  }
  return false;
}

/** Runs a check whose failure is not yet the value's failure. */
export function isAccepted(check: Check, value: unknown, run: CheckRun): boolean {
  run.quiet += 1;
  const isValid = check(value, run);
  run.quiet -= 1;
  return isValid;
}

/** Runs a check on a member or item, one step deeper. */
export function checkAt(key: string | number, check: Check, value: unknown, run: CheckRun): boolean {
  run.at.push(key);
  const isValid = check(value, run);
  run.at.pop();
  return isValid;
}

/** RFC 6901; long keys are cut, because they come from a model. */
export function jsonPointer(at: readonly (string | number)[]): string {
  return at.map((key) => `/${quoteKey(String(key)).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** A key as it may stand in a message: at most 64 characters of it. */
export function quoteKey(key: string): string {
  return key.length <= 64 ? key : `${key.slice(0, 64)}…`;
}
