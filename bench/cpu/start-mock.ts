/** Starts the mock model server as a process of its own on the driver's cores, and gives it its orders. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type * as z from 'zod';
import { type MockCounts, MockReply, type Workload } from './mock-upstream.ts';
import { cores, pinned } from './process-cpu.ts';

export interface Mock {
  readonly url: string;
  /** What every request is answered with from now on. */
  set(workload: Workload): Promise<void>;
  counts(): Promise<MockCounts>;
  stop(): void;
}

export async function startMock(): Promise<Mock> {
  const [command, args] = pinned(cores?.driver, process.execPath, [
    fileURLToPath(new URL('mock-upstream.ts', import.meta.url)),
    '--serve',
  ]);
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  /** One order at a time, so the next message is its reply. */
  const next = <Wanted extends z.infer<typeof MockReply>['reply']>(wanted: Wanted) =>
    new Promise<Extract<z.infer<typeof MockReply>, { reply: Wanted }>>((resolve, reject) => {
      child.once('message', (message) => {
        const parsed = MockReply.parse(message);
        if (isReply(parsed, wanted)) resolve(parsed);
        else reject(new Error(`the mock said ${parsed.reply} instead of ${wanted}`));
      });
      child.once('exit', () => reject(new Error('the mock model server has ended')));
    });
  const { port } = await next('listening');
  return {
    url: `http://127.0.0.1:${port}`,
    async set(workload) {
      child.send({ order: 'set', workload });
      await next('set');
    },
    async counts() {
      child.send({ order: 'count' });
      return (await next('counts')).counts;
    },
    stop: () => void child.kill(),
  };
}

function isReply<Wanted extends z.infer<typeof MockReply>['reply']>(
  message: z.infer<typeof MockReply>,
  wanted: Wanted,
): message is Extract<z.infer<typeof MockReply>, { reply: Wanted }> {
  return message.reply === wanted;
}
