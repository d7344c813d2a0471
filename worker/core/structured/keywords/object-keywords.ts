/** Keywords about objects: which members there are, and what each of them must satisfy. */
import { checkAt, isAccepted, quoteKey, violate, type Check, type CheckRun } from '../check-run.ts';
import type { PatternTest } from '../compile-pattern.ts';
import { isObject } from '../../../../shared/is-object.ts';
import type { CompileKeyword, KeywordScope, SchemaNode } from '../schema-node.ts';
import { isCount } from './value-keywords.ts';

type Members = Readonly<Record<string, unknown>>;

function onObject(check: (members: Members, run: CheckRun) => boolean): Check {
  return (value, run) => !isObject(value) || check(value, run);
}

/** Runs a check over every member; returns false at the end if one failed, or at once when the run is quiet or out of steps. */
function everyMember(members: Members, run: CheckRun, check: (key: string) => boolean): boolean {
  let isValid = true;
  for (const key of Object.keys(members)) {
    run.stepsLeft -= 1;
    if (check(key)) continue;
    isValid = false;
    if (run.quiet > 0 || run.stepsLeft < 0) return false;
  }
  return isValid;
}

function compileMap(given: unknown, scope: KeywordScope, keyword: string): Map<string, SchemaNode> | null {
  if (!isObject(given)) return scope.refuse('must be an object of schemas.');
  return new Map(Object.entries(given).map(([key, schema]) => [key, scope.subschema(schema, keyword, key)]));
}

function compileProperties(given: unknown, scope: KeywordScope): Check | null {
  const properties = compileMap(given, scope, 'properties');
  if (properties === null) return null;
  scope.node.properties = properties;
  return onObject((members, run) =>
    everyMember(members, run, (key) => {
      const property = properties.get(key);
      return property === undefined || checkAt(key, property.check, members[key], run);
    }),
  );
}

function compilePatternMap(given: unknown, scope: KeywordScope): (readonly [PatternTest, SchemaNode])[] | null {
  if (!isObject(given)) return scope.refuse('must be an object of schemas.');
  const patterns: (readonly [PatternTest, SchemaNode])[] = [];
  for (const [source, schema] of Object.entries(given)) {
    const compiled = scope.pattern(source);
    if (!compiled.ok) return scope.refuse(`${compiled.failure}.`, 'patternProperties', source);
    patterns.push([compiled.value, scope.subschema(schema, 'patternProperties', source)]);
  }
  return patterns;
}

function compilePatternProperties(given: unknown, scope: KeywordScope): Check | null {
  const patterns = compilePatternMap(given, scope);
  if (patterns === null) return null;
  return onObject((members, run) =>
    everyMember(members, run, (key) => {
      let isValid = true;
      for (const [matches, node] of patterns) {
        if (matches(key, run) && !checkAt(key, node.check, members[key], run)) isValid = false;
      }
      return isValid;
    }),
  );
}

function compileAdditionalProperties(given: unknown, scope: KeywordScope): Check | null {
  const node = scope.subschema(given, 'additionalProperties');
  const { properties: named, patternProperties: patterned } = scope.schema;
  const names = new Set(isObject(named) ? Object.keys(named) : []);
  const patterns = patterned === undefined ? [] : compilePatternMap(patterned, scope);
  if (patterns === null) return null;
  if (patterns.length === 0) scope.node.additional = node;
  return onObject((members, run) =>
    everyMember(members, run, (key) => {
      if (names.has(key) || patterns.some(([matches]) => matches(key, run))) return true;
      if (given === false) return violate(run, `must not have the property "${quoteKey(key)}"`);
      return checkAt(key, node.check, members[key], run);
    }),
  );
}

function compilePropertyNames(given: unknown, scope: KeywordScope): Check | null {
  const node = scope.subschema(given, 'propertyNames');
  return onObject((members, run) =>
    everyMember(members, run, (key) => {
      return isAccepted(node.check, key, run) || violate(run, `must not have a property named "${quoteKey(key)}"`);
    }),
  );
}

function isStringList(given: unknown): given is readonly string[] {
  return Array.isArray(given) && given.every((item) => typeof item === 'string');
}

function hasAll(required: readonly string[], members: Members, run: CheckRun): boolean {
  run.stepsLeft -= required.length;
  const missing = required.filter((key) => !Object.hasOwn(members, key));
  for (const key of missing) violate(run, `must have the property "${quoteKey(key)}"`);
  return missing.length === 0;
}

function compileRequired(given: unknown, scope: KeywordScope): Check | null {
  if (!isStringList(given)) return scope.refuse('must be an array of strings.');
  scope.node.required = given;
  return onObject((members, run) => hasAll(given, members, run));
}

function compileMemberCount(message: string, holds: (count: number, limit: number) => boolean): CompileKeyword {
  return (given, scope) => {
    if (!isCount(given)) return scope.refuse('must be a whole number, 0 or more.');
    return onObject((members, run) => {
      const count = Object.keys(members).length;
      run.stepsLeft -= count >> 3;
      return holds(count, given) || violate(run, `must have at ${message} ${given} properties`);
    });
  };
}

/** `dependentRequired`, `dependentSchemas` and draft 7's `dependencies`, which may hold both kinds. */
function compileDependent(keyword: string, allows: 'names' | 'schemas' | 'both'): CompileKeyword {
  return (given, scope) => {
    if (!isObject(given)) return scope.refuse('must be an object.');
    const dependents: (readonly [string, Check])[] = [];
    for (const [key, dependent] of Object.entries(given)) {
      if (allows !== 'schemas' && isStringList(dependent)) {
        dependents.push([key, onObject((members, run) => hasAll(dependent, members, run))]);
      } else if (allows === 'names') {
        return scope.refuse('must be an array of strings.', keyword, key);
      } else {
        const node = scope.subschema(dependent, keyword, key);
        scope.node.inPlace.push(node);
        dependents.push([key, node.check]);
      }
    }
    return onObject((members, run) => {
      run.stepsLeft -= dependents.length;
      const present = dependents.filter(([key]) => Object.hasOwn(members, key));
      return present.map(([, check]) => check(members, run)).every((isValid) => isValid);
    });
  };
}

export const objectKeywords: readonly (readonly [string, CompileKeyword])[] = [
  ['properties', compileProperties],
  ['patternProperties', compilePatternProperties],
  ['additionalProperties', compileAdditionalProperties],
  ['propertyNames', compilePropertyNames],
  ['required', compileRequired],
  ['minProperties', compileMemberCount('least', (count, limit) => count >= limit)],
  ['maxProperties', compileMemberCount('most', (count, limit) => count <= limit)],
  ['dependentRequired', compileDependent('dependentRequired', 'names')],
  ['dependentSchemas', compileDependent('dependentSchemas', 'schemas')],
  ['dependencies', compileDependent('dependencies', 'both')],
];
