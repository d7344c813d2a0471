/** A real model server as a child process: started, waited for, and stopped with everything it started itself. */
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { comesTrue } from '../rig/waiting.ts';
import { logsIn } from './steps.ts';

export interface ServerCommand {
  /** With its version. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  readonly readyWithinMs: number;
}

export interface ServerProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** How long it gets to end by itself. */
const stopWithinMs = 20_000;

/** Resolves when `/health` answers 200; rejects with the end of its log when it ends before, or takes too long. */
export async function startServer(folder: string, command: ServerCommand, say: (line: string) => void): Promise<ServerProcess> {
  const { name, program, args, env, port, readyWithinMs } = command;
  const path = join(logsIn(folder), `server-${port}.log`);
  const log = openSync(path, 'w');
  // A group of its own: the server has processes of its own, which must end with it, also when this one is killed.
  const child = spawn('nice', ['-n', '5', program, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
    detached: true,
  });
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      hasEnded = true;
      resolve();
    };
    child.once('exit', end).once('error', end);
  });
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // Already gone.
    }
  };
  const killNow = (): void => signal('SIGKILL');
  process.once('exit', killNow);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, stopWithinMs).unref())]);
    killNow();
    process.off('exit', killNow);
  };
  const url = `http://127.0.0.1:${port}`;
  say(`${name} starts on ${url} …`);
  const isUp = (): Promise<boolean> =>
    fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) }).then(
      ({ ok }) => ok,
      () => false,
    );
  const tookMs = await comesTrue(async () => hasEnded || (await isUp()), readyWithinMs, 500);
  if (hasEnded || tookMs === null) {
    await stop();
    throw new Error(
      `${name} ${hasEnded ? 'ended' : 'did not become ready'}. The end of ${path}:\n${readFileSync(path, 'utf8').slice(-3000)}`,
    );
  }
  say(`${name} is ready after ${(tookMs / 1000).toFixed(0)} s`);
  return { url, stop };
}
