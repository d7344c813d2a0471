/**
 * A compiled schema: a check over the whole value, and beside it the few simple facts by which `stream-check.ts` sees early that
 * an answer cannot become valid. Filled by the keywords, read-only afterwards.
 */
import type { Result } from '../../../shared/result.ts';
import type { Check } from './check-run.ts';
import type { PatternTest } from './compile-pattern.ts';
import type { JsonType } from '../json/value.ts';

export interface SchemaNode {
  readonly check: Check;
  /** One per keyword; all must hold. */
  readonly checks: Check[];
  /** Subschemas applied to the same value: a cycle of these would never end. */
  readonly inPlace: SchemaNode[];
  /** Those of them that must hold whatever the value is: `allOf` and `$ref`. */
  readonly always: SchemaNode[];
  /** Types the value may have; null when every type may do, empty when no value is allowed (`false`). */
  types: ReadonlySet<JsonType> | null;
  required: readonly string[];
  properties: ReadonlyMap<string, SchemaNode>;
  /** For a member that `properties` does not name; null when that is open or depends on patterns. */
  additional: SchemaNode | null;
  prefix: readonly SchemaNode[];
  /** For the items after the prefix; null when that is open. */
  items: SchemaNode | null;
}

/** What a keyword sees while it is compiled. Paths are relative to the schema object that holds the keyword. */
export interface KeywordScope {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly node: SchemaNode;
  /** The node of a subschema at that path; refuses what is neither an object nor a boolean. */
  subschema(given: unknown, ...path: string[]): SchemaNode;
  /** The node a `$ref` points to. */
  reference(ref: string): SchemaNode;
  pattern(source: string): Result<PatternTest, string>;
  /** Records the first thing that is not supported. The keyword's result is then ignored. */
  refuse(message: string, ...path: string[]): null;
}

/** Turns a keyword's value into a check, or null when it asserts nothing by itself (or was refused). */
export type CompileKeyword = (given: unknown, scope: KeywordScope) => Check | null;

/** A node that accepts everything until checks are added. */
export function createNode(): SchemaNode {
  const checks: Check[] = [];
  return {
    check: (value, run) => {
      run.stepsLeft -= 1 + checks.length;
      if (run.stepsLeft < 0) return false;
      let isValid = true;
      for (const check of checks) {
        if (check(value, run)) continue;
        if (run.quiet > 0) return false;
        isValid = false;
      }
      return isValid;
    },
    checks,
    inPlace: [],
    always: [],
    types: null,
    required: [],
    properties: new Map(),
    additional: null,
    prefix: [],
    items: null,
  };
}

/** Nodes checked per value while an answer streams; skipping some only delays the verdict. */
const maxNodesPerValue = 16;

/** The given nodes and all that must hold with them, at most 16. */
export function withAlways(nodes: readonly SchemaNode[]): readonly SchemaNode[] {
  if (nodes.length <= 1 && (nodes[0]?.always.length ?? 0) === 0) return nodes;
  const found = new Set(nodes);
  for (const node of found) {
    if (found.size >= maxNodesPerValue) break;
    for (const other of node.always) found.add(other);
  }
  return [...found].slice(0, maxNodesPerValue);
}

/** Most schemas nested for the same value: keeps the stack shallow, at 2 to 3 calls each. */
export const maxInPlaceDepth = 100;

/**
 * A node whose subschemas for the same value form a cycle or go deeper than 100, or null. Depth first with an explicit stack, because a
 * chain of references may be as long as the schema.
 */
export function findEndless(nodes: readonly SchemaNode[]): SchemaNode | null {
  /** 0 while the node is open, then the length of the longest way down from it. */
  const heights = new Map<SchemaNode, number>();
  for (const start of nodes) {
    if (heights.has(start)) continue;
    heights.set(start, 0);
    const stack = [{ node: start, next: 0, height: 1 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const child = top.node.inPlace[top.next];
      const known = child === undefined ? undefined : heights.get(child);
      if (known === 0 || top.height > maxInPlaceDepth) return top.node;
      if (child === undefined) {
        heights.set(top.node, top.height);
        stack.pop();
      } else if (known === undefined) {
        heights.set(child, 0);
        stack.push({ node: child, next: 0, height: 1 });
      } else {
        top.height = Math.max(top.height, known + 1);
        top.next += 1;
      }
    }
  }
  return null;
}
