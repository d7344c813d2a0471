/**
 * HTTP/1.1 by hand, for what a well-behaved client does not do: hostile headers, bodies that stop half-way, and leaving in the middle of
 * an answer, by reset or by half-close.
 */
import { connect, type Socket } from 'node:net';
import { pause } from './waiting.ts';

export interface RawAnswer {
  /** Of the first answer; 0 when none came. */
  readonly status: number;
  readonly headers: Headers;
  /** The raw body, chunk sizes included. */
  readonly body: string;
  /** Everything that was received, headers included. */
  readonly received: string;
  /** How many answers came over the connection. */
  readonly answers: number;
}

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): string;
  /** Waits until the text received satisfies `isEnough`, or the other side has ended, or the time is over. */
  until(isEnough: (received: string) => boolean, withinMs?: number): Promise<string>;
}

export async function openRaw(url: string, encoding: 'utf8' | 'latin1' = 'utf8'): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const state = { text: '', isOver: false };
  socket.setEncoding(encoding);
  socket.on('data', (part) => void (state.text += part));
  socket.on('close', () => void (state.isOver = true));
  socket.on('end', () => void (state.isOver = true));
  // Some of these tests end with a reset, which the caller sees as the end of the data.
  socket.on('error', () => void (state.isOver = true));
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
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

/** Sends raw bytes and listens until the other side ends the connection, or is silent for a while. */
export async function sendRaw(url: string, bytes: string, withinMs = 3000): Promise<RawAnswer> {
  const connection = await openRaw(url, 'latin1');
  connection.socket.write(bytes, 'latin1');
  let [length, grownAtMs] = [0, 0];
  const isQuiet = (received: string): boolean => {
    if (received.length > length) [length, grownAtMs] = [received.length, performance.now()];
    return length > 0 && performance.now() - grownAtMs > 300;
  };
  const text = await connection.until(isQuiet, withinMs);
  connection.socket.destroy();
  return parseAnswer(text);
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end === -1 ? text.length : end).split('\r\n');
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const body = end === -1 ? '' : text.slice(end + 4);
  const answers = [...text.matchAll(/HTTP\/1\.[01] \d{3}/g)].length;
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body, received: text, answers };
}

/** A chat request; headers given twice are sent twice. */
export function rawChat(key: string, body: string, headers: readonly string[] = []): string {
  const length = `content-length: ${Buffer.byteLength(body)}`;
  const fixed = ['host: gateway.test', `authorization: Bearer ${key}`, 'content-type: application/json', length];
  return ['POST /v1/chat/completions HTTP/1.1', ...fixed, ...headers, '', body].join('\r\n');
}
