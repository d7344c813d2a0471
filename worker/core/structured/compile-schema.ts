/**
 * Turns a client's JSON Schema into a validator whose work is bounded by the size of the schema and of the answer, or says what
 * in it is not supported. Nothing is fetched, and no regular expression of a client reaches the runtime's backtracking matcher.
 */
import type { LimitsConfig } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { quoteKey, startRun, violate, type Violation } from './check-run.ts';
import { compilePattern, type PatternTest } from './compile-pattern.ts';
import { isObject } from '../../../shared/is-object.ts';
import { sizeOf } from '../json/value.ts';
import { keywordRegistry } from './keyword-registry.ts';
import { createNode, findEndless, maxInPlaceDepth, type KeywordScope, type SchemaNode } from './schema-node.ts';

export interface CompiledSchema {
  /** At most 20 violations; none means valid. */
  validate(value: unknown): readonly Violation[];
  /** What `stream-check.ts` reads beside the validator. */
  readonly root: SchemaNode;
}

export type SchemaLimits = Pick<LimitsConfig, 'max_schema_bytes' | 'max_schema_depth' | 'max_depth'>;

/**
 * Work a validation may do: a base, and a share per value and character of the answer. Hostile schemas end here, in about 50 ms.
 */
export const baseSteps = 100_000;
export const stepsPerCharacter = 32;
/** States all patterns of one schema may take together; about 100 bytes each. */
export const maxPatternStates = 10_000;
const drafts: ReadonlyMap<string, 'current' | 'draft7'> = new Map([
  ['https://json-schema.org/draft/2020-12/schema', 'current'],
  ['https://json-schema.org/draft/2019-09/schema', 'current'],
  ['http://json-schema.org/draft-07/schema', 'draft7'],
]);

/**
 * Compiles a schema of draft 2020-12 (the default), 2019-09 or 7. One set of keywords serves all of them, draft 7 ignores what
 * stands beside a `$ref`. Honoured: all of validation and applicators but what is refused; `format` asserts the values in
 * `string-formats.ts`. Refused: `$ref` that is not a JSON pointer into the same schema, over 100 schemas inside one another or a
 * circle of them for one and the same value, `$id` below the root, `$dynamicRef`, `$recursiveRef`, `unevaluated*` (unless
 * `true`), patterns with look-around or back references, other drafts, keywords whose value has the wrong shape, and schemas over
 * `max_schema_bytes` (UTF-8) or nested more than twice `max_schema_depth` levels of JSON (a level of a schema takes two).
 * Definitions nobody refers to are not read. Unknown keywords are ignored, as the specification says.
 *
 * `param` is where the schema stands in the request: `response_format.json_schema.schema`; a failure's `param` continues it.
 */
export function compileSchema(schema: unknown, limits: SchemaLimits, param: string): Result<CompiledSchema, Failure> {
  const refusal = checkSize(schema, limits);
  if (refusal !== null) return fail({ code: 'unsupported_schema', detail: refusal, param });
  const draft = readDraft(schema);
  if (draft === null) {
    return fail({ code: 'unsupported_schema', detail: 'Use draft 2020-12, 2019-09 or 7.', param: `${param}.$schema` });
  }
  const compiler = createCompiler(schema, draft);
  const root = compiler.compileAll();
  if (compiler.refused.length > 0 || root === null) {
    const [{ path, message } = { path: [], message: 'must be an object or a boolean.' }] = compiler.refused;
    const at = [param, ...path.map(quoteKey)].join('.');
    return fail({ code: 'unsupported_schema', detail: `"${quoteKey(path.at(-1) ?? 'schema')}" ${message}`, param: at });
  }
  return ok({ root, validate: (value) => validate(root, value, limits.max_depth) });
}

function checkSize(schema: unknown, limits: SchemaLimits): string | null {
  if (sizeOf(schema, 2 * limits.max_schema_depth) === null) {
    return `It is nested too deeply; at most ${limits.max_schema_depth} levels are allowed.`;
  }
  const bytes = new TextEncoder().encode(JSON.stringify(schema) ?? '').length;
  return bytes <= limits.max_schema_bytes ? null : `It has ${bytes} bytes; at most ${limits.max_schema_bytes} are allowed.`;
}

function readDraft(schema: unknown): 'current' | 'draft7' | null {
  const uri = isObject(schema) ? schema['$schema'] : undefined;
  if (uri === undefined) return 'current';
  return typeof uri === 'string' ? (drafts.get(uri.replace(/#$/, '')) ?? null) : null;
}

function validate(root: SchemaNode, value: unknown, maxDepth: number): readonly Violation[] {
  const size = sizeOf(value, maxDepth);
  if (size === null) return [{ path: '', message: `must not be nested deeper than ${maxDepth} levels` }];
  const run = startRun(baseSteps + stepsPerCharacter * size);
  try {
    const isValid = root.check(value, run);
    if (run.stepsLeft < 0) return [{ path: '', message: 'takes too much work to check against this schema' }];
    if (isValid) return [];
    if (run.violations.length === 0) violate(run, 'must satisfy the schema');
    return run.violations;
  } catch (error) {
    // A hundred schemas per value times a deep value can use up the stack; anything else is a bug and must show.
    if (error instanceof RangeError) return [{ path: '', message: 'is nested too deeply to check against this schema' }];
    throw error;
  }
}

interface Refusal {
  readonly path: readonly string[];
  readonly message: string;
}

/** Works off a list instead of recursing, so that a long chain of references cannot use up the stack. */
function createCompiler(schema: unknown, draft: 'current' | 'draft7') {
  const refused: Refusal[] = [];
  const waiting: { node: SchemaNode; raw: Readonly<Record<string, unknown>>; path: readonly string[] }[] = [];
  const known = new Map<object, SchemaNode>();
  const patterns = new Map<string, Result<PatternTest, string>>();
  const allowance = { left: maxPatternStates };

  function nodeOf(raw: unknown, path: readonly string[]): SchemaNode {
    const node = (isObject(raw) && known.get(raw)) || createNode();
    if (isObject(raw)) {
      if (!known.has(raw)) waiting.push({ node, raw, path });
      known.set(raw, node);
    } else if (raw === false) {
      node.types = new Set();
      node.checks.push((_value, run) => violate(run, 'must not be present'));
    } else if (raw !== true) {
      refused.push({ path, message: 'must be an object or a boolean.' });
    }
    return node;
  }

  function pattern(source: string): Result<PatternTest, string> {
    const compiled = patterns.get(source) ?? compilePattern(source, allowance);
    patterns.set(source, compiled);
    return compiled;
  }

  function compileNode({ node, raw, path }: (typeof waiting)[number]): void {
    if (raw['$id'] !== undefined && path.length > 0)
      refused.push({ path: [...path, '$id'], message: 'is only supported at the root.' });
    const given = draft === 'draft7' && raw['$ref'] !== undefined ? { $ref: raw['$ref'] } : raw;
    for (const [keyword, value] of Object.entries(given)) {
      const compile = keywordRegistry.get(keyword);
      if (compile === undefined) continue;
      const scope: KeywordScope = {
        schema: given,
        node,
        pattern,
        subschema: (sub, ...subPath) => nodeOf(sub, [...path, ...subPath]),
        reference: (ref) => reference(ref, [...path, '$ref']),
        refuse: (message, ...subPath) => {
          refused.push({ path: subPath.length === 0 ? [...path, keyword] : [...path, ...subPath], message });
          return null;
        },
      };
      const check = compile(value, scope);
      if (check !== null) node.checks.push(check);
    }
  }

  function reference(ref: string, path: readonly string[]): SchemaNode {
    const target = ref.startsWith('#') ? resolvePointer(schema, ref.slice(1)) : null;
    if (target !== null) return nodeOf(target.raw, target.path);
    refused.push({ path, message: 'must be a JSON pointer to a place in the same schema, such as #/$defs/name.' });
    return createNode();
  }

  function compileAll(): SchemaNode | null {
    const root = nodeOf(schema, []);
    for (const item of waiting) {
      compileNode(item);
      if (refused.length > 0) return null;
    }
    const culprit = findEndless(waiting.map(({ node }) => node));
    const endless = waiting.find(({ node }) => node === culprit);
    if (endless === undefined) return root;
    const path = endless.raw['$ref'] === undefined ? endless.path : [...endless.path, '$ref'];
    refused.push({ path, message: `leads back to itself, or through over ${maxInPlaceDepth} schemas, for the same value.` });
    return null;
  }

  return { compileAll, refused };
}

function resolvePointer(schema: unknown, fragment: string): { raw: unknown; path: string[] } | null {
  if (fragment !== '' && !fragment.startsWith('/')) return null;
  const path = fragment.split('/').slice(1).map(decodeSegment);
  let raw = schema;
  for (const key of path) {
    if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, key)) return null;
    raw = Reflect.get(raw, key);
  }
  return { raw, path };
}

function decodeSegment(segment: string): string {
  const plain = segment.replaceAll('~1', '/').replaceAll('~0', '~');
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}
