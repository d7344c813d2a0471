/** `/v1/responses/:id`: a stored response is read, streamed again from any event on, stopped, forgotten. Its tenant's keys only. */
import type { Context } from 'hono';
import { type Failure, GatewayError } from '../../shared/errors.ts';
import type { KeptPage } from '../core/kept/kept-answer.ts';
import type { KeptPlace } from '../core/kept/ports.ts';
import { readStreamId } from '../core/kept/stream-id.ts';
import { nameInResponseId } from '../core/surfaces/responses/ids.ts';
import { inputItemList, readListQuery } from '../core/surfaces/responses/input-items.ts';
import { keptResponse, storedInput } from '../core/surfaces/responses/kept-items.ts';
import { responsesSurface } from '../core/surfaces/responses/responses-surface.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';
import { resumeStored } from '../pipeline/kept/resume.ts';
import { requestTimers } from '../pipeline/run/request-timers.ts';
import { sent } from './sent.ts';

type Handler = (c: Context<AppEnv>) => Promise<Response>;

interface Stored {
  readonly id: string;
  readonly name: string;
  readonly place: KeptPlace;
  readonly writerId: string;
  readonly page: KeptPage;
}

export function getResponse(deps: Deps): Handler {
  return async (c) => {
    const { stream = 'false', starting_after: after = '-1' } = c.req.query();
    if (stream !== 'true' && stream !== 'false') throw invalid('stream', 'Expected true or false.');
    if (!/^(?:-1|\d{1,9})$/.test(after)) throw invalid('starting_after', 'The sequence_number of the last event that arrived.');
    const { id, page, name, place } = await storedIn(deps, c);
    if (page.isTooLong) throw tooLong(id);
    if (stream === 'false') return c.json(keptResponse(page, name));
    const pipeline = { ...deps.pipeline, timers: requestTimers(deps.pipeline.timers, deps.pipeline.clock) };
    const background = (work: Promise<unknown>): void => c.executionCtx.waitUntil(work);
    // Events are counted from 1 where streams are resumed, and from 0 on this wire.
    const following = { deps: pipeline, place, surface: responsesSurface, background, after: Number(after) + 1 };
    const answer = resumeStored(following, page);
    if (!answer.ok) throw new GatewayError({ ...answer.failure, param: 'starting_after' });
    return sent(answer.value);
  };
}

export function deleteResponse(deps: Deps): Handler {
  return async (c) => {
    const { id, place, writerId, page } = await storedIn(deps, c);
    if (page.ending === null)
      throw new GatewayError({ code: 'conflict', sentence: 'The response is under way: cancel it first.' });
    await reached(deps.pipeline.kept.remove(place, writerId));
    return c.json({ id, object: 'response.deleted', deleted: true });
  };
}

export function cancelResponse(deps: Deps): Handler {
  return async (c) => {
    const { place, writerId } = await storedIn(deps, c);
    await reached(deps.pipeline.kept.cancel(place, writerId));
    const { page, name } = await storedIn(deps, c);
    return c.json(keptResponse(page, name));
  };
}

export function listInputItems(deps: Deps): Handler {
  return async (c) => {
    const query = readListQuery(c.req.query());
    if (!query.ok) throw new GatewayError(query.failure);
    const { page, name } = await storedIn(deps, c);
    const list = inputItemList(storedInput(page) ?? [], name, query.value);
    if (!list.ok) throw new GatewayError(list.failure);
    return c.json(list.value);
  };
}

/** @throws GatewayError 404, the same for one that never was, one that is over, and one of another tenant */
async function storedIn(deps: Deps, c: Context<AppEnv>): Promise<Stored> {
  const id = c.req.param('id') ?? '';
  const name = nameInResponseId(id);
  const stream = name === null ? null : readStreamId(name);
  if (name === null || stream === null || !stream.ok) throw unknown(id);
  const { writerId, id: placeId } = stream.value;
  const place = { tenantId: c.get('key').tenantId, id: placeId };
  const page = await reached(deps.pipeline.kept.read(place, writerId, 0, 0));
  if (page === null || storedInput(page) === null) throw unknown(id);
  return { id, name, place, writerId, page };
}

/** The run goes on for its own client. */
function tooLong(id: string): GatewayError {
  const sentence = `Response '${id}' became longer than is kept of one.`;
  return new GatewayError({ code: 'not_found', param: 'id', sentence });
}

async function reached<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch {
    throw new GatewayError({ code: 'state_unavailable' });
  }
}

function unknown(id: string): GatewayError {
  const failure: Failure = { code: 'not_found', param: 'id', sentence: `Response with id '${id.slice(0, 200)}' not found.` };
  return new GatewayError(failure);
}

function invalid(param: string, detail: string): GatewayError {
  return new GatewayError({ code: 'invalid_value', param, detail });
}
