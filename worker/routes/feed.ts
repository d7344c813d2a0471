/**
 * `/admin/feed`: decisions as they happen, over a WebSocket. A browser cannot send `authorization` there, so an operator gets a ticket first:
 * random, good for one socket within half a minute, and stored as its hash only.
 */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import type { FeedTicket } from '../../shared/observed.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

type Handler = (c: Context<AppEnv>) => Promise<Response>;

const ticketBytes = 24;
const ticketMs = 30_000;
const ticketPattern = /^[0-9a-f]{48}$/;

export function feedTicket(deps: Deps): Handler {
  return async (c) => {
    const ticket = Array.from(deps.randomBytes(ticketBytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
    const expiresAtMs = deps.pipeline.clock.now() + ticketMs;
    await deps.feed.addTicket(await deps.digest(ticket), expiresAtMs);
    return c.json({ ticket, expires_at: new Date(expiresAtMs).toISOString() } satisfies FeedTicket);
  };
}

export function feed(deps: Deps): Handler {
  return async (c) => {
    const origin = c.req.header('origin');
    // Browsers say where a page comes from; what is no browser says nothing.
    if (origin !== undefined && origin !== new URL(c.req.url).origin)
      throw new GatewayError({ code: 'forbidden', detail: 'Another site may not open the feed.' });
    if (c.req.header('upgrade')?.toLowerCase() !== 'websocket')
      throw new GatewayError({ code: 'invalid_request', detail: 'The feed is a WebSocket: ask for `upgrade: websocket`.' });
    const ticket = c.req.query('ticket') ?? '';
    if (!ticketPattern.test(ticket))
      throw new GatewayError({ code: 'invalid_api_key', param: 'ticket', detail: 'A ticket of POST /admin/feed/ticket.' });
    return deps.feed.open(await deps.digest(ticket), (work) => c.executionCtx.waitUntil(work));
  };
}
