/**
 * Finds the fields of a body that were not read by comparing it with what the schema kept, so that no list of known names can go stale.
 * A field that would change the answer is refused by name; the others are dropped and reported to the client.
 */
import type { Failure } from '../../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import { asksForNothing, refusedFields, silentFields } from './foreign-fields.ts';

/** How a wire treats fields that it does not read. A kind is where a field stands, without indexes: `messages.function_call`. */
export interface FieldRules {
  /** What to do instead of a field that would change the answer; undefined for one that would not. */
  adviceFor(kind: string): string | undefined;
  /** Whether such a field asks for nothing with this value. */
  asksForNothing(kind: string, value: unknown): boolean;
  /** Sent by clients as a matter of course: dropped without a report. */
  isSilent(kind: string): boolean;
}

const chatRules: FieldRules = {
  adviceFor: (kind) => refusedFields.get(kind),
  asksForNothing,
  isSilent: (kind) => silentFields.has(kind),
};

const maxNames = 20;
const maxNameChars = 64;

/** Names of dropped fields, such as `messages[0].cache_control`: each kind once, where it first stands. Or the refusal of one. */
export function checkDropped(body: unknown, kept: unknown, rules: FieldRules = chatRules): Result<string[], Failure> {
  const names = new Map<string, string>();
  let refusal: Failure | null = null;

  const visit = (given: unknown, read: unknown, kind: string, name: string): void => {
    if (refusal !== null || given === read || typeof given !== 'object' || typeof read !== 'object') return;
    if (given === null || read === null) return;
    if (Array.isArray(given)) {
      for (let i = 0; i < given.length; i += 1) {
        const item: unknown = Reflect.get(read, i);
        // What was kept as it came needs no name.
        if (given[i] !== item) visit(given[i], item, kind, `${name}[${i}]`);
      }
      return;
    }
    for (const key of Object.keys(given)) {
      const value: unknown = Reflect.get(given, key);
      if (Object.hasOwn(read, key) && Reflect.get(read, key) === value) continue;
      const innerKind = kind === '' ? key : `${kind}.${key}`;
      const innerName = name === '' ? key : `${name}.${key}`;
      if (Object.hasOwn(read, key)) visit(value, Reflect.get(read, key), innerKind, innerName);
      else drop(innerKind, innerName, value);
    }
  };
  const drop = (kind: string, name: string, value: unknown): void => {
    const advice = rules.adviceFor(kind);
    if (advice !== undefined && rules.asksForNothing(kind, value)) return;
    if (advice !== undefined) {
      refusal ??= { code: 'unsupported_parameter', param: name.replaceAll('[', '.').replaceAll(']', ''), detail: advice };
    } else if (!rules.isSilent(kind) && names.size < maxNames && !names.has(kind)) {
      names.set(kind, name.slice(0, maxNameChars));
    }
  };

  visit(body, kept, '', '');
  return refusal === null ? ok([...names.values()]) : fail(refusal);
}
