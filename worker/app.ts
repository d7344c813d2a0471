/** The whole surface on one screen: every path, who may use it, what answers it. A path that is not in the table does not exist. */
import type { Handler, MiddlewareHandler } from 'hono';
import { HonoBase } from 'hono/hono-base';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { GatewayError } from '../shared/errors.ts';
import type { Deps } from './deps.ts';
import { requireAdmin, requireKey } from './middleware/auth.ts';
import type { AppEnv } from './middleware/context.ts';
import { cors } from './middleware/cors.ts';
import { answerErrors } from './middleware/errors.ts';
import { answerUnknownPath, routedPath } from './middleware/paths.ts';
import { requestId } from './middleware/request-id.ts';
import { auditLog, createKey, listKeys, resetStats, revokeKey, rotateKey } from './routes/admin-keys.ts';
import { chatCompletions } from './routes/chat-completions.ts';
import { feedback } from './routes/feedback.ts';
import { health, livez, readyz } from './routes/health.ts';
import { getModel, listModels } from './routes/models.ts';
import { routeOnly } from './routes/route.ts';
import { routerInfo, stats } from './routes/operations.ts';
import { usage } from './routes/usage.ts';

/** `chat`, `feedback` and `usage`: a key with that scope. */
type Access = 'open' | 'key' | 'chat' | 'feedback' | 'usage' | 'admin';
type Route = readonly [method: 'GET' | 'POST', path: string, access: Access, handler: Handler<AppEnv>];

export function createApp(deps: Deps): HonoBase<AppEnv> {
  const routes: readonly Route[] = [
    ['POST', '/v1/chat/completions', 'chat', chatCompletions(deps)],
    ['POST', '/v1/route', 'chat', routeOnly(deps)],
    ['POST', '/v1/feedback', 'feedback', feedback(deps)],
    ['GET', '/v1/usage', 'usage', usage(deps)],
    ['GET', '/v1/models', 'key', listModels(deps)],
    ['GET', '/v1/models/*', 'key', getModel(deps)],
    ['GET', '/health', 'open', health(deps)],
    ['GET', '/livez', 'open', livez],
    ['GET', '/readyz', 'open', readyz(deps)],
    ['GET', '/stats', 'admin', stats(deps)],
    ['GET', '/router/info', 'admin', routerInfo(deps)],
    ['GET', '/admin/keys', 'admin', listKeys(deps)],
    ['POST', '/admin/keys', 'admin', createKey(deps)],
    ['POST', '/admin/keys/:id/rotate', 'admin', rotateKey(deps)],
    ['POST', '/admin/keys/:id/revoke', 'admin', revokeKey(deps)],
    ['POST', '/admin/stats/reset', 'admin', resetStats(deps)],
    ['GET', '/admin/audit', 'admin', auditLog(deps)],
  ];

  const closed = new Set(routes.filter(([, , access]) => access === 'admin').map(([, path]) => path.split('/')[1]));
  const isClosed = (path: string): boolean => closed.has(/^\/+([^/]*)/.exec(path)?.[1]?.toLowerCase());
  const served = routes.map(([, path]) => path).filter((path) => !isClosed(path));
  // The one router that Hono's default would choose anyway. The smaller ones take a path with a slash at its end for the path without.
  const app = new HonoBase<AppEnv>({ router: new RegExpRouter(), getPath: routedPath(isClosed) });
  const doors: Record<Access, MiddlewareHandler<AppEnv>> = {
    open: (_c, next) => next(),
    key: requireKey(deps, null),
    chat: requireKey(deps, 'chat'),
    feedback: requireKey(deps, 'feedback'),
    usage: requireKey(deps, 'usage'),
    admin: requireAdmin(deps),
  };
  const answerError = answerErrors(deps);
  app.onError(answerError);
  app.use(requestId(deps.pipeline.newId));
  const { allowed_origins: origins } = deps.pipeline.config.cors;
  if (origins.length > 0) app.use(cors(origins, isClosed));
  for (const [method, path, access, handler] of routes) app.on(method, path, doors[access], handler);
  for (const path of new Set(routes.map(([, known]) => known))) {
    const methods = routes.filter(([, known]) => known === path).map(([method]) => method);
    app.all(path, (c) => {
      const detail = `Use ${methods.join(' or ')}.`;
      const response = answerError(new GatewayError({ code: 'method_not_allowed', detail }), c);
      response.headers.set('allow', methods.join(', '));
      return response;
    });
  }
  // Thrown here, the error would be answered outside of every middleware, without the headers that each answer must have.
  app.notFound(answerUnknownPath(answerError, served));
  return app;
}
