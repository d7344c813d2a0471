/** The only place where an error becomes a Response. What is not a `GatewayError` is a mistake of ours: logged, counted, told as little as possible. */
import type { Context } from 'hono';
import { errors, type Failure, GatewayError, retryAfterSeconds, shouldRetry } from '../../shared/errors.ts';
import { headerNames } from '../../shared/headers.ts';
import { encodeMetadataHeader, type RoutingMetadata } from '../../shared/routing-metadata.ts';
import { rateLimitHeaders } from '../core/limits/rate-headers.ts';
import { chatSurface } from '../core/surfaces/chat/chat-surface.ts';
import type { Surface } from '../core/surfaces/surface.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from './context.ts';
import { setSecureHeaders } from './secure-headers.ts';

export function answerErrors(deps: Deps): (error: Error, c: Context<AppEnv>) => Response {
  const { log, ledger } = deps.pipeline;
  /** Where no wire is served, errors have the shape of the one that most clients speak. */
  const surfaceAt = (path: string): Surface => deps.surfaces.find((surface) => surface.path === path) ?? chatSurface;
  return (error, c) => {
    const isOurs = !(error instanceof GatewayError);
    const failure: Failure = isOurs ? { code: 'internal_error' } : error;
    const cause = isOurs ? error : error.cause;
    if (cause !== undefined) log.write(isOurs ? 'error' : 'warn', failure.code, { requestId: c.get('requestId'), cause });
    const routing = c.get('routing');
    // An admitted request is in the ledger already.
    if (c.get('isAdmitted') !== true) ledger.refuse(failure.code, (work) => c.executionCtx.waitUntil(work));
    const response = errorResponse(surfaceAt(c.req.path), failure, routing ?? null);
    const rate = c.get('rate');
    if (rate !== undefined) for (const [name, value] of rateLimitHeaders(rate)) response.headers.set(name, value);
    return response;
  };
}

/** Where there is no app to answer: the set-up has mistakes, or something was thrown that is no error at all. */
export function crashResponse(error: unknown): Response {
  const failure = error instanceof GatewayError ? error : ({ code: 'internal_error' } as const);
  const response = errorResponse(chatSurface, failure, null);
  setSecureHeaders(response.headers);
  response.headers.set(headerNames.requestId, crypto.randomUUID());
  return response;
}

function errorResponse(surface: Surface, failure: Failure, routing: RoutingMetadata | null): Response {
  const headers = new Headers({
    'content-type': 'application/json',
    [headerNames.shouldRetry]: String(shouldRetry(failure.code)),
  });
  const wait = retryAfterSeconds(failure);
  if (wait !== null) headers.set(headerNames.retryAfter, String(wait));
  if (routing !== null) headers.set(headerNames.routingMetadata, encodeMetadataHeader(routing));
  return new Response(surface.writeError(failure, routing), { status: errors[failure.code].status, headers });
}
