/** A TCP proxy before a PostgreSQL server that holds statements back, for tests of what a slow database does. */
import { createServer, connect, type Socket } from 'node:net';
import { pause } from '../rig/waiting.ts';

export interface SlowProxy {
  /** The server's address by way of the proxy. */
  readonly url: string;
  /** Every statement that begins from now on waits so long before the server hears of it. */
  setDelay(ms: number): void;
  /** Statements that are being held back. */
  held(): number;
  stop(): Promise<void>;
}

/** The first byte of a message that begins a statement: Parse of the extended protocol, Query of the simple one. */
const statement: ReadonlySet<number | undefined> = new Set(['P'.charCodeAt(0), 'Q'.charCodeAt(0)]);

export async function startSlowProxy(serverUrl: string): Promise<SlowProxy> {
  const { port } = new URL(serverUrl);
  const open = new Set<Socket>();
  let delayMs = 0;
  let held = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1');
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          open.delete(socket);
          client.destroy();
          upstream.destroy();
        });
    }
    let order = Promise.resolve();
    client.on('data', (bytes) => {
      order = order.then(async () => {
        if (statement.has(bytes[0]) && delayMs > 0) {
          held += 1;
          await pause(delayMs);
          held -= 1;
        }
        if (!upstream.destroyed) upstream.write(bytes);
      });
    });
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = Object.assign(new URL(serverUrl), { port: String(address.port) }).href;
  return {
    url,
    setDelay: (ms) => (delayMs = ms),
    held: () => held,
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
