/** Writes to a client that may have left, which only a failing write shows. */
import type { ClientPipe } from '../../core/ports.ts';
import { clientLeft, type Parts } from '../run/run.ts';

export type Leaving = Parts<'deps' | 'asked' | 'tried' | 'client'>;

/** A client that does not take the end of its answer for this long counts as gone. */
const stuckClientMs = 60_000;

export async function deliver(run: Leaving, pipe: ClientPipe, bytes: Uint8Array): Promise<void> {
  const cancel = run.deps.timers.once(stuckClientMs, () => pipe.abort());
  try {
    await pipe.write(bytes);
  } catch (error) {
    clientLeft(run);
    throw error;
  } finally {
    cancel();
  }
}

/** While something is awaited and the headers are out: pings keep the connection alive and find out whether the client is there. */
export async function pinging<T>(
  run: Leaving,
  pipe: ClientPipe,
  work: Promise<T>,
  everyMs: number,
  ping: () => Uint8Array,
): Promise<T> {
  const stop = run.deps.timers.every(everyMs, () => {
    pipe.write(ping()).catch(() => clientLeft(run));
  });
  try {
    return await work;
  } finally {
    stop();
  }
}
