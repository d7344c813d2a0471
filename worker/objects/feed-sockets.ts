/**
 * The sockets of the live feed, accepted so that the object may sleep while they stay open. A message is made once for all of them, at most
 * once a second, and none while nothing happens or no socket is open. Opening a socket takes a ticket, valid once and for half a minute.
 */
import type { RoutingAlert } from '../../shared/records.ts';
import type { Counters } from '../core/ledger/counters.ts';
import type { LedgerDelta } from '../core/ledger/delta.ts';
import { addWaiting, feedText, feedWaitMs, isGone, isWaiting, nothingWaits } from '../core/ledger/feed.ts';
import type { RequestLines } from '../core/ledger/request-records.ts';

export const maxSockets = 500;
/** Most unused tickets; beyond this the oldest is dropped. */
const maxTickets = 200;

/** Close codes: 1001, going away; 1008, against the rules. */
const gone = 1001;
const notAllowed = 1008;

/** What a message shows besides requests. */
export interface FeedSums {
  readonly totals: Counters;
  readonly alerts: readonly RoutingAlert[];
}

export class FeedSockets {
  readonly #ctx: DurableObjectState;
  readonly #sums: () => FeedSums;
  #waiting: RequestLines = nothingWaits;
  #sentAtMs = 0;
  #isTimed = false;
  /** Characters sent to each socket since its last message; a missing one was sent none since the object was loaded. */
  readonly #unheard = new WeakMap<WebSocket, { readonly sinceMs: number; readonly chars: number }>();

  constructor(ctx: DurableObjectState, sums: () => FeedSums) {
    this.#ctx = ctx;
    this.#sums = sums;
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS tickets (hash TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) WITHOUT ROWID');
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', '{"type":"pong"}'));
  }

  get isWatched(): boolean {
    return this.#open().length > 0;
  }

  addTicket(hash: string, expiresAtMs: number, nowMs: number): void {
    const { sql } = this.#ctx.storage;
    sql.exec('DELETE FROM tickets WHERE expires_ms <= ?', nowMs);
    sql.exec('INSERT OR REPLACE INTO tickets (hash, expires_ms) VALUES (?, ?)', hash, expiresAtMs);
    sql.exec(
      'DELETE FROM tickets WHERE hash IN (SELECT hash FROM tickets ORDER BY expires_ms DESC LIMIT -1 OFFSET ?)',
      maxTickets,
    );
  }

  /** The client's end of a new socket, or why there is none. A ticket is used up whatever comes of it. */
  open(ticketHash: string, nowMs: number): WebSocket | 'no_ticket' | 'full' {
    const shown = this.#ctx.storage.sql
      .exec<{ expires_ms: number }>('DELETE FROM tickets WHERE hash = ? RETURNING expires_ms', ticketHash)
      .toArray();
    if (!shown.some(({ expires_ms }) => expires_ms > nowMs)) return 'no_ticket';
    if (this.#open().length >= maxSockets) this.#dropGone(nowMs);
    if (this.#open().length >= maxSockets) return 'full';
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    server.serializeAttachment(nowMs);
    return client;
  }

  /** What a batch brought goes out with the next message. */
  offer(delta: LedgerDelta, nowMs: number): void {
    if (!this.isWatched) {
      this.#waiting = nothingWaits;
      return;
    }
    this.#waiting = addWaiting(this.#waiting, delta);
    if (!isWaiting(this.#waiting) || this.#isTimed) return;
    const waitMs = feedWaitMs(this.#sentAtMs, nowMs);
    if (waitMs === 0) return this.#send(nowMs);
    this.#isTimed = true;
    setTimeout(() => {
      this.#isTimed = false;
      this.#send(Date.now());
    }, waitMs);
  }

  /** The feed is read, never written: what a page says besides its pings is a mistake. */
  hear(socket: WebSocket): void {
    close(socket, notAllowed, 'nothing is read here but ping');
  }

  /** The other side has closed it. */
  end(socket: WebSocket): void {
    close(socket, gone, '');
  }

  #send(nowMs: number): void {
    const { totals, alerts } = this.#sums();
    const text = feedText(this.#waiting, totals, alerts);
    this.#waiting = nothingWaits;
    this.#sentAtMs = nowMs;
    this.#dropGone(nowMs);
    for (const socket of this.#open()) {
      try {
        socket.send(text);
        this.#note(socket, text.length);
      } catch {
        close(socket, gone, 'it cannot be reached');
      }
    }
  }

  #note(socket: WebSocket, chars: number): void {
    const sinceMs = this.#heardAtMs(socket);
    const before = this.#unheard.get(socket);
    this.#unheard.set(socket, { sinceMs, chars: chars + (before?.sinceMs === sinceMs ? before.chars : 0) });
  }

  #dropGone(nowMs: number): void {
    for (const socket of this.#open()) {
      const sinceMs = this.#heardAtMs(socket);
      const unheard = this.#unheard.get(socket);
      if (isGone(sinceMs, unheard?.sinceMs === sinceMs ? unheard.chars : 0, nowMs))
        close(socket, gone, 'nothing was heard of it');
    }
  }

  /** Those that are being closed are still among the platform's for a while. */
  #open(): WebSocket[] {
    return this.#ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN);
  }

  /** Pings are answered, and noted, by the platform. */
  #heardAtMs(socket: WebSocket): number {
    const pinged = this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
    return Math.max(pinged, Number(socket.deserializeAttachment() ?? 0));
  }
}

/** One that is closed already needs no more. */
function close(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // It was.
  }
}
