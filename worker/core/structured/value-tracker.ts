/**
 * Follows an answer value by value while it is read: where it stands, which keys it has seen, and whether it can still satisfy
 * the schema. It judges only what cannot change later (types, members that are not allowed or missing, finished scalars); `anyOf` and
 * similar keywords wait for the validator at the end. `json/document.ts` checks the grammar.
 */
import { jsonPointer, maxViolations, quoteKey, startRun, violate, type Violation } from './check-run.ts';
import { baseSteps, stepsPerCharacter } from './compile-schema.ts';
import type { DocumentListener } from '../json/document-listener.ts';
import type { JsonType } from '../json/value.ts';
import { withAlways, type SchemaNode } from './schema-node.ts';

interface Frame {
  /** The schemas this container must satisfy. */
  readonly nodes: readonly SchemaNode[];
  /** Null in an array. */
  readonly keys: Set<string> | null;
  /** Items begun, in an array. */
  count: number;
}

export interface ValueTracker extends DocumentListener {
  readonly violations: readonly Violation[];
}

/** `maxDepth` counts containers. */
export function createValueTracker(root: SchemaNode, maxDepth: number): ValueTracker {
  const run = startRun(baseSteps);
  const frames: Frame[] = [];
  const violations: Violation[] = [];
  let current = withAlways([root]);

  function fail(message: string): false {
    if (violations.length < maxViolations) violations.push({ path: jsonPointer(run.at), message });
    return false;
  }

  function begin(type: JsonType): boolean {
    const frame = frames.at(-1);
    if (frame?.keys === null) {
      run.at[run.at.length - 1] = frame.count;
      current = itemNodes(frame);
      frame.count += 1;
    }
    const isAllowed = current.every(({ types }) => types === null || types.has(type));
    if (!isAllowed) return fail(`must not be ${type === 'object' || type === 'array' ? `an ${type}` : `a ${type}`} here`);
    if (type !== 'object' && type !== 'array') return true;
    if (frames.length >= maxDepth) return fail(`must not be nested deeper than ${maxDepth} levels`);
    frames.push({ nodes: current, keys: type === 'object' ? new Set() : null, count: 0 });
    run.at.push('');
    return true;
  }

  function key(name: string): boolean {
    const frame = frames.at(-1);
    if (frame === undefined || frame.keys === null) return false;
    run.at[run.at.length - 1] = name;
    if (frame.keys.has(name)) return fail('must not be given twice');
    frame.keys.add(name);
    current = memberNodes(frame, name);
    return current.every(({ types }) => types?.size !== 0) || fail('must not be present');
  }

  /**
   * Checks a finished scalar against every schema that must hold. The steps come from its length; without steps the check is left to the
   * end.
   */
  function scalar(value: string | number | boolean | null): boolean {
    if (typeof value === 'number' && !Number.isFinite(value)) return fail('is a number too large to be read');
    if (run.stepsLeft >= 0) run.stepsLeft += stepsPerCharacter * (typeof value === 'string' ? value.length : 1);
    const areValid = current.map((node) => run.stepsLeft < 0 || node.check(value, run));
    if (areValid.every((isValid) => isValid) || run.stepsLeft < 0) return true;
    if (run.violations.length === 0) violate(run, 'must satisfy the schema');
    violations.push(...run.violations);
    return false;
  }

  function close(): boolean {
    const frame = frames.pop();
    run.at.pop();
    if (frame === undefined || frame.keys === null) return true;
    const { keys } = frame;
    const missing = new Set(frame.nodes.flatMap(({ required }) => required.filter((name) => !keys.has(name))));
    for (const name of missing) fail(`must have the property "${quoteKey(name)}"`);
    return missing.size === 0;
  }

  return { begin, key, scalar, close, fail, violations };
}

function memberNodes(frame: Frame, name: string): readonly SchemaNode[] {
  return withAlways(frame.nodes.flatMap(({ properties, additional }) => properties.get(name) ?? additional ?? []));
}

function itemNodes(frame: Frame): readonly SchemaNode[] {
  return withAlways(frame.nodes.flatMap(({ prefix, items }) => prefix[frame.count] ?? items ?? []));
}
