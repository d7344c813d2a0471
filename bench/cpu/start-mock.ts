/** Starts the mock model server as a separate process on the driver's cores, and controls it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath, URL } from 'node:url';
import { MockReply, type Workload } from './mock-upstream.ts';
import { cores, pinned } from '../../infra/rig/process-cpu.ts';

export interface Mock {
  readonly url: string;
  /** The answer to every request from now on; resets the counters. */
  set(workload: Workload): Promise<void>;
  /** Streams left by the other side since `set`. */
  counts(): Promise<MockReply>;
  stop(): void;
}

export async function startMock(): Promise<Mock> {
  const file = fileURLToPath(new URL('mock-upstream.ts', import.meta.url));
  const [command, args] = pinned(cores?.driver, process.execPath, [file, '--serve']);
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.on('exit', (code) => {
    if (code !== null && code !== 0) throw new Error('the mock model server has ended');
  });
  const reply = async (): Promise<MockReply> => MockReply.parse((await once(child, 'message'))[0]);
  /** One order at a time, so the next message is its answer. */
  const order = (workload: Workload | null): Promise<MockReply> => {
    child.send({ workload });
    return reply();
  };
  const { port } = await reply();
  return {
    url: `http://127.0.0.1:${port}`,
    set: async (workload) => void (await order(workload)),
    counts: () => order(null),
    stop: () => void child.kill(),
  };
}
