/** What differs between model servers is known to their dialects alone. */
import { describe, expect, it } from 'vitest';
import { filesMatching, importsOf, withoutComments } from '../../../infra/graph/source-files.ts';

const worker = filesMatching(/^worker\/.*\.ts$/);
const allModels = /\bconfig\.models\b|\{[^{}]*\bmodels\b[^{}]*\}(?:: Config\b| = (?:\w+\.)*config\b;)/;
const isUpstreams = (path: string): boolean => path.startsWith('worker/core/upstreams/');

describe('the dialects', () => {
  it('are listed in one place, which only the wiring knows', () => {
    const knows = worker.filter((file) => importsOf(file).some(({ target }) => target === 'worker/core/upstreams/registry.ts'));
    expect(knows.map(({ path }) => path)).toEqual(['worker/set-up.ts']);
  });

  it('are known to nobody else by their names', () => {
    const families = worker
      .filter(({ path }) => /^worker\/core\/upstreams\/(?:vllm|openai|anthropic|workers-ai)[\w-]*\.ts$/.test(path))
      .map(({ path }) => path);
    expect(families).toContain('worker/core/upstreams/vllm.ts');
    const outside = worker.filter(({ path }) => !isUpstreams(path));
    const knows = outside.filter((file) => importsOf(file).some(({ target }) => families.includes(target)));
    expect(knows.map(({ path }) => path)).toEqual([]);
  });

  // Clients' doors, middleware and surfaces speak of paths, keys and end marks, too: of those on the other side.
  it.each([
    ['end marks', /\[DONE\]/],
    ['paths', /['"`]\/(?:v\d|metrics|api|health)\b/],
    ['keys', /\bBearer\b|\bauthorization\b|x-api-key/i],
    ['counts', /(?<!\brag\.)\b(?:prompt|completion)_tokens\b/],
  ])('alone know the %s of model servers', (_, pattern) => {
    const speakers = worker.filter(({ text }) => pattern.test(withoutComments(text))).map(({ path }) => path);
    expect(speakers.filter(isUpstreams)).not.toEqual([]);
    const serverSide = /^worker\/(?:io|objects|pipeline|core\/(?:answer|tools|health|route|cost|admission))\//;
    expect(speakers.filter((path) => serverSide.test(path))).toEqual([]);
  });
});

it.each([
  'const a = Object.keys(config.models);',
  'const { models } = deps.config;',
  'function f(asked: Asked, { upstreams, models, routing }: Config): void {}',
])('a walk over models of every kind is noticed: %s', (line) => {
  expect(line).toMatch(allModels);
});

it('routing and the pipeline walk over no models but those that chat', () => {
  const walkers = worker.filter(({ text }) => allModels.test(withoutComments(text))).map(({ path }) => path);
  expect(walkers.length).toBeGreaterThan(0);
  expect(walkers.filter((path) => /^worker\/(?:pipeline|core\/(?:route|classify|cost))\//.test(path))).toEqual([]);
});
