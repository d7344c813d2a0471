/**
 * Keywords about arrays. Tuples may be written as `prefixItems` + `items` (2020-12) or as `items` + `additionalItems` (draft 7).
 */
import { checkAt, isAccepted, violate, type Check, type CheckRun } from '../check-run.ts';
import { canonicalJson } from '../../json/value.ts';
import type { CompileKeyword, KeywordScope, SchemaNode } from '../schema-node.ts';
import { isCount } from './value-keywords.ts';

function onArray(check: (items: readonly unknown[], run: CheckRun) => boolean): Check {
  return (value, run) => !Array.isArray(value) || check(value, run);
}

function checkItems(
  items: readonly unknown[],
  from: number,
  to: number,
  run: CheckRun,
  nodeAt: (index: number) => SchemaNode | undefined,
) {
  let isValid = true;
  for (let index = from; index < Math.min(to, items.length); index += 1) {
    const node = nodeAt(index);
    if (node === undefined || checkAt(index, node.check, items[index], run)) continue;
    isValid = false;
    if (run.quiet > 0 || run.stepsLeft < 0) return false;
  }
  return isValid;
}

function compileTuple(keyword: string): CompileKeyword {
  return (given, scope) => {
    if (!Array.isArray(given)) return scope.refuse('must be an array of schemas.');
    const nodes = given.map((schema, index) => scope.subschema(schema, keyword, String(index)));
    scope.node.prefix = nodes;
    return onArray((items, run) => checkItems(items, 0, nodes.length, run, (index) => nodes[index]));
  };
}

/** The keyword that speaks of all items after a tuple of that length. */
function compileRest(given: unknown, scope: KeywordScope, keyword: string, from: number): Check {
  const node = scope.subschema(given, keyword);
  scope.node.items = node;
  return onArray((items, run) => checkItems(items, from, items.length, run, () => node));
}

function compileItems(given: unknown, scope: KeywordScope): Check | null {
  const { prefixItems } = scope.schema;
  if (!Array.isArray(given)) return compileRest(given, scope, 'items', Array.isArray(prefixItems) ? prefixItems.length : 0);
  if (prefixItems !== undefined) return scope.refuse('must not be an array beside prefixItems.');
  return compileTuple('items')(given, scope);
}

function compileAdditionalItems(given: unknown, scope: KeywordScope): Check | null {
  const { items } = scope.schema;
  return Array.isArray(items) ? compileRest(given, scope, 'additionalItems', items.length) : null;
}

function compileContains(given: unknown, scope: KeywordScope): Check | null {
  const node = scope.subschema(given, 'contains');
  const { minContains: min = 1, maxContains: max = Number.MAX_SAFE_INTEGER } = scope.schema;
  if (!isCount(min) || !isCount(max)) return scope.refuse('needs whole numbers in minContains and maxContains.');
  return onArray((items, run) => {
    let count = 0;
    for (const item of items) {
      if (run.stepsLeft < 0) return false;
      if (isAccepted(node.check, item, run)) count += 1;
    }
    return (count >= min && count <= max) || violate(run, `has ${count} items that satisfy contains`);
  });
}

function compileItemCount(message: string, holds: (count: number, limit: number) => boolean): CompileKeyword {
  return (given, scope) => {
    if (!isCount(given)) return scope.refuse('must be a whole number, 0 or more.');
    return onArray((items, run) => holds(items.length, given) || violate(run, `must have at ${message} ${given} items`));
  };
}

/** By canonical text, so that the work is linear where comparing all pairs took 0.3 s for 16,000 numbers. */
function compileUniqueItems(given: unknown, scope: KeywordScope): Check | null {
  if (typeof given !== 'boolean') return scope.refuse('must be a boolean.');
  if (!given) return null;
  return onArray((items, run) => {
    const seen = new Set<string>();
    for (const [index, item] of items.entries()) {
      const text = canonicalJson(item);
      run.stepsLeft -= text.length;
      if (run.stepsLeft < 0) return false;
      if (seen.has(text)) return violate(run, `must not repeat an item, as it does at ${index}`);
      seen.add(text);
    }
    return true;
  });
}

export const arrayKeywords: readonly (readonly [string, CompileKeyword])[] = [
  ['prefixItems', compileTuple('prefixItems')],
  ['items', compileItems],
  ['additionalItems', compileAdditionalItems],
  ['contains', compileContains],
  ['minItems', compileItemCount('least', (count, limit) => count >= limit)],
  ['maxItems', compileItemCount('most', (count, limit) => count <= limit)],
  ['uniqueItems', compileUniqueItems],
];
