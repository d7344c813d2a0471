/** The HTTP functions that all stand-ins share: listening on a loopback port, reading a body, answering with JSON. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Refusal } from './refusal.ts';

/** cloudflared keeps idle connections for 90 s; closing them earlier would race with a new request. */
const KEEP_ALIVE_MS = 95_000;
const LOOPBACK = '127.0.0.1';

export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Refuses connections (and cuts the open ones) until told otherwise; the port stays reserved for the way back. */
  setDown(isDown: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Listens on loopback; port 0 takes any free one. Rejects when the port is taken. */
export async function listen(port: number, onRequest: RequestListener): Promise<Listener> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, noDelay: true }, onRequest);
  server.on('clientError', (_error, socket) => socket.destroy());
  await start(server, port);
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${LOOPBACK}:${bound}`,
    port: bound,
    async setDown(isDown) {
      if (isDown && server.listening) await stop(server);
      if (!isDown && !server.listening) await start(server, bound);
    },
    async close() {
      if (server.listening) await stop(server);
    },
  };
}

function start(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** The whole body as text, or null beyond `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    const bytes: Buffer = Buffer.from(part);
    size += bytes.length;
    if (size > maxBytes) return null;
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Sends a refusal, or any other small answer: a string body as it is, anything else as JSON. */
export function reply(response: ServerResponse, { status, body, headers }: Refusal): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const bytes = Buffer.from(text);
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, ...headers });
  response.end(bytes);
}

/** A header's single value. */
export function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? null);
}

/** Fires when the other side has left before the answer was finished. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  if (response.destroyed || response.socket?.destroyed) gone.abort();
  return gone.signal;
}
