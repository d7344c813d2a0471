/** What every pipe to a client does: the platform's in workerd, and the fake one of the pipeline's tests in Node. */
import { expect, it } from 'vitest';
import type { ClientPipe } from '../../../worker/core/ports.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const soon = (): Promise<'waits'> => new Promise((resolve) => void setTimeout(() => resolve('waits'), 20));

export function pipeSuite(open: () => ClientPipe): void {
  it('hands on what is written, in order, and ends', async () => {
    const pipe = open();
    const read = new Response(pipe.readable).text();
    for (const piece of ['data: 1\n\n', 'data: 2\n\n']) await pipe.write(bytes(piece));
    await pipe.close();
    expect(await read).toBe('data: 1\n\ndata: 2\n\n');
    await expect(pipe.closed).resolves.toBeUndefined();
  });

  it('makes a write wait until the client takes it', async () => {
    const pipe = open();
    const reader = pipe.readable.getReader();
    const written = pipe.write(bytes('a')).then(() => 'written' as const);
    const second = written.then(() => pipe.write(bytes('b'))).then(() => 'written' as const);
    expect(await Promise.race([second, soon()])).toBe('waits');
    await reader.read();
    await reader.read();
    expect(await second).toBe('written');
  });

  it('fails the write that waits, and all later ones, when the client has gone', async () => {
    const pipe = open();
    const reader = pipe.readable.getReader();
    const waiting = Promise.all([pipe.write(bytes('a')), pipe.write(bytes('b'))]);
    waiting.catch(() => undefined);
    await reader.cancel();
    await expect(waiting).rejects.toThrow();
    await expect(pipe.write(bytes('c'))).rejects.toThrow();
    await expect(pipe.closed).resolves.toBeUndefined();
    await expect(pipe.close()).resolves.toBeUndefined();
  });

  it('breaks the answer for its client when it is given up', async () => {
    const pipe = open();
    const reader = pipe.readable.getReader();
    const waiting = Promise.all([pipe.write(bytes('a')), pipe.write(bytes('b'))]);
    waiting.catch(() => undefined);
    pipe.abort();
    await expect(waiting).rejects.toThrow();
    await expect(reader.read().then(() => reader.read())).rejects.toThrow();
    await expect(pipe.closed).resolves.toBeUndefined();
  });
}
