/** Every path on one screen: who may use it, what answers it. A path that is not in the table does not exist. */
import type { Handler, MiddlewareHandler } from 'hono';
import { HonoBase } from 'hono/hono-base';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { GatewayError } from '../shared/errors.ts';
import type { Surface } from './core/surfaces/surface.ts';
import type { Deps } from './deps.ts';
import { requireAdmin, requireKey } from './middleware/auth.ts';
import type { AppEnv } from './middleware/context.ts';
import { cors } from './middleware/cors.ts';
import { answerErrors } from './middleware/errors.ts';
import { answerUnknownPath, routedPath } from './middleware/paths.ts';
import { requestId } from './middleware/request-id.ts';
import {
  auditLog,
  createKey,
  deleteKey,
  getKey,
  listKeys,
  resetStats,
  revokeKey,
  rotateKey,
  updateKey,
} from './routes/admin-keys.ts';
import { answers } from './routes/answers.ts';
import { feedback } from './routes/feedback.ts';
import { health, livez, readyz } from './routes/health.ts';
import { getModel, listModels } from './routes/models.ts';
import { routeOnly } from './routes/route.ts';
import { routerInfo, stats } from './routes/operations.ts';
import { usage } from './routes/usage.ts';

/** `chat`, `feedback` and `usage`: a key with that scope. */
type Access = 'open' | 'key' | 'chat' | 'feedback' | 'usage' | 'admin';
type Route = readonly [
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  access: Access,
  handler: (deps: Deps) => Handler<AppEnv>,
];

const routesBesides: readonly Route[] = [
  ['POST', '/v1/route', 'chat', routeOnly],
  ['POST', '/v1/feedback', 'feedback', feedback],
  ['GET', '/v1/usage', 'usage', usage],
  ['GET', '/v1/models', 'key', listModels],
  ['GET', '/v1/models/*', 'key', getModel],
  ['GET', '/health', 'open', health],
  ['GET', '/livez', 'open', () => livez],
  ['GET', '/readyz', 'open', readyz],
  ['GET', '/stats', 'admin', stats],
  ['GET', '/router/info', 'admin', routerInfo],
  ['GET', '/admin/keys', 'admin', listKeys],
  ['POST', '/admin/keys', 'admin', createKey],
  ['GET', '/admin/keys/:id', 'admin', getKey],
  ['PATCH', '/admin/keys/:id', 'admin', updateKey],
  ['DELETE', '/admin/keys/:id', 'admin', deleteKey],
  ['POST', '/admin/keys/:id/rotate', 'admin', rotateKey],
  ['POST', '/admin/keys/:id/revoke', 'admin', revokeKey],
  ['POST', '/admin/stats/reset', 'admin', resetStats],
  ['GET', '/admin/audit', 'admin', auditLog],
];

/** A path for each public wire, and all others. docs/api.md describes each of them; a test compares. */
export function routesOf(surfaces: readonly Surface[]): readonly Route[] {
  return [...surfaces.map((surface): Route => ['POST', surface.path, 'chat', answers(surface)]), ...routesBesides];
}

export function createApp(deps: Deps): HonoBase<AppEnv> {
  const routes = routesOf(deps.surfaces);
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
  for (const [method, path, access, handler] of routes) app.on(method, path, doors[access], handler(deps));
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
