/** Bytes to a server over a connection of their own, and what came back: for requests that no well-behaved client would send. */
import { connect } from 'node:net';

export interface RawAnswer {
  /** Of the first answer; 0 when none came. */
  readonly status: number;
  readonly headers: Headers;
  /** Everything that was received, headers included. */
  readonly received: string;
  /** How many answers came over the connection. */
  readonly answers: number;
}

/** Sends and listens until the other side ends, or nothing more has come for a while. */
export function sendRaw(url: string, bytes: string, withinMs = 3000): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(port), hostname);
    const finish = () => {
      clearTimeout(limit);
      clearTimeout(quiet);
      socket.destroy();
      resolve(parse(received));
    };
    const limit = setTimeout(finish, withinMs);
    let quiet: ReturnType<typeof setTimeout> | undefined;
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.write(bytes, 'latin1'));
    socket.on('data', (part: string) => {
      received += part;
      clearTimeout(quiet);
      quiet = setTimeout(finish, 300);
    });
    socket.on('end', finish);
    socket.on('error', finish);
  });
}

function parse(received: string): RawAnswer {
  const end = received.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = received.slice(0, Math.max(0, end)).split('\r\n');
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const answers = [...received.matchAll(/HTTP\/1\.[01] \d{3}/g)].length;
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, received, answers };
}
