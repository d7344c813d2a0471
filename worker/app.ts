/** Every path in one table: who may use it, what answers it. A path that is not in the table does not exist. */
import type { Handler, MiddlewareHandler } from 'hono';
import { HonoBase } from 'hono/hono-base';
import { GatewayError } from '../shared/errors.ts';
import type { Surface } from './core/surfaces/surface.ts';
import type { Scope } from '../shared/key-bodies.ts';
import type { Deps } from './deps.ts';
import { requireAdmin, requireKey, requireMetrics } from './middleware/auth.ts';
import type { AppEnv } from './middleware/context.ts';
import { cors } from './middleware/cors.ts';
import { answerErrors } from './middleware/errors.ts';
import { PathRouter } from './middleware/path-router.ts';
import { absentPaths, answerUnknownPath, routedPath } from './middleware/paths.ts';
import { requestId } from './middleware/request-id.ts';
import { traced } from './middleware/traces.ts';
import { mergeConfig, readConfig, rollbackConfig, setConfig } from './routes/admin-config.ts';
import { fleet } from './routes/admin-fleet.ts';
import { listPods, startPod, stopPod } from './routes/admin-pods.ts';
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
import { countInputTokens, countMessageTokens } from './routes/count-tokens.ts';
import { budgets } from './routes/admin-budgets.ts';
import { deleteDocument, getDocument, listDocuments, putDocuments } from './routes/documents.ts';
import { feed, feedTicket } from './routes/feed.ts';
import { feedback } from './routes/feedback.ts';
import { health, livez, readyz } from './routes/health.ts';
import { metrics } from './routes/metrics.ts';
import { getModel, listModels } from './routes/models.ts';
import { getRequest, listRequests } from './routes/requests.ts';
import { ragQuery } from './routes/rag-query.ts';
import { routeOnly } from './routes/route.ts';
import { routerInfo, stats, statsSeries } from './routes/operations.ts';
import { page } from './routes/pages.ts';
import { poolingRoutes } from './routes/pooling.ts';
import { cancelResponse, deleteResponse, getResponse, listInputItems } from './routes/responses.ts';
import { resumeStream, stopStream } from './routes/streams.ts';
import { usage } from './routes/usage.ts';

/** A scope: a key that has it. `ticket`: what an operator got for a browser, read by the handler. */
type Access = 'open' | 'ticket' | 'key' | 'metrics' | 'admin' | Scope;
type Route = readonly [
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  access: Access,
  handler: (deps: Deps) => Handler<AppEnv>,
];

const routesBesides: readonly Route[] = [
  ...poolingRoutes.map(([path, scope, handler]): Route => ['POST', path, scope, handler]),
  ['POST', '/v1/messages/count_tokens', 'chat', countMessageTokens],
  ['POST', '/v1/responses/input_tokens', 'chat', countInputTokens],
  ['POST', '/v1/route', 'chat', routeOnly],
  ['POST', '/v1/rag/query', 'rag', ragQuery],
  ['POST', '/v1/rag/chat/completions', 'rag', ragQuery],
  ['POST', '/v1/rag/documents', 'documents', putDocuments],
  ['GET', '/v1/rag/documents', 'documents', listDocuments],
  ['GET', '/v1/rag/documents/*', 'documents', getDocument],
  ['DELETE', '/v1/rag/documents/*', 'documents', deleteDocument],
  ['POST', '/v1/feedback', 'feedback', feedback],
  ['GET', '/v1/streams/:id', 'chat', resumeStream],
  ['POST', '/v1/streams/:id/cancel', 'chat', stopStream],
  ['GET', '/v1/responses/:id', 'chat', getResponse],
  ['DELETE', '/v1/responses/:id', 'chat', deleteResponse],
  ['POST', '/v1/responses/:id/cancel', 'chat', cancelResponse],
  ['GET', '/v1/responses/:id/input_items', 'chat', listInputItems],
  ['GET', '/v1/usage', 'usage', usage],
  ['GET', '/v1/models', 'key', listModels],
  ['GET', '/v1/models/*', 'key', getModel],
  ['GET', '/dashboard', 'open', page('dashboard')],
  ['GET', '/playground', 'open', page('playground')],
  ['GET', '/usage', 'open', page('usage')],
  ['GET', '/health', 'open', health],
  ['GET', '/livez', 'open', () => livez],
  ['GET', '/readyz', 'open', readyz],
  ['GET', '/stats', 'admin', stats],
  ['GET', '/stats/series', 'admin', statsSeries],
  ['GET', '/metrics', 'metrics', metrics],
  ['GET', '/router/info', 'admin', routerInfo],
  ['GET', '/admin/fleet', 'admin', fleet],
  ['GET', '/admin/pods', 'admin', listPods],
  ['POST', '/admin/pods/:id/start', 'admin', startPod],
  ['POST', '/admin/pods/:id/stop', 'admin', stopPod],
  ['GET', '/admin/config', 'admin', readConfig],
  ['PUT', '/admin/config', 'admin', setConfig],
  ['POST', '/admin/config', 'admin', mergeConfig],
  ['POST', '/admin/config/rollback', 'admin', rollbackConfig],
  ['GET', '/admin/keys', 'admin', listKeys],
  ['POST', '/admin/keys', 'admin', createKey],
  ['GET', '/admin/keys/:id', 'admin', getKey],
  ['PATCH', '/admin/keys/:id', 'admin', updateKey],
  ['DELETE', '/admin/keys/:id', 'admin', deleteKey],
  ['POST', '/admin/keys/:id/rotate', 'admin', rotateKey],
  ['POST', '/admin/keys/:id/revoke', 'admin', revokeKey],
  ['POST', '/admin/stats/reset', 'admin', resetStats],
  ['GET', '/admin/requests', 'admin', listRequests],
  ['GET', '/admin/requests/:id', 'admin', getRequest],
  ['POST', '/admin/feed/ticket', 'admin', feedTicket],
  ['GET', '/admin/feed', 'ticket', feed],
  ['GET', '/admin/budgets', 'admin', budgets],
  ['GET', '/admin/audit', 'admin', auditLog],
];

/** A path for each public wire, and all others. docs/api.md describes each of them; a test compares. */
export function routesOf(surfaces: readonly Surface[]): readonly Route[] {
  return [...surfaces.map((surface): Route => ['POST', surface.path, 'chat', answers(surface)]), ...routesBesides];
}

export function createApp(deps: Deps): HonoBase<AppEnv> {
  const routes = routesOf(deps.surfaces);
  const closed = new Set(
    routes.filter(([, , access]) => access === 'admin' || access === 'metrics').map(([, path]) => path.split('/')[1]),
  );
  const isClosed = (path: string): boolean => closed.has(/^\/+([^/]*)/.exec(path)?.[1]?.toLowerCase());
  const served = routes.map(([, path]) => path).filter((path) => !isClosed(path));
  const app = new HonoBase<AppEnv>({ router: new PathRouter(), getPath: routedPath(isClosed) });
  const doors: Record<Access, MiddlewareHandler<AppEnv>> = {
    open: (_c, next) => next(),
    ticket: (_c, next) => next(),
    key: requireKey(deps, null),
    chat: requireKey(deps, 'chat'),
    embeddings: requireKey(deps, 'embeddings'),
    classify: requireKey(deps, 'classify'),
    rag: requireKey(deps, 'rag'),
    documents: requireKey(deps, 'documents'),
    feedback: requireKey(deps, 'feedback'),
    usage: requireKey(deps, 'usage'),
    metrics: requireMetrics(deps),
    admin: requireAdmin(deps),
  };
  const answerError = answerErrors(deps);
  app.onError(answerError);
  if (deps.tracer !== null)
    app.use(traced(deps.tracer, [...deps.surfaces.map(({ path }) => path), ...poolingRoutes.map(([path]) => path)]));
  app.use(requestId(deps.pipeline.newId, deps.surfaces));
  const { allowed_origins: origins } = deps.pipeline.config.cors;
  if (origins.length > 0) app.use(cors(origins, isClosed));
  for (const [method, path, access, handler] of routes) app.on(method, path, doors[access], handler(deps));
  for (const [path, detail] of absentPaths)
    app.post(path, (c) => answerError(new GatewayError({ code: 'not_found', detail }), c));
  for (const path of new Set(routes.map(([, path]) => path))) {
    const methods = routes.filter(([, known]) => known === path).map(([method]) => method);
    app.all(path, (c) => {
      const detail = `Use ${methods.join(' or ')}.`;
      const response = answerError(new GatewayError({ code: 'method_not_allowed', detail }), c);
      response.headers.set('allow', methods.join(', '));
      return response;
    });
  }
  // An error thrown here would be answered outside of all middleware, without the headers that every answer must have.
  app.notFound(answerUnknownPath(answerError, served));
  return app;
}
