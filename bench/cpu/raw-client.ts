/**
 * A cheap HTTP client: one keep-alive connection over node:net, one request at a time, answers counted and discarded unless asked for.
 * Understands only Content-Length and chunked bodies as workerd writes them.
 */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** From the first byte written to the first byte of the body. */
  readonly firstByteMs: number;
  /** Head and body as they came, chunk framing included; empty unless `keep` was set. */
  readonly text: string;
}

export interface Connection {
  /** @param onBytes sees every read, head included */
  send(request: Uint8Array, options?: { readonly keep?: boolean; onBytes?(bytes: Buffer): void }): Promise<RawAnswer>;
  close(): void;
}

interface ChatTarget {
  readonly url: string;
  /** What this one is told besides. */
  readonly headers: Readonly<Record<string, string>>;
}

const lastChunk = Buffer.from('\r\n0\r\n\r\n');

/** A request for `POST /v1/chat/completions`. */
export function chatRequest({ url, headers }: ChatTarget, key: string, body: object): Buffer {
  const text = JSON.stringify(body);
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: ${new URL(url).host}\r\nauthorization: Bearer ${key}\r\n${own.join('')}` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

export function openConnection(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve({ send: (request, options) => send(socket, request, options ?? {}), close: () => void socket.destroy() });
    });
  });
}

function send(
  socket: Socket,
  request: Uint8Array,
  { keep = false, onBytes }: { readonly keep?: boolean; onBytes?(bytes: Buffer): void },
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    let head: Buffer | null = Buffer.alloc(0);
    let status = 0;
    let bodyBytesLeft: number | null = null;
    let firstByteMs = Number.NaN;
    let tail: Buffer = Buffer.alloc(0);
    const kept: Buffer[] = [];
    const finish = (error: Error | null): void => {
      socket.off('data', onData).off('close', onClose).off('error', onError);
      if (error === null) resolve({ status, firstByteMs, text: Buffer.concat(kept).toString() });
      else reject(error);
    };
    const onClose = (): void => finish(new Error('the connection was closed before the answer ended'));
    const onError = (error: Error): void => finish(error);
    const onData = (bytes: Buffer): void => {
      if (keep) kept.push(bytes);
      onBytes?.(bytes);
      let body = bytes;
      if (head !== null) {
        head = Buffer.concat([head, bytes]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        const text = head.toString('latin1', 0, end).toLowerCase();
        status = Number(text.slice(9, 12));
        const length = /\r\ncontent-length: (\d+)/.exec(text)?.[1];
        bodyBytesLeft = length === undefined ? null : Number(length);
        body = head.subarray(end + 4);
        head = null;
        if (body.length === 0 && bodyBytesLeft !== 0) return;
      }
      if (Number.isNaN(firstByteMs)) firstByteMs = performance.now() - startedAt;
      if (bodyBytesLeft === null) {
        tail = Buffer.concat([tail, body.subarray(-lastChunk.length)]).subarray(-lastChunk.length);
        if (tail.equals(lastChunk)) finish(null);
      } else {
        bodyBytesLeft -= body.length;
        if (bodyBytesLeft <= 0) finish(null);
      }
    };
    if (socket.destroyed) {
      reject(new Error('the connection is closed'));
      return;
    }
    socket.on('data', onData).on('close', onClose).on('error', onError);
    socket.write(request);
  });
}
