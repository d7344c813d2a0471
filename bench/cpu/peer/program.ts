/** A gateway that is a program of its own, on the gateways' core like the ones in workerd. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../infra/port.ts';
import { cores, pinned, processTree, treeCpuMs } from '../../../infra/rig/process-cpu.ts';

export interface Program {
  readonly command: string;
  /** @param ports free ones: the gateway's, and one more for whatever else it wants to listen on */
  args(ports: { readonly http: number; readonly other: number }): readonly string[];
  /** All that it gets of an environment, besides the search path: it is somebody else's code. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it keeps what it writes. */
  readonly folder: string;
  /** What answers 200 as soon as requests can be served. */
  readonly readyPath: string;
}

export interface RunningProgram {
  readonly url: string;
  /** Of the process and all of its children, ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** A Python program of hundreds of modules takes its time on a busy core. */
const readyWithinMs = 180_000;

/** Rejects with the program's last words when it ends, or does not serve within three minutes. */
export async function startProgram(program: Program): Promise<RunningProgram> {
  const [http, other] = [await freePort(), await freePort()];
  const [command, args] = pinned(cores?.gateway, program.command, program.args({ http, other }));
  const env = { PATH: process.env['PATH'] ?? '', HOME: program.folder, NO_PROXY: '127.0.0.1', ...program.env };
  const child = spawn(command, args, { cwd: program.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4000)));
  const killAll = (): void => {
    for (const pid of processTree(child.pid ?? -1)) kill(pid);
  };
  // A driver that dies must not leave it running.
  process.on('exit', killAll);
  const stop = async (): Promise<void> => {
    const ended = endOf(child);
    killAll();
    await ended;
    process.off('exit', killAll);
  };
  const url = `http://127.0.0.1:${http}`;
  const isServing = await Promise.race([answers(`${url}${program.readyPath}`), endOf(child).then(() => false)]);
  if (!isServing) {
    await stop();
    throw new Error(`${program.command} does not serve:\n${output.slice(-2000)}`);
  }
  return { url, cpuMs: () => treeCpuMs(child.pid ?? 0), stop };
}

async function answers(url: string): Promise<boolean> {
  for (const endAtMs = performance.now() + readyWithinMs; performance.now() < endAtMs;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
      await response.arrayBuffer();
      if (response.ok) return true;
    } catch {
      // Nobody listens yet.
    }
    await sleep(200);
  }
  return false;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
}
