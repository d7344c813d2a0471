/** The live feed's door: tickets and sockets of the ledger root. */
import { GatewayError } from '../../shared/errors.ts';
import { feedTicketHeader } from '../core/ledger/feed.ts';
import type { LedgerObjectBase } from '../objects/ledger-object.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

export interface FeedClient {
  /** Lets one socket in that shows the ticket of this hash in time. */
  addTicket(hashHex: string, expiresAtMs: number): Promise<void>;
  /** The answer that makes a request a socket. Throws where there is none to be had. */
  open(ticketHashHex: string, background: (work: Promise<unknown>) => void): Promise<Response>;
}

export function createFeedClient(namespace: Namespace<LedgerObjectBase>, shardCount: number): FeedClient {
  const root = () => namespace.getByName('root');
  return {
    async addTicket(hashHex, expiresAtMs) {
      await callObject(root, async (ledger) => ledger.addTicket(hashHex, expiresAtMs), { attempts: 3, pauseMs: 50 });
    },

    async open(ticketHashHex, background) {
      const headers = { upgrade: 'websocket', [feedTicketHeader]: ticketHashHex };
      // Once: a ticket that was shown is used up.
      const opened = await callObject(root, (ledger) => ledger.fetch('https://ledger/feed', { headers }), {
        attempts: 1,
        pauseMs: 0,
      });
      if (opened.status === 401) {
        throw new GatewayError({ code: 'invalid_api_key', detail: 'The ticket is unknown, was used, or has expired.' });
      }
      const { webSocket } = opened;
      if (webSocket === null) {
        throw new GatewayError({
          code: 'rate_limit_exceeded',
          detail: 'As many feeds are open as may be.',
          retryAfterMs: 10_000,
        });
      }
      // Shards learn of a reader when they pass on; these learn it at once.
      const shards = Array.from({ length: shardCount }, (_, index) => () => namespace.getByName(`shard:${index}`));
      background(
        Promise.allSettled(
          shards.map((shard) => callObject(shard, async (ledger) => ledger.watch(), { attempts: 1, pauseMs: 0 })),
        ),
      );
      return new Response(null, { status: 101, webSocket });
    },
  };
}
