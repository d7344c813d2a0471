/**
 * Compiles the format that a request's answers are checked against, or the failure that names what is not supported.
 */
import type { Failure } from '../../../shared/errors.ts';
import { ok, type Result } from '../../../shared/result.ts';
import type { InnerRequest, StructuredOutputs } from '../request/inner-request.ts';
import { compilePattern, maxPatternStates } from './compile-pattern.ts';
import { compileSchema, type SchemaLimits } from './compile-schema.ts';
import type { AnswerFormat } from './stream-check.ts';

/** `null` when no format was requested, or when it cannot be checked here: a grammar, or an expression with look-around. */
export function compileFormat(
  { answerFormat: format, structuredOutputs: outputs }: Pick<InnerRequest, 'answerFormat' | 'structuredOutputs'>,
  limits: SchemaLimits,
): Result<AnswerFormat | null, Failure> {
  if (format === undefined || format.kind === 'text') return ok(outputs === undefined ? null : textFormat(outputs));
  if (format.kind === 'json_object') return ok({ kind: 'json_object' });
  const at = outputs?.json === undefined ? 'response_format.json_schema.schema' : 'structured_outputs.json';
  const compiled = compileSchema(format.schema, limits, at);
  return compiled.ok ? ok({ kind: 'json_schema', compiled: compiled.value }) : compiled;
}

function textFormat({ choice, regex }: StructuredOutputs): AnswerFormat | null {
  if (choice !== undefined) return { kind: 'choice', choices: choice };
  if (regex === undefined) return null;
  const matches = compilePattern(`^(?:${regex})$`, { left: maxPatternStates });
  return matches.ok ? { kind: 'pattern', matches: matches.value } : null;
}
