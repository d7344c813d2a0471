/**
 * The subset of JSON Schema that the grammars of model servers support (vLLM: xgrammar, and llguidance for what that lacks). A server
 * refuses the whole request for one keyword it does not know: `Grammar error: Unimplemented keys: ["uniqueItems"]`. What is left out here
 * only makes the grammar wider; the answer is still checked against the schema as the client wrote it.
 */
import { asArray, asObject, asString } from '../json/view.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Keywords that neither grammar supports, or only one of them. */
const left: ReadonlySet<string> = new Set([
  'uniqueItems',
  'contains',
  'minContains',
  'maxContains',
  'minProperties',
  'maxProperties',
  'propertyNames',
  'dependentRequired',
  'dependentSchemas',
  'dependencies',
  'not',
  'if',
  'then',
  'else',
  'unevaluatedItems',
  'unevaluatedProperties',
]);

const formats: ReadonlySet<string> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
]);

/** Keywords whose value is one schema, a list of them, or schemas by name. */
const nested: ReadonlyMap<string, 'one' | 'list' | 'named'> = new Map([
  ['items', 'one'],
  ['additionalProperties', 'one'],
  ['anyOf', 'list'],
  ['allOf', 'list'],
  ['prefixItems', 'list'],
  ['properties', 'named'],
  ['patternProperties', 'named'],
  ['$defs', 'named'],
  ['definitions', 'named'],
]);

/** How many more schemas of one request may be visited. */
export interface GrammarAllowance {
  left: number;
}

/** `schema` itself when grammars support all of it. Null when none can be made of it, or it would be too large. */
export function schemaForGrammar(schema: Schema, allowance: GrammarAllowance): Schema | null {
  let isHopeless = false;

  const reduce = (value: unknown): unknown => {
    const node = asObject(value);
    if (node === null) return value;
    allowance.left -= 1;
    if (allowance.left < 0 || isBeyondGrammar(node)) isHopeless = true;
    if (isHopeless) return node;
    const entries: [string, unknown][] = [];
    let isChanged = false;
    for (const [key, given] of Object.entries(node)) {
      for (const [name, kept] of reduced(key, given, node)) {
        entries.push([name, kept]);
        isChanged ||= name !== key || kept !== given;
      }
      if (entries.at(-1)?.[0] !== key) isChanged = true;
    }
    return isChanged ? Object.fromEntries(entries) : node;
  };

  const each = (list: readonly unknown[]): readonly unknown[] => {
    const made = list.map(reduce);
    return made.every((item, i) => item === list[i]) ? list : made;
  };

  /** What replaces one keyword: nothing, itself, or another. */
  const reduced = (key: string, given: unknown, node: Schema): readonly (readonly [string, unknown])[] => {
    if (left.has(key)) return [];
    if (key === 'format') return formats.has(asString(given) ?? '') ? [[key, given]] : [];
    const list = asArray(given);
    // Grammars cannot express "exactly one", so `oneOf` becomes `anyOf`.
    if (key === 'oneOf') return node['anyOf'] === undefined && list !== null ? [['anyOf', each(list)]] : [];
    // Draft 7's tuples.
    if (key === 'items' && list !== null) return [['prefixItems', each(list)]];
    if (key === 'additionalItems') return Array.isArray(node['items']) ? [['items', reduce(given)]] : [];
    const kind = nested.get(key);
    if (kind === 'one') return [[key, reduce(given)]];
    if (kind === 'list' && list !== null) return [[key, each(list)]];
    const named = kind === 'named' ? asObject(given) : null;
    if (named === null) return [[key, given]];
    const made = Object.entries(named).map(([name, inner]) => [name, reduce(inner)] as const);
    return [[key, made.every(([name, inner]) => inner === named[name]) ? named : Object.fromEntries(made)]];
  };

  const made = asObject(reduce(schema));
  return isHopeless ? null : made;
}

/** A pointer through a keyword that is left out or renamed here. */
const brokenPointer = /\/(?:oneOf|not|if|then|else|contains|propertyNames|additionalItems|dependen\w+|items\/\d+)(?:\/|$)/;

/** References outside the schema and patterns with look-around, which servers treat differently. */
function isBeyondGrammar(node: Schema): boolean {
  const [ref, pattern] = [asString(node['$ref']), asString(node['pattern'])];
  if (node['$dynamicRef'] !== undefined || node['$recursiveRef'] !== undefined) return true;
  if (ref !== null && (!ref.startsWith('#') || brokenPointer.test(ref))) return true;
  return pattern !== null && /\(\?[=!<]|\\[1-9k]/.test(pattern);
}
