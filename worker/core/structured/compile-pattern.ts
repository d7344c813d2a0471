/**
 * Matches `pattern` and `patternProperties` without backtracking: Thompson's construction and a breadth-first simulation (R. Cox,
 * "Regular Expression Matching Can Be Simple And Fast", 2007), so that no expression takes more than characters × states. The
 * runtime's RegExp needed 0.9 s for `^\d*\d*\d*x` on 2,000 digits, and the expression comes from a client. It captures nothing.
 */
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { CheckRun } from './check-run.ts';
import { parsePattern, type PatternTree } from './parse-pattern.ts';

/** Whether the expression matches anywhere in the text. Takes its work from the run; out of steps it answers false. */
export type PatternTest = (text: string, run: CheckRun) => boolean;

type State =
  | { readonly kind: 'char'; readonly matches: (codePoint: number) => boolean }
  | { readonly kind: 'split'; readonly first: number; second: number }
  | { readonly kind: 'assert'; readonly place: 'start' | 'end' | 'boundary' | 'inside' }
  | { readonly kind: 'match' };

/** States that all patterns of one schema may still take: `{1,1000}` copies its part a thousand times. */
export interface StateAllowance {
  left: number;
}

/** States that they may take in all; about 100 bytes each. */
export const maxPatternStates = 10_000;

/** Returns the matcher, or a sentence that says what is not supported. */
export function compilePattern(source: string, allowance: StateAllowance): Result<PatternTest, string> {
  const parsed = parsePattern(source);
  if (!parsed.ok) return parsed;
  const states: State[] = [];
  build(parsed.value, states, allowance);
  states.push({ kind: 'match' });
  if (allowance.left < 0) return fail('is too large: its counted repetitions need too many states');
  return ok((text, run) => simulate(states, text, run));
}

/** Appends the states of a tree; the part after it starts at the next free index. */
function build(tree: PatternTree, states: State[], allowance: StateAllowance): void {
  allowance.left -= 1;
  if (allowance.left < 0) return;
  if (tree.kind === 'char' || tree.kind === 'assert') states.push(tree);
  else if (tree.kind === 'sequence') for (const part of tree.parts) build(part, states, allowance);
  else if (tree.kind === 'choice') buildChoice(tree.options, states, allowance);
  else buildRepeat(tree.part, tree.min, tree.max, states, allowance);
}

function buildChoice(options: readonly PatternTree[], states: State[], allowance: StateAllowance): void {
  const jumps: { second: number }[] = [];
  for (const [index, option] of options.entries()) {
    const isLast = index === options.length - 1;
    const split = { kind: 'split' as const, first: states.length + 1, second: -1 };
    if (!isLast) states.push(split);
    build(option, states, allowance);
    if (isLast) break;
    const jump = { kind: 'split' as const, first: -1, second: -1 };
    jumps.push(jump);
    states.push(jump);
    split.second = states.length;
  }
  for (const jump of jumps) jump.second = states.length;
}

function buildRepeat(part: PatternTree, min: number, max: number, states: State[], allowance: StateAllowance): void {
  for (let count = 0; count < min && allowance.left >= 0; count += 1) build(part, states, allowance);
  if (max === Number.POSITIVE_INFINITY) {
    const start = states.length;
    const split = { kind: 'split' as const, first: start + 1, second: -1 };
    states.push(split);
    build(part, states, allowance);
    states.push({ kind: 'split', first: -1, second: start });
    split.second = states.length;
    return;
  }
  const exits: { second: number }[] = [];
  for (let count = min; count < max && allowance.left >= 0; count += 1) {
    const split = { kind: 'split' as const, first: states.length + 1, second: -1 };
    exits.push(split);
    states.push(split);
    build(part, states, allowance);
  }
  for (const exit of exits) exit.second = states.length;
}

function simulate(states: readonly State[], text: string, run: CheckRun): boolean {
  run.stepsLeft -= states.length >> 3;
  const seenAt = new Int32Array(states.length).fill(-1);
  let current: number[] = [];
  for (let at = 0; ;) {
    if (follow(states, 0, text, at, seenAt, current, run)) return true;
    const codePoint = text.codePointAt(at);
    if (codePoint === undefined || run.stepsLeft < 0) return false;
    at += codePoint > 0xffff ? 2 : 1;
    const next: number[] = [];
    for (const index of current) {
      const state = states[index];
      if (state?.kind === 'char' && state.matches(codePoint) && follow(states, index + 1, text, at, seenAt, next, run))
        return true;
    }
    current = next;
  }
}

/** Adds every state reachable from `from` without reading a character; true when the expression has matched. */
function follow(
  states: readonly State[],
  from: number,
  text: string,
  at: number,
  seenAt: Int32Array,
  into: number[],
  run: CheckRun,
): boolean {
  const stack = [from];
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    run.stepsLeft -= 1;
    if (index < 0 || seenAt[index] === at) continue;
    seenAt[index] = at;
    const state = states[index];
    if (state === undefined) continue;
    if (state.kind === 'match') return true;
    if (state.kind === 'char') into.push(index);
    else if (state.kind === 'split') stack.push(state.second, state.first);
    else if (holds(state.place, text, at)) stack.push(index + 1);
  }
  return false;
}

function holds(place: 'start' | 'end' | 'boundary' | 'inside', text: string, at: number): boolean {
  if (place === 'start') return at === 0;
  if (place === 'end') return at === text.length;
  const isBoundary = isWord(text.charCodeAt(at - 1)) !== isWord(text.charCodeAt(at));
  return isBoundary === (place === 'boundary');
}

/** The word characters of `\b`: A-Z, a-z, 0-9 and underscore. NaN outside the text is none. */
function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}
