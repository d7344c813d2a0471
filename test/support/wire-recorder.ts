/** Stands on the wire before a server and keeps every byte that is sent to it: headers, bodies, whatever a client wrote. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

export interface WireRecorder {
  readonly url: string;
  /** Everything that was sent to the server so far. */
  sent(): string;
  close(): Promise<void>;
}

/** @param origin of the server, on this machine */
export async function recordWire(origin: string): Promise<WireRecorder> {
  const { hostname, port } = new URL(origin);
  const pieces: Buffer[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => open.delete(socket));
    }
    client.on('data', (piece) => pieces.push(Buffer.from(piece)));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Listening on a port of this machine, it has one.
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own}`,
    sent: () => Buffer.concat(pieces).toString('latin1'),
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
