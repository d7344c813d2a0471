/** Only a public wire's own files know it: what stands between a request and its answer speaks of events, and of no client's words. */
import { describe, expect, it } from 'vitest';
import { filesMatching, importsOf, withoutComments } from '../../../infra/graph/source-files.ts';

const inside = filesMatching(/^worker\/(?:pipeline|core\/(?!surfaces\/)[a-z-]+)\/.*\.ts$/);

describe('what knows no wire', () => {
  it('is there', () => {
    expect(inside.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['worker/core/answer/answer.ts', 'worker/pipeline/chat.ts']),
    );
  });

  it('imports none', () => {
    const known = inside.flatMap((file) => importsOf(file).map(({ target }) => `${file.path} → ${target}`));
    expect(known.filter((line) => /→ worker\/core\/surfaces\/(?!surface\.ts)/.test(line))).toEqual([]);
  });

  it('in the core does not know that there are any', () => {
    const known = inside.filter(({ path }) => path.startsWith('worker/core/')).flatMap((file) => importsOf(file));
    expect(known.filter(({ target }) => target.startsWith('worker/core/surfaces/'))).toEqual([]);
  });

  it('does not read the schema of a body', () => {
    const files = filesMatching(/^worker\/(?!core\/surfaces\/).*\.ts$/);
    const known = files.flatMap((file) => importsOf(file).map(({ target }) => `${file.path} → ${target}`));
    expect(known.filter((line) => line.endsWith('→ shared/chat.ts'))).toEqual([]);
  });

  it.each([
    ['chunks and completions', /chat\.completion/],
    ['the field of a finish reason', /finish_reason/],
    ['the envelope of an error', /\berrorEnvelope\b/],
  ])('does not write %s', (_, pattern) => {
    // Dialects read them, from model servers that speak the same wire.
    const writers = inside.filter(({ path, text }) => !/\/core\/upstreams\//.test(path) && pattern.test(withoutComments(text)));
    expect(writers.map(({ path }) => path)).toEqual([]);
  });
});
