/** Whether a port of the loopback address is free, and otherwise which process has it. */
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';

/** Null when the port is free, else a sentence with the owner and what to do. `command` is shown with another port. */
export async function portTaken(port: number, command: string): Promise<string | null> {
  if (await isFree(port)) return null;
  const next = `${command} --port ${port + 1}`;
  if (await isPointsman(port))
    return `Pointsman is running on port ${port} already. Stop it first, or start another one: ${next}`;
  const owner = ownerOf(port);
  return `Port ${port} is taken by ${owner ?? 'another program'}. Choose another: ${next}`;
}

/** A port of the loopback address that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function isPointsman(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(1000), redirect: 'manual' });
    await response.arrayBuffer();
    return response.headers.has('x-request-id');
  } catch {
    return false;
  }
}

/** `node (pid 4711)`; null without lsof, or when the process belongs to another user. */
function ownerOf(port: number): string | null {
  const { stdout } = spawnSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { encoding: 'utf8', timeout: 3000 });
  const pid = /^p(\d+)$/m.exec(stdout ?? '')?.[1];
  const name = /^c(.+)$/m.exec(stdout ?? '')?.[1];
  return pid === undefined ? null : `${name ?? 'a program'} (pid ${pid})`;
}
