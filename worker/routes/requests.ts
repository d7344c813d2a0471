/** `/admin/requests`: single requests, why each went where it went and what came of every call. The log answers where there is one. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { clientIdPattern } from '../../shared/headers.ts';
import type { RequestDetail, RequestList } from '../../shared/observed.ts';
import { readRequestQuery, type RequestQuery } from '../core/ledger/request-query.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

type Sources = Pick<Deps, 'logged' | 'pipeline'>;

export function listRequests(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const query = readRequestQuery(new URL(c.req.url).searchParams);
    if (!query.ok) throw new GatewayError({ code: 'invalid_value', ...query.failure });
    return c.json(await list(deps, query.value));
  };
}

export function getRequest(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const id = c.req.param('id') ?? '';
    const found = clientIdPattern.test(id) ? await find(deps, id) : null;
    if (found === null) throw new GatewayError({ code: 'not_found', sentence: 'There is no record of a request with that id.' });
    return c.json(found);
  };
}

/** The newest requests stand in for a log that does not answer. */
async function list({ logged, pipeline }: Sources, query: RequestQuery): Promise<RequestList> {
  const { recent } = pipeline.ledger;
  if (logged === null || query.isRecent) return recent.list(query);
  const page = await logged.list(query).catch(() => null);
  return page ?? { ...(await recent.list(query)), log_down: true };
}

/** The newest have not reached the log yet. */
async function find({ logged, pipeline }: Sources, id: string): Promise<RequestDetail | null> {
  const found = logged === null ? null : await logged.find(id).catch(() => null);
  return found ?? pipeline.ledger.recent.find(id);
}
