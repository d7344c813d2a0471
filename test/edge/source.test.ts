/** A model server's stream read in larger pieces, which only the platform's own streams can be. */
import { describe, expect, it } from 'vitest';
import { asItIs } from '../../worker/core/log/known-secrets.ts';
import { createVllm } from '../../worker/core/upstreams/vllm.ts';
import { openSource } from '../../worker/pipeline/answer/source.ts';
import type { Piece } from '../../worker/pipeline/run/opened.ts';

const payloads = Array.from({ length: 40 }, (_, at) => `{"token":${at},"text":"für 10 €"}`);
const writes = [
  ...payloads.map((payload) => new TextEncoder().encode(`data: ${payload}\n\n`)),
  new TextEncoder().encode('data: [DONE]\n\n'),
];

function sourceOf(written: readonly Uint8Array[], ending: 'end' | 'break' | 'none') {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const writing = (async () => {
    for (const bytes of written) await writer.write(bytes);
    if (ending === 'end') await writer.close();
    if (ending === 'break') await writer.abort(new Error('Network connection lost.'));
  })();
  writing.catch(() => undefined);
  return openSource(readable, 10_000, createVllm(asItIs));
}

async function next(source: ReturnType<typeof openSource>): Promise<Piece> {
  const read = await Promise.resolve(source.next()).catch(() => null);
  return source.pieceOf(read);
}

async function readOn(source: ReturnType<typeof openSource>): Promise<Piece[]> {
  const pieces: Piece[] = [];
  do pieces.push(await next(source));
  while (pieces.at(-1)?.kind === 'data');
  return pieces;
}

const payloadsOf = (pieces: readonly Piece[]) => pieces.flatMap((piece) => (piece.kind === 'data' ? piece.payloads : []));

describe('an answer that nobody watches', () => {
  it.each([1, 7, 300, 4096])('is read in pieces of %i bytes and more, and nothing of it is missing', async (leastBytes) => {
    const source = sourceOf(writes, 'end');
    const first = await next(source);
    source.reuseBuffer(() => leastBytes);
    const rest = await readOn(source);
    expect(payloadsOf([first, ...rest])).toEqual([...payloads, '[DONE]']);
    expect(rest.at(-1)?.kind).toBe('eof');
    const bytes = writes.slice(1).reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(rest.length).toBeLessThanOrEqual(Math.ceil(bytes / leastBytes) + 2);
  });

  it('asks for the next piece with what has come of it so far', async () => {
    const source = sourceOf(writes, 'end');
    const told: number[] = [];
    source.reuseBuffer((seenBytes) => {
      told.push(seenBytes);
      return 500;
    });
    await readOn(source);
    expect(told[0]).toBe(0);
    expect(told.slice(1).every((seen, at) => seen >= (told[at] ?? 0) + (at + 2 < told.length ? 500 : 0))).toBe(true);
  });

  it('breaks off as it does in small pieces', async () => {
    const source = sourceOf(writes.slice(0, 10), 'break');
    source.reuseBuffer(() => 4096);
    expect((await readOn(source)).at(-1)?.kind).toBe('reset');
  });

  it('is over when it has said so, or something else comes, or nothing', async () => {
    const ended = sourceOf(writes.slice(0, 1), 'end');
    await next(ended);
    expect(await ended.isEnded()).toBe(true);
    const goesOn = sourceOf(writes.slice(0, 2), 'end');
    await next(goesOn);
    expect(await goesOn.isEnded()).toBe(false);
    const open = sourceOf(writes.slice(0, 1), 'none');
    await next(open);
    const waiting = open.isEnded();
    open.cancel();
    expect(await waiting).toBe(false);
  });
});
