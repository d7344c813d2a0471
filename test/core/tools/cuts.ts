/** Ways to cut a text or a byte stream into pieces, and the simplest reader of SSE frames that copes with them. */
import type { UpstreamDelta } from '../../../worker/core/answer/answer-machine.ts';

/** A small seeded generator of numbers in [0, 1): the same seed cuts the same way everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 0x1_0000_0000;
  };
}

/** Pieces of one to `longest` UTF-16 units. */
export function randomPieces(text: string, random: () => number, longest = 9): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const length = 1 + Math.floor(random() * longest);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

/** Every way to cut a text in two, between any two UTF-16 units. */
export function twoPieceCuts(text: string): string[][] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => [text.slice(0, i + 1), text.slice(i + 1)]);
}

export function sseBytes(deltas: readonly UpstreamDelta[]): Uint8Array {
  const frames = deltas.map((delta) => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`);
  return new TextEncoder().encode(`${frames.join('')}data: [DONE]\n\n`);
}

/** Reads the data of frames from network reads; a read may end anywhere, inside a character too. */
export function readSse(reads: readonly Uint8Array[]): string[] {
  const decoder = new TextDecoder();
  const payloads: string[] = [];
  let rest = '';
  for (const bytes of reads) {
    const frames = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = frames.pop() ?? '';
    payloads.push(...frames.map((frame) => frame.slice('data: '.length)));
  }
  return payloads;
}

export function deltasIn(payloads: readonly string[]): UpstreamDelta[] {
  const chunks = payloads.filter((payload) => payload !== '[DONE]').map((payload) => JSON.parse(payload) as Chunk);
  return chunks.map(({ choices }) => choices[0].delta);
}

interface Chunk {
  readonly choices: readonly [{ readonly delta: UpstreamDelta }];
}
