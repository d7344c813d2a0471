import { describe, expect, it } from 'vitest';
import { asItIs } from '../../worker/core/log/known-secrets.ts';
import { createVllm } from '../../worker/core/upstreams/vllm.ts';
import { openSource } from '../../worker/pipeline/answer/source.ts';
import type { Piece } from '../../worker/pipeline/run/opened.ts';

const payloads = ['{"a":"für 10 €"}', '{"b":"🌍🌍"}', '\uFEFF{"c":1}', '[DONE]'];
const bytes = new TextEncoder().encode(payloads.map((payload) => `data: ${payload}\n\n`).join(''));

async function readAll(parts: readonly Uint8Array[]): Promise<Piece[]> {
  const source = openSource(new Blob([]).stream().pipeThrough(delivering(parts)), 10_000, createVllm(asItIs));
  const pieces: Piece[] = [];
  for (;;) {
    const piece = source.pieceOf(await source.next());
    pieces.push(piece);
    if (piece.kind !== 'data') return pieces;
  }
}

function delivering(parts: readonly Uint8Array[]): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    flush(controller) {
      for (const part of parts) controller.enqueue(part);
    },
  });
}

describe("a model server's stream", () => {
  it('reads the same wherever its bytes are cut in two', async () => {
    for (let at = 1; at < bytes.length; at += 1) {
      const pieces = await readAll([bytes.slice(0, at), bytes.slice(at)]);
      expect(pieces.flatMap((piece) => (piece.kind === 'data' ? piece.payloads : []))).toEqual(payloads);
      expect(pieces.at(-1)?.kind).toBe('eof');
    }
  });

  it('reads the same byte by byte', async () => {
    const pieces = await readAll(Array.from(bytes, (_byte, at) => bytes.slice(at, at + 1)));
    expect(pieces.flatMap((piece) => (piece.kind === 'data' ? piece.payloads : []))).toEqual(payloads);
  });

  it('reads the same with an empty piece in the cut', async () => {
    for (let at = 1; at < bytes.length; at += 1) {
      const pieces = await readAll([bytes.slice(0, at), new Uint8Array(0), bytes.slice(at)]);
      expect(pieces.flatMap((piece) => (piece.kind === 'data' ? piece.payloads : []))).toEqual(payloads);
    }
  });

  it('may pass on as it came only where a piece is whole events', async () => {
    for (let at = 1; at < bytes.length; at += 1) {
      const isBoundary = bytes[at - 1] === 10 && bytes[at - 2] === 10;
      const [first, second] = await readAll([bytes.slice(0, at), bytes.slice(at)]);
      expect(first?.kind === 'data' && first.isVerbatim).toBe(isBoundary);
      expect(second?.kind === 'data' && second.isVerbatim).toBe(isBoundary);
    }
  });
});
