/** Paths in other spellings, and the answer to those that do not exist. */
import type { Context } from 'hono';
import { getPath } from 'hono/utils/url';
import { GatewayError } from '../../shared/errors.ts';
import { meantPath, tidyPath } from '../core/doors/paths.ts';
import type { AppEnv } from './context.ts';

/** Paths of the published APIs that would match another one, with what to do without them. */
export const absentPaths: ReadonlyMap<string, string> = new Map([
  ['/v1/responses/compact', 'Conversations are not shortened here; the client has to do it itself.'],
]);

/** The path that the router matches: without surplus slashes, except for operators' paths. */
export function routedPath(isClosed: (path: string) => boolean): (request: Request) => string {
  return (request) => tidyPath(getPath(request), isClosed);
}

/** 404, with the path that was probably meant. */
export function answerUnknownPath(
  answerError: (error: Error, c: Context<AppEnv>) => Response,
  served: readonly string[],
): (c: Context<AppEnv>) => Response {
  return (c) => {
    const meant = meantPath(c.req.path, served);
    if (meant === null) return answerError(new GatewayError({ code: 'not_found' }), c);
    const base = baseHint(meant);
    return answerError(new GatewayError({ code: 'not_found', detail: `Did you mean ${meant}?${base}` }), c);
  };
}

function baseHint(path: string): string {
  if (path.startsWith('/v1/messages')) return ' The base URL for Anthropic’s clients ends without /v1.';
  return path.startsWith('/v1/') ? ' The base URL for OpenAI’s clients ends with /v1.' : '';
}
