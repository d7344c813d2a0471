/** From an untrusted body to a JSON object, before anything looks at what is in it. */
import type { LimitsConfig } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { isObject } from '../../../shared/is-object.ts';
import { exceedsDepth } from '../json/depth.ts';
import { jsonFault } from '../json/fault.ts';

/** Text → a JSON object no deeper than allowed. */
export function parseJsonObject(text: string, limits: LimitsConfig): Result<Record<string, unknown>, Failure> {
  if (text.trim() === '') return fail({ code: 'invalid_json', detail: 'The body is empty.' });
  if (exceedsDepth(text, limits.max_depth)) {
    return fail({ code: 'request_too_complex', detail: `At most ${limits.max_depth} levels of nesting are allowed.` });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const detail = jsonFault(text);
    return fail({ code: 'invalid_json', ...(detail === null ? {} : { detail }) });
  }
  if (!isObject(value)) return fail({ code: 'invalid_request', detail: 'The body must be a JSON object.' });
  return ok(value);
}
