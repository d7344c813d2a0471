/** Follows the requests of some paths through their stages. Mounted only where somebody wants traces. */
import type { MiddlewareHandler } from 'hono';
import { headerNames } from '../../shared/headers.ts';
import type { Tracer } from '../core/ports.ts';
import type { AppEnv } from './context.ts';

export function traced(tracer: Tracer, paths: readonly string[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!paths.includes(c.req.path)) return next();
    const trace = tracer.open(c.req.header(headerNames.traceparent) ?? null, (work) => c.executionCtx.waitUntil(work));
    c.set('trace', trace);
    trace.enter('request-id');
    await next();
    const { status, headers } = c.res;
    // A run ends its own trace, some time after its headers; what never became one ends here.
    if (status < 400 && !headers.has(headerNames.idempotentReplayed)) return;
    const failed = status < 400 ? null : String(status);
    const attributes = {
      'http.request.method': c.req.method,
      'url.path': c.req.path,
      'http.response.status_code': status,
      'pointsman.request_id': c.get('requestId'),
      'error.type': failed,
    };
    trace.end({ name: `${c.req.method} ${c.req.path}`, attributes, isError: status >= 500 });
  };
}
