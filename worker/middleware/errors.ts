/** The only place where an error becomes a Response. Anything but a `GatewayError` is a bug: logged, counted, and hidden from the client. */
import type { Context } from 'hono';
import { errors, type Failure, GatewayError, retryAfterSeconds, shouldRetry } from '../../shared/errors.ts';
import { headerNames } from '../../shared/headers.ts';
import type { ShownRouting } from '../../shared/routing-metadata.ts';
import { rateLimitHeaders } from '../core/limits/rate-headers.ts';
import { routingHeaders } from '../core/doors/routing-headers.ts';
import { chatSurface } from '../core/surfaces/chat/chat-surface.ts';
import { type Surface, surfaceAt } from '../core/surfaces/surface.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from './context.ts';
import { setSecureHeaders } from './secure-headers.ts';

export function answerErrors(deps: Deps): (error: Error, c: Context<AppEnv>) => Response {
  const { log, ledger, requestLog } = deps.pipeline;
  return (error, c) => {
    const isOurs = !(error instanceof GatewayError);
    const failure: Failure = isOurs ? { code: 'internal_error' } : error;
    const cause = isOurs ? error : error.cause;
    if (cause !== undefined) log.write(isOurs ? 'error' : 'warn', failure.code, { requestId: c.get('requestId'), cause });
    const routing = c.get('routing');
    // An admitted request is in the ledger already.
    if (c.get('isAdmitted') !== true) {
      ledger.refuse(failure.code, (work) => c.executionCtx.waitUntil(work));
      requestLog?.refused(failure.code, c.get('requestId'), c.get('trace')?.traceId ?? null);
    }
    // On paths that belong to no surface, errors have the shape of chat completions.
    const response = errorResponse(
      surfaceAt(deps.surfaces, c.req.path) ?? chatSurface,
      failure,
      routing ?? null,
      c.get('requestId'),
    );
    const rate = c.get('rate');
    if (rate !== undefined) for (const [name, value] of rateLimitHeaders(rate)) response.headers.set(name, value);
    return response;
  };
}

/** For errors outside the app: the set-up has mistakes, or a non-Error value was thrown. */
export function crashResponse(error: unknown): Response {
  const failure = error instanceof GatewayError ? error : ({ code: 'internal_error' } as const);
  const id = crypto.randomUUID();
  const response = errorResponse(chatSurface, failure, null, id);
  setSecureHeaders(response.headers);
  response.headers.set(headerNames.requestId, id);
  return response;
}

function errorResponse(surface: Surface, failure: Failure, routing: ShownRouting | null, id: string): Response {
  const headers = new Headers({
    'content-type': 'application/json',
    [headerNames.shouldRetry]: String(shouldRetry(failure.code)),
  });
  const wait = retryAfterSeconds(failure);
  if (wait !== null) headers.set(headerNames.retryAfter, String(wait));
  if (routing !== null) for (const [name, value] of routingHeaders(routing)) headers.set(name, value);
  return new Response(surface.writeError(failure, routing, id), { status: errors[failure.code].status, headers });
}
