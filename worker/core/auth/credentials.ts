/** Where clients put an API key: OpenAI's header, Anthropic's, Azure's. Does not check whether a key is valid. */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { parseBearer, parseToken } from './bearer.ts';

/** Headers that hold nothing but the key. */
const plainHeaders = ['x-api-key', 'api-key'] as const;

/**
 * The keys that a request carries, in the order in which they are tried: `authorization` first. Clients that require a value there often
 * send a placeholder, so one that cannot be a key does not hide another header. If no header holds a possible key, the failure is the first one's.
 */
export function readCredentials(header: (name: string) => string | undefined): Result<readonly string[], Failure> {
  const read = [
    parseBearer(header('authorization') ?? null),
    ...plainHeaders.map((name) => parseToken(header(name)?.replace(/^bearer /i, '') ?? null)),
  ];
  const tokens = new Set(read.flatMap((result) => (result.ok ? [result.value] : [])));
  if (tokens.size > 0) return ok([...tokens]);
  const failures = read.flatMap((result) => (result.ok ? [] : [result.failure]));
  return fail(failures.find(({ code }) => code !== 'missing_api_key') ?? { code: 'missing_api_key' });
}
