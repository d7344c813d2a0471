/** The client's side of a stream in Node. */
import type { ClientPipe } from '../../../worker/core/ports.ts';

/** Like the Worker's pipe: a write settles when the client has taken the bytes. */
export function openNodePipe(): ClientPipe {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    undefined,
    { highWaterMark: 1 },
    { highWaterMark: 0 },
  );
  const writer = writable.getWriter();
  writer.ready.catch(() => undefined);
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  return {
    readable,
    write: (bytes) => Promise.race([writer.write(bytes), broken.promise]),
    close: () => Promise.race([writer.close(), broken.promise]).catch(() => undefined),
    abort() {
      broken.reject(new Error('aborted'));
      writer.abort().catch(() => undefined);
    },
    closed: Promise.race([writer.closed, broken.promise]).catch(() => undefined),
  };
}
