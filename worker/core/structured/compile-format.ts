/**
 * Reads `response_format` of a request: the format its answers are checked against, or the failure that names what is not
 * supported.
 */
import type { ResponseFormat } from '../../../shared/chat.ts';
import type { Failure } from '../../../shared/errors.ts';
import { ok, type Result } from '../../../shared/result.ts';
import { compileSchema, type SchemaLimits } from './compile-schema.ts';
import type { AnswerFormat } from './stream-check.ts';

/** `null` for plain text. */
export function compileFormat(format: ResponseFormat | null, limits: SchemaLimits): Result<AnswerFormat | null, Failure> {
  if (format === null || format.type === 'text') return ok(null);
  if (format.type === 'json_object') return ok({ kind: 'json_object' });
  const compiled = compileSchema(format.json_schema.schema, limits, 'response_format.json_schema.schema');
  return compiled.ok ? ok({ kind: 'json_schema', compiled: compiled.value }) : compiled;
}
