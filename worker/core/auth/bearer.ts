/** Reads the token out of an `Authorization` header. Does not check whether the token is valid. */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';

const minTokenChars = 16;
const maxTokenChars = 512;
/** The scheme in any case, one space, printable ASCII. Two headers joined by a comma hold a second space and do not match. */
const bearerPattern = /^bearer ([\x21-\x7e]+)$/i;
/** Said for a key without a scheme, another scheme, or `Bearer` twice. */
const howTo = 'The header must read "Authorization: Bearer <key>", with one space.';
const tokenPattern = /^[\x21-\x7e]+$/;

/**
 * The token of `Authorization: Bearer <token>`, 16 to 512 printable ASCII characters. Without a header `missing_api_key`, else
 * `invalid_api_key`: another scheme, white space in or around the token, control characters, a wrong length.
 */
export function parseBearer(header: string | null): Result<string, Failure> {
  if (header === null || header === '') return fail({ code: 'missing_api_key' });
  // A longer header is rejected without running the pattern.
  const token = header.length > maxTokenChars + 'bearer '.length ? header : bearerPattern.exec(header)?.[1];
  return token === undefined ? fail({ code: 'invalid_api_key', detail: howTo }) : parseToken(token);
}

/** A token that stands alone in a header, by the same rules. */
export function parseToken(text: string | null): Result<string, Failure> {
  if (text === null || text === '') return fail({ code: 'missing_api_key' });
  const isToken = text.length >= minTokenChars && text.length <= maxTokenChars && tokenPattern.test(text);
  return isToken ? ok(text) : fail({ code: 'invalid_api_key' });
}
