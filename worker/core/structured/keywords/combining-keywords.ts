/**
 * Keywords that apply other schemas to the same value, and those that are refused because they need more than the value at hand.
 */
import { isAccepted, violate, type Check } from '../check-run.ts';
import type { CompileKeyword, KeywordScope, SchemaNode } from '../schema-node.ts';

function compileList(given: unknown, scope: KeywordScope, keyword: string): readonly SchemaNode[] | null {
  if (!Array.isArray(given) || given.length === 0) return scope.refuse('must be an array of one or more schemas.');
  const nodes = given.map((schema, index) => scope.subschema(schema, keyword, String(index)));
  scope.node.inPlace.push(...nodes);
  return nodes;
}

function compileAllOf(given: unknown, scope: KeywordScope): Check | null {
  const nodes = compileList(given, scope, 'allOf');
  if (nodes === null) return null;
  scope.node.always.push(...nodes);
  return (value, run) => nodes.map((node) => node.check(value, run)).every((isValid) => isValid);
}

function compileAnyOf(given: unknown, scope: KeywordScope): Check | null {
  const nodes = compileList(given, scope, 'anyOf');
  if (nodes === null) return null;
  return (value, run) => {
    return nodes.some((node) => isAccepted(node.check, value, run)) || violate(run, 'must satisfy one of the schemas of anyOf');
  };
}

function compileOneOf(given: unknown, scope: KeywordScope): Check | null {
  const nodes = compileList(given, scope, 'oneOf');
  if (nodes === null) return null;
  return (value, run) => {
    const count = nodes.filter((node) => isAccepted(node.check, value, run)).length;
    return count === 1 || violate(run, `must satisfy exactly one of the schemas of oneOf, satisfies ${count}`);
  };
}

function compileNot(given: unknown, scope: KeywordScope): Check | null {
  const node = scope.subschema(given, 'not');
  scope.node.inPlace.push(node);
  return (value, run) => !isAccepted(node.check, value, run) || violate(run, 'must not satisfy the schema of not');
}

function compileIf(given: unknown, scope: KeywordScope): Check | null {
  const { then: whenTrue = true, else: whenFalse = true } = scope.schema;
  const [condition, consequence, alternative] = [
    scope.subschema(given, 'if'),
    scope.subschema(whenTrue, 'then'),
    scope.subschema(whenFalse, 'else'),
  ];
  scope.node.inPlace.push(condition, consequence, alternative);
  return (value, run) => (isAccepted(condition.check, value, run) ? consequence : alternative).check(value, run);
}

function compileRef(given: unknown, scope: KeywordScope): Check | null {
  if (typeof given !== 'string') return scope.refuse('must be a string.');
  const node = scope.reference(given);
  scope.node.inPlace.push(node);
  scope.node.always.push(node);
  return node.check;
}

function refused(message: string): CompileKeyword {
  return (_given, scope) => scope.refuse(message);
}

/** `true` constrains nothing. Any other value would need to know which members every branch has evaluated. */
function compileUnevaluated(instead: string): CompileKeyword {
  return (given, scope) => (given === true ? null : scope.refuse(`is not supported; use ${instead}.`));
}

export const combiningKeywords: readonly (readonly [string, CompileKeyword])[] = [
  ['allOf', compileAllOf],
  ['anyOf', compileAnyOf],
  ['oneOf', compileOneOf],
  ['not', compileNot],
  ['if', compileIf],
  ['$ref', compileRef],
  ['$dynamicRef', refused('is not supported; use $ref.')],
  ['$recursiveRef', refused('is not supported; use $ref.')],
  ['unevaluatedProperties', compileUnevaluated('additionalProperties')],
  ['unevaluatedItems', compileUnevaluated('items or additionalItems')],
];
