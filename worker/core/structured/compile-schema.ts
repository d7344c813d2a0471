/**
 * Turns a client's JSON Schema into a validator whose work is bounded by the size of the schema and of the answer, or says what
 * in it is not supported. Nothing is fetched, and no regular expression of a client reaches the runtime's backtracking matcher.
 */
import type { LimitsConfig } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { quoteKey, startRun, violate, type Violation } from './check-run.ts';
import { isObject } from '../../../shared/is-object.ts';
import { sizeOf } from '../json/value.ts';
import { compileNodes, type SchemaDraft } from './schema-compiler.ts';
import type { SchemaNode } from './schema-node.ts';

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
const drafts: ReadonlyMap<string, SchemaDraft> = new Map([
  ['https://json-schema.org/draft/2020-12/schema', 'current'],
  ['https://json-schema.org/draft/2019-09/schema', 'current'],
  ['http://json-schema.org/draft-07/schema', 'draft7'],
]);

/**
 * Compiles a schema of draft 2020-12 (the default), 2019-09 or 7. One set of keywords serves all of them, draft 7 ignores what
 * stands beside a `$ref`. Supported: all of validation and applicators except what is refused; `format` asserts the values in
 * `string-formats.ts`. Refused: `$ref` that is not a JSON pointer into the same schema, over 100 nested schemas or a cycle of schemas
 * for the same value, `$id` below the root, `$dynamicRef`, `$recursiveRef`, `unevaluated*` (unless
 * `true`), patterns with look-around or back references, other drafts, keywords whose value has the wrong shape, and schemas over
 * `max_schema_bytes` (UTF-8) or nested more than twice `max_schema_depth` levels of JSON (a level of a schema takes two).
 * Definitions without a reference are not read. Unknown keywords are ignored, as the specification says.
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
  const compiled = compileNodes(schema, draft);
  if (!compiled.ok) {
    const { path, message } = compiled.failure;
    const at = [param, ...path.map(quoteKey)].join('.');
    return fail({ code: 'unsupported_schema', detail: `"${quoteKey(path.at(-1) ?? 'schema')}" ${message}`, param: at });
  }
  const root = compiled.value;
  return ok({ root, validate: (value) => validate(root, value, limits.max_depth) });
}

function checkSize(schema: unknown, limits: SchemaLimits): string | null {
  if (sizeOf(schema, 2 * limits.max_schema_depth) === null) {
    return `It is nested too deeply; at most ${limits.max_schema_depth} levels are allowed.`;
  }
  const bytes = new TextEncoder().encode(JSON.stringify(schema) ?? '').length;
  return bytes <= limits.max_schema_bytes ? null : `It has ${bytes} bytes; at most ${limits.max_schema_bytes} are allowed.`;
}

function readDraft(schema: unknown): SchemaDraft | null {
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
    // A hundred schemas per value times a deep value can exhaust the stack; any other error is a bug and must surface.
    if (error instanceof RangeError) return [{ path: '', message: 'is nested too deeply to check against this schema' }];
    throw error;
  }
}
