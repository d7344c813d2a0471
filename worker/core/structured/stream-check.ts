/**
 * Checks a structured answer while it streams: shows only what is part of one JSON document that may still satisfy its format,
 * and reports as early as is cheap that it cannot. Whole answers go through the same machine, so that both get the same verdict and text.
 */
import { createAnswerReader, type AnswerLimits } from './answer-reader.ts';
import type { StreamCheck, StreamChecked, StreamEnded } from './checked-stream.ts';
import type { CompiledSchema } from './compile-schema.ts';
import type { JsonType } from '../json/value.ts';
import { createNode, withAlways, type SchemaNode } from './schema-node.ts';
import { createTextCheck, type TextFormat } from './text-check.ts';
import { createValueTracker } from './value-tracker.ts';

type JsonFormat =
  | { readonly kind: 'json_object' }
  | { readonly kind: 'json_schema'; readonly compiled: Pick<CompiledSchema, 'validate' | 'root'> };

export type AnswerFormat = JsonFormat | TextFormat;

/**
 * The rules, for both formats of JSON. White space around the document is dropped silently; a code fence, other text around an object or
 * array (up to `max_repair_bytes`), trailing commas and raw control characters in strings are repaired and reported. Refused:
 * text that JSON does not know, NaN and Infinity among it; an answer that breaks off; a second document; a key given twice in one
 * object, because parsers disagree about which one counts; a number beyond the doubles (1e999), which would be read as Infinity.
 * Whole numbers beyond 2^53 stay as written. An answer is at most `max_answer_bytes` long and `max_depth` containers deep. Time
 * and memory are linear in the answer.
 */
export function createStreamCheck(format: AnswerFormat, limits: AnswerLimits): StreamCheck {
  return format.kind === 'choice' || format.kind === 'pattern'
    ? createTextCheck(format, limits)
    : createJsonCheck(format, limits);
}

function createJsonCheck(format: JsonFormat, limits: AnswerLimits): StreamCheck {
  const root = format.kind === 'json_schema' ? format.compiled.root : anyObject();
  const tracker = createValueTracker(root, limits.max_depth);
  const reader = createAnswerReader(tracker, rootTypesOf(root), limits);
  const emitted: string[] = [];

  function feed(text: string): StreamChecked {
    const emit = reader.read(text);
    if (emit !== '') emitted.push(emit);
    return reader.isBroken()
      ? { emit, verdict: 'impossible', violations: tracker.violations }
      : { emit, verdict: 'possible', violations: [] };
  }

  function end(): StreamEnded {
    const isWhole = reader.finish();
    const repairs = reader.repairs();
    if (!isWhole) return { ok: false, emit: '', rest: '', violations: tracker.violations, repairs };
    const text = emitted.join('');
    const value: unknown = JSON.parse(text);
    const violations = format.kind === 'json_schema' ? format.compiled.validate(value) : [];
    if (violations.length > 0) return { ok: false, emit: '', rest: '', violations, repairs };
    return { ok: true, emit: '', text, value, violations: [], repairs };
  }

  return { feed, end };
}

function anyObject(): SchemaNode {
  return { ...createNode(), types: new Set<JsonType>(['object']) };
}

/** The types every schema that must hold for the root allows; null when none of them names types. */
function rootTypesOf(root: SchemaNode): ReadonlySet<JsonType> | null {
  const [first, ...others] = withAlways([root]).flatMap(({ types }) => (types === null ? [] : [types]));
  return first === undefined ? null : new Set([...first].filter((type) => others.every((types) => types.has(type))));
}
