/** The whole surface on one screen: every path, who may use it, what answers it. A path that is not in the table does not exist. */
import { Hono, type Handler, type MiddlewareHandler } from 'hono';
import { GatewayError } from '../shared/errors.ts';
import type { Deps } from './deps.ts';
import { requireAdmin, requireKey } from './middleware/auth.ts';
import type { AppEnv } from './middleware/context.ts';
import { answerErrors } from './middleware/errors.ts';
import { requestId } from './middleware/request-id.ts';
import { chatCompletions } from './routes/chat-completions.ts';
import { health, livez, readyz } from './routes/health.ts';
import { getModel, listModels } from './routes/models.ts';
import { routerInfo, stats } from './routes/operations.ts';

/** `chat`: a key with that scope. */
type Access = 'open' | 'key' | 'chat' | 'admin';
type Route = readonly [method: 'GET' | 'POST', path: string, access: Access, handler: Handler<AppEnv>];

export function createApp(deps: Deps): Hono<AppEnv> {
  const routes: readonly Route[] = [
    ['POST', '/v1/chat/completions', 'chat', chatCompletions(deps)],
    ['GET', '/v1/models', 'key', listModels(deps)],
    ['GET', '/v1/models/*', 'key', getModel(deps)],
    ['GET', '/health', 'open', health(deps)],
    ['GET', '/livez', 'open', livez],
    ['GET', '/readyz', 'open', readyz(deps)],
    ['GET', '/stats', 'admin', stats(deps)],
    ['GET', '/router/info', 'admin', routerInfo(deps)],
  ];

  const app = new Hono<AppEnv>();
  const doors: Record<Access, MiddlewareHandler<AppEnv>> = {
    open: (_c, next) => next(),
    key: requireKey(deps, null),
    chat: requireKey(deps, 'chat'),
    admin: requireAdmin(deps),
  };
  app.onError(answerErrors(deps));
  app.use(requestId(deps.pipeline.newId));
  for (const [method, path, access, handler] of routes) app.on(method, path, doors[access], handler);
  for (const path of new Set(routes.map(([, known]) => known))) {
    const methods = routes.filter(([, known]) => known === path).map(([method]) => method);
    app.all(path, (c) => {
      c.header('allow', methods.join(', '));
      throw new GatewayError({ code: 'method_not_allowed', detail: `Use ${methods.join(' or ')}.` });
    });
  }
  app.notFound(() => {
    throw new GatewayError({ code: 'not_found' });
  });
  return app;
}
