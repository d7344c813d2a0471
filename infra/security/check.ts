/** The shape of a security check: one attack, one rule, and what was wrong. */
import { comesTrue as waitFor } from '../rig/waiting.ts';
import type { Stand } from './stand.ts';

export interface SecurityCheck {
  /** Kebab-case, unique. */
  readonly id: string;
  /** The row of the threat model: see SECURITY.md. */
  readonly threat: string;
  /** The rule, as a sentence. */
  readonly rule: string;
  /** One line per violation; none when the rule holds. */
  run(stand: Stand): Promise<readonly string[]>;
}

/** A line when two values differ. */
export function expectEqual(what: string, actual: unknown, expected: unknown): string[] {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  return found === wanted ? [] : [`${what}: ${found?.slice(0, 300)}, not ${wanted?.slice(0, 300)}`];
}

export function expectTrue(what: string, isTrue: boolean): string[] {
  return isTrue ? [] : [what];
}

/** The code of an error answer; null for everything else. */
export function codeOf({ text }: { readonly text: string }): string | null {
  try {
    const body: unknown = JSON.parse(text);
    const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : null;
    return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : null;
  } catch {
    return null;
  }
}

/** Waits for what is not there at once: output that comes through a pipe, sums that are sent in batches. */
export async function comesTrue(isTrue: () => boolean | Promise<boolean>): Promise<boolean> {
  return (await waitFor(isTrue, 10_000)) !== null;
}

export const hello = { model: 'small', messages: [{ role: 'user', content: '[[tokens:6]]Name a harbour.' }], max_tokens: 30 };

export function say(content: string, rest: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { ...hello, messages: [{ role: 'user', content }], ...rest };
}
