import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentFormats } from '../../../shared/rag-bodies.ts';
import { type Chunk, type ChunkOptions, chunksOf } from '../../../worker/core/rag/chunks.ts';

const options: ChunkOptions = { format: 'markdown', maxTokens: 60, overlapTokens: 12 };

function textsOf(text: string, chunks: readonly Chunk[]): string[] {
  return chunks.map(({ start, end }) => text.slice(start, end));
}

const lines = fc.oneof(
  fc.constantFrom(
    '# Title',
    '## Part',
    '### Deeper',
    '```js',
    '```',
    '~~~~',
    '| a | b |',
    '|---|---|',
    '- item',
    '1. first',
    '',
    '   ',
    '---',
  ),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.lorem({ maxCount: 60 }),
);
const documents = fc
  .array(lines, { minLength: 1, maxLength: 60 })
  .chain((all) => fc.constantFrom('\n', '\r\n').map((newline) => all.join(newline)));
const settings = fc.record({
  format: fc.constantFrom(...documentFormats),
  maxTokens: fc.integer({ min: 32, max: 400 }),
  overlapTokens: fc.integer({ min: 0, max: 16 }),
});

describe('chunks of any document', () => {
  it('cover every character, in order, without a gap', () => {
    fc.assert(
      fc.property(documents, settings, (text, chosen) => {
        const chunks = chunksOf(text, chosen);
        let covered = 0;
        for (const { start, end } of chunks) {
          expect(start).toBeLessThanOrEqual(covered);
          expect(end).toBeGreaterThan(covered);
          covered = end;
        }
        expect(covered).toBe(text.length);
      }),
      { numRuns: 500 },
    );
  });

  it('are never larger than they may be, nor cut inside a character', () => {
    fc.assert(
      fc.property(documents, settings, (text, chosen) => {
        for (const { start, end, tokens } of chunksOf(text, chosen)) {
          expect(tokens).toBeLessThanOrEqual(chosen.maxTokens);
          expect(text.slice(start, end).isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('of one endless line stay small', () => {
    const text = '漢'.repeat(5000) + '\n'.repeat(3000) + 'x'.repeat(20_000) + '😀'.repeat(2000);
    const chunks = chunksOf(text, options);
    expect(Math.max(...chunks.map(({ tokens }) => tokens))).toBeLessThanOrEqual(options.maxTokens);
    expect(chunks.at(-1)?.end).toBe(text.length);
  });
});

describe('structure', () => {
  it('gives every chunk the headings above it', () => {
    const text = '# Guide\n\nHello.\n\n## Start\n\nRun it.\n\n### Deep\n\nMore.\n\n## Stop\n\nEnd it.\n';
    const chunks = chunksOf(text, options);
    expect(chunks.map(({ headings }) => headings)).toEqual([
      ['Guide'],
      ['Guide', 'Start'],
      ['Guide', 'Start', 'Deep'],
      ['Guide', 'Stop'],
    ]);
    expect(textsOf(text, chunks)[1]).toBe('## Start\n\nRun it.\n\n');
  });

  it('keeps a heading with what follows it, also where headings follow each other', () => {
    const text = '# A\n## B\n\nText.\n';
    expect(chunksOf(text, options)).toMatchObject([{ start: 0, end: text.length, headings: ['A', 'B'] }]);
  });

  it.each([
    ['a table', '| key | meaning |\n|---|---|\n| a | the first |\n| b | the second |\n'],
    ['a fence', '```sh\necho one\n\n# no heading\necho two\n```\n'],
    ['a list item with its continuation', '- one thing\n  that goes on\n  and on\n'],
  ])('keeps %s whole where it fits', (_, block) => {
    const filler = `${'Some words that fill a chunk nearly to its end, so that what follows has no place in it. '.repeat(2)}\n\n`;
    const text = filler + block;
    const chunks = textsOf(text, chunksOf(text, { ...options, overlapTokens: 0 }));
    expect(chunks.some((chunk) => chunk.includes(block))).toBe(true);
  });

  it('does not take a line of code for a heading', () => {
    const text = '# Real\n\n```sh\n# a comment\n```\n';
    expect(chunksOf(text, options).map(({ headings }) => headings)).toEqual([['Real']]);
  });

  it('repeats the end of a chunk at the beginning of the next of its section', () => {
    const text = Array.from({ length: 40 }, (_, at) => `Sentence number ${at} is here.`).join(' ');
    const chunks = chunksOf(text, { ...options, format: 'text' });
    expect(chunks.length).toBeGreaterThan(3);
    for (const [at, { start }] of chunks.entries()) {
      if (at === 0) continue;
      expect(start).toBeLessThan(chunks[at - 1]?.end ?? 0);
      expect(text.slice(start)).toMatch(/^Sentence number/);
    }
  });

  it('reads plain text without looking for marks', () => {
    const text = '# not a heading\n\n| not | a table |\n';
    expect(chunksOf(text, { ...options, format: 'text' })).toMatchObject([{ headings: [], start: 0, end: text.length }]);
  });
});
