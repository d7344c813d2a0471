/**
 * The live feed: a WebSocket for which a ticket is fetched first, since a browser cannot send a token with one. A socket that breaks is opened
 * again after a growing pause, and until it is back the list of requests is asked for instead.
 */
import type { FeedMessage, FeedTicket, RequestList, RequestRecord } from '../../../shared/observed.ts';
import { type Api, ApiProblem } from './api.ts';
import { pauseBefore } from './pause-before.ts';

/** `polling`: no socket is to be had, so news are a few seconds old. */
export type FeedState = 'connecting' | 'live' | 'polling' | 'offline';

export interface FeedListener {
  onRequests(requests: readonly RequestRecord[], message: FeedMessage | null): void;
  onState(state: FeedState): void;
}

const pollEveryMs = 4000;
/** A silent socket is closed after half a minute. The platform answers these pings without waking the object. */
const pingEveryMs = 10_000;

/** @returns what ends it */
export function openFeed(api: Api, listener: FeedListener): () => void {
  let [isClosed, failures] = [false, 0];
  let socket: WebSocket | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let poll: ReturnType<typeof setTimeout> | undefined;
  let ping: ReturnType<typeof setInterval> | undefined;
  const askList = async (): Promise<void> => {
    clearTimeout(poll);
    try {
      const { requests } = await api.get<RequestList>('/admin/requests?limit=50&source=recent');
      if (isClosed) return;
      listener.onRequests(requests, null);
      if (failures > 0) listener.onState('polling');
    } catch (error) {
      if (!isClosed && failures > 0 && error instanceof ApiProblem && error.kind === 'offline') listener.onState('offline');
    }
    if (!isClosed && failures > 0) poll = setTimeout(() => void askList(), pollEveryMs);
  };
  const onBroken = (): void => {
    clearInterval(ping);
    if (isClosed) return;
    socket = null;
    failures += 1;
    if (failures === 1) void askList();
    retry = setTimeout(() => void connect(), pauseBefore(failures, Math.random()));
  };
  const connect = async (): Promise<void> => {
    try {
      const { ticket } = await api.post<FeedTicket>('/admin/feed/ticket');
      if (isClosed) return;
      socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/admin/feed?ticket=${encodeURIComponent(ticket)}`);
    } catch {
      onBroken();
      return;
    }
    socket.addEventListener('open', () => {
      failures = 0;
      clearTimeout(poll);
      listener.onState('live');
      ping = setInterval(() => socket?.send('ping'), pingEveryMs);
      // What ended while there was no socket.
      void askList();
    });
    socket.addEventListener('message', ({ data }) => {
      const message: FeedMessage = JSON.parse(String(data));
      if (message.type === 'requests') listener.onRequests(message.requests, message);
    });
    socket.addEventListener('close', onBroken);
  };
  listener.onState('connecting');
  void askList();
  void connect();
  return () => {
    isClosed = true;
    clearTimeout(retry);
    clearInterval(ping);
    clearTimeout(poll);
    socket?.close();
  };
}
