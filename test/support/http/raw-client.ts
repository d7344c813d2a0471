/**
 * HTTP/1.1 by hand, for what a well-behaved client will not do: hostile headers, bodies that stop half-way, and leaving in the middle of
 * an answer, by reset or by half-close.
 */
import { connect, type Socket } from 'node:net';
import { pause } from './until.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came, chunk sizes included. */
  readonly body: string;
}

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): string;
  /** Waits until the text received satisfies `isEnough`, or the other side has ended, or the time is over. */
  until(isEnough: (received: string) => boolean, withinMs?: number): Promise<string>;
}

export async function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const state = { text: '', isOver: false };
  socket.setEncoding('utf8');
  socket.on('data', (part) => void (state.text += part));
  socket.on('close', () => void (state.isOver = true));
  socket.on('end', () => void (state.isOver = true));
  // A reset is how some of these tests end; the caller sees it as the end of what was received.
  socket.on('error', () => void (state.isOver = true));
  await new Promise((resolve) => socket.once('connect', resolve));
  return {
    socket,
    received: () => state.text,
    async until(isEnough, withinMs = 10_000) {
      const deadline = performance.now() + withinMs;
      while (!state.isOver && !isEnough(state.text) && performance.now() < deadline) await pause(5);
      return state.text;
    },
  };
}

/** Sends `lines` as they are, joined by CRLF, and reads the answer's head and what came with it. */
export async function exchangeRaw(url: string, lines: readonly string[], withinMs?: number): Promise<RawAnswer> {
  const connection = await openRaw(url);
  connection.socket.write(lines.join('\r\n'));
  const text = await connection.until((received) => isWhole(received), withinMs);
  connection.socket.destroy();
  return parseAnswer(text);
}

export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end === -1 ? text.length : end).split('\r\n');
  const headers = new Headers();
  for (const line of lines) headers.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim());
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body: end === -1 ? '' : text.slice(end + 4) };
}

/** A chat request as the lines of `exchangeRaw`; the body goes last, and headers given twice are sent twice. */
export function chatLines(key: string, body: string, headers: readonly string[] = []): string[] {
  const length = `content-length: ${Buffer.byteLength(body)}`;
  const fixed = ['host: gateway.test', `authorization: Bearer ${key}`, 'content-type: application/json', length];
  return ['POST /v1/chat/completions HTTP/1.1', ...fixed, ...headers, '', body];
}

function isWhole(text: string): boolean {
  const { headers, body } = parseAnswer(text);
  if (!text.includes('\r\n\r\n')) return false;
  const length = headers.get('content-length');
  return length === null ? body.endsWith('0\r\n\r\n') : Buffer.byteLength(body) >= Number(length);
}
