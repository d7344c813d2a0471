/** Compiles a schema into the nodes that `schema-node.ts` describes, and finds what of it is not supported. */
import { isObject } from '../../../shared/is-object.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { violate } from './check-run.ts';
import { compilePattern, maxPatternStates, type PatternTest, type StateAllowance } from './compile-pattern.ts';
import { keywordRegistry } from './keyword-registry.ts';
import { createNode, findEndless, type KeywordScope, maxInPlaceDepth, type SchemaNode } from './schema-node.ts';

export type SchemaDraft = 'current' | 'draft7';

/** What in a schema is not supported, and where it stands. */
export interface Refusal {
  readonly path: readonly string[];
  readonly message: string;
}

interface Waiting {
  readonly node: SchemaNode;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly path: readonly string[];
}

interface Compilation {
  readonly schema: unknown;
  readonly draft: SchemaDraft;
  readonly refused: Refusal[];
  /** A list to work off instead of a recursion, so that a long chain of references cannot use up the stack. */
  readonly waiting: Waiting[];
  readonly known: Map<object, SchemaNode>;
  readonly patterns: Map<string, Result<PatternTest, string>>;
  readonly patternStates: StateAllowance;
}

/** The node of the whole schema, or the first thing in it that is not supported. */
export function compileNodes(schema: unknown, draft: SchemaDraft): Result<SchemaNode, Refusal> {
  const compilation: Compilation = {
    schema,
    draft,
    refused: [],
    waiting: [],
    known: new Map(),
    patterns: new Map(),
    patternStates: { left: maxPatternStates },
  };
  const root = nodeOf(compilation, schema, []);
  for (const item of compilation.waiting) {
    compileNode(compilation, item);
    if (compilation.refused.length > 0) break;
  }
  const refusal = compilation.refused[0] ?? refuseEndless(compilation);
  return refusal === null ? ok(root) : fail(refusal);
}

/** The node of a subschema, which is compiled later. */
function nodeOf({ known, waiting, refused }: Compilation, raw: unknown, path: readonly string[]): SchemaNode {
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

function compileNode(compilation: Compilation, { node, raw, path }: Waiting): void {
  const { draft, refused } = compilation;
  if (raw['$id'] !== undefined && path.length > 0)
    refused.push({ path: [...path, '$id'], message: 'is only supported at the root.' });
  const given = draft === 'draft7' && raw['$ref'] !== undefined ? { $ref: raw['$ref'] } : raw;
  for (const [keyword, value] of Object.entries(given)) {
    const compile = keywordRegistry.get(keyword);
    if (compile === undefined) continue;
    const scope: KeywordScope = {
      schema: given,
      node,
      pattern: (source) => patternOf(compilation, source),
      subschema: (sub, ...subPath) => nodeOf(compilation, sub, [...path, ...subPath]),
      reference: (ref) => referenceOf(compilation, ref, [...path, '$ref']),
      refuse: (message, ...subPath) => {
        refused.push({ path: subPath.length === 0 ? [...path, keyword] : [...path, ...subPath], message });
        return null;
      },
    };
    const check = compile(value, scope);
    if (check !== null) node.checks.push(check);
  }
}

function patternOf({ patterns, patternStates }: Compilation, source: string): Result<PatternTest, string> {
  const compiled = patterns.get(source) ?? compilePattern(source, patternStates);
  patterns.set(source, compiled);
  return compiled;
}

/** The node that a `$ref` points to; `path` is where it stands. */
function referenceOf(compilation: Compilation, ref: string, path: readonly string[]): SchemaNode {
  const target = ref.startsWith('#') ? resolvePointer(compilation.schema, ref.slice(1)) : null;
  if (target !== null) return nodeOf(compilation, target.raw, target.path);
  compilation.refused.push({ path, message: 'must be a JSON pointer to a place in the same schema, such as #/$defs/name.' });
  return createNode();
}

function refuseEndless({ waiting }: Compilation): Refusal | null {
  const culprit = findEndless(waiting.map(({ node }) => node));
  const endless = waiting.find(({ node }) => node === culprit);
  if (endless === undefined) return null;
  const path = endless.raw['$ref'] === undefined ? endless.path : [...endless.path, '$ref'];
  return { path, message: `leads back to itself, or through over ${maxInPlaceDepth} schemas, for the same value.` };
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
