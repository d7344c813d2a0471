/** Turns the first zod issue into the failure a client reads: the field, its value, what was expected. */
import type { Failure } from '../../../shared/errors.ts';
import type * as z from '../../../shared/zod.ts';

type Issue = z.core.$ZodIssue;

/** Keys in a path may be the client's own and as long as the body. */
const maxParamChars = 200;

/**
 * @param input the whole body, to tell a missing field from a wrong one
 * @param at where in it the parsed part stands
 */
export function shapeFailure(error: z.core.$ZodError, input: unknown, at: readonly PropertyKey[]): Failure {
  const issue = error.issues[0];
  if (issue === undefined) return { code: 'invalid_request' };
  if (issue.code === 'unrecognized_keys') return unknownField([...at, ...issue.path, ...issue.keys.slice(0, 1)]);
  const { path, message } = innermost(issue, at);
  if (path.length === 0) return { code: 'invalid_request', detail: `${message}.` };
  const param = path.map(String).join('.').slice(0, maxParamChars);
  if (valueAt(input, path) === undefined) return { code: 'missing_field', param, detail: `${param} is required.` };
  return { code: 'invalid_value', param, detail: `${param}: ${message}.` };
}

function unknownField(path: readonly PropertyKey[]): Failure {
  const param = path.map(String).join('.').slice(0, maxParamChars);
  return { code: 'invalid_value', param, detail: `${param} is not a known field.` };
}

/** For unions: the issue of the branch that got furthest, since that is the one the client meant. */
function innermost(issue: Issue, prefix: readonly PropertyKey[]): { path: readonly PropertyKey[]; message: string } {
  const path = [...prefix, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return { path, message: issue.message.replace(/\.$/, '') };
  const branches = issue.errors.map((issues) => issues[0]).filter((first) => first !== undefined);
  const best = branches.reduce<Issue | undefined>(
    (a, b) => (a === undefined || b.path.length > a.path.length ? b : a),
    undefined,
  );
  if (best !== undefined && best.path.length > 0) return innermost(best, path);
  const expected = branches.map((branch) => branch.message.replace(/\.$/, ''));
  return { path, message: expected.length > 0 ? [...new Set(expected)].join('; or ') : issue.message };
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || typeof key === 'symbol') return undefined;
    value = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  }
  return value;
}
