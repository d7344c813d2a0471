/** Every kind of name that may stand in a request's `model` field. */
import { describe, expect, it } from 'vitest';
import { modelIdOf, readModelName } from '../../../worker/core/route/model-names.ts';
import { configWith } from '../../support/fakes/config.ts';

const config = configWith({
  routing: { aliases: { 'gpt-4o': 'auto', 'gpt-4': 'auto:quality', cheap: 'small', house: 'qwen2.5-32b' } },
});

describe('readModelName', () => {
  it.each([
    ['auto', { kind: 'auto', strategy: null }],
    ['auto:cost', { kind: 'auto', strategy: 'cost' }],
    ['auto:latency', { kind: 'auto', strategy: 'latency' }],
    ['auto:quality', { kind: 'auto', strategy: 'quality' }],
    ['small', { kind: 'tier', tier: 'small' }],
    ['large', { kind: 'tier', tier: 'large' }],
    ['vision', { kind: 'tier', tier: 'vision' }],
    ['qwen2.5-7b', { kind: 'model', modelId: 'qwen2.5-7b' }],
    ['Qwen/Qwen2.5-7B-Instruct', { kind: 'model', modelId: 'qwen2.5-7b' }],
    ['Qwen/Qwen2.5-32B-Instruct-AWQ', { kind: 'model', modelId: 'qwen2.5-32b' }],
    ['gpt-4o', { kind: 'auto', strategy: null }],
    ['gpt-4', { kind: 'auto', strategy: 'quality' }],
    ['cheap', { kind: 'tier', tier: 'small' }],
    ['house', { kind: 'model', modelId: 'qwen2.5-32b' }],
  ])('reads %s', (name, value) => {
    expect(readModelName(name, config)).toEqual({ ok: true, value });
  });

  it.each([
    ['claude-haiku-4-5-20251001', { kind: 'tier', tier: 'small' }],
    ['claude-3-5-haiku-latest', { kind: 'tier', tier: 'small' }],
    ['claude-sonnet-4-6', { kind: 'auto', strategy: null }],
    ['claude-', { kind: 'auto', strategy: null }],
    ['claude-opus', { kind: 'tier', tier: 'large' }],
    ['qwen2.5-7b', { kind: 'model', modelId: 'qwen2.5-7b' }],
    ['small', { kind: 'tier', tier: 'small' }],
  ])('reads %s by its own name first, then by the pattern with the most letters', (name, value) => {
    const patterns = { '*-7b': 'large', 'sm*': 'large', 'claude-*haiku*': 'small', 'claude-*': 'auto', 'claude-opus': 'large' };
    expect(readModelName(name, configWith({ routing: { aliases: patterns } }))).toEqual({ ok: true, value });
  });

  it.each(['claude', 'my-claude-x', 'a-b', 'ab'])('finds no pattern in %s', (name) => {
    const aliases = { 'claude-*': 'auto', 'a*-*b': 'auto', 'ab*b': 'auto' };
    const wish = readModelName(name, configWith({ routing: { aliases } }));
    expect(wish.ok).toBe(name === 'a-b');
  });

  it.each([
    'gpt-5',
    'AUTO',
    'auto:',
    'auto:speed',
    ' auto',
    'medium',
    'qwen2.5',
    'Qwen2.5-7B',
    'constructor',
    '__proto__',
    'toString',
    '',
    'x'.repeat(256),
  ])('does not know "%s" and says what it would have understood', (name) => {
    const result = readModelName(name, config);
    expect(result).toMatchObject({ ok: false, failure: { code: 'model_not_found', param: 'model' } });
    const detail = result.ok ? '' : result.failure.detail;
    expect(detail).toBe('Use auto, small, large or one of: qwen2.5-7b, qwen2.5-32b.');
  });

  it.each([
    ['gpt-x', 'The model `gpt-x` does not exist.'],
    ['a`b\n\u0007c', 'The model `a b c` does not exist.'],
    ['y'.repeat(300), `The model \`${'y'.repeat(100)}\` does not exist.`],
  ])('says the unknown name back in one short line: %j', (name, sentence) => {
    expect(readModelName(name, config)).toMatchObject({ ok: false, failure: { sentence } });
  });

  it.each([
    [['qwen2.5-7b'], 'Use auto, small or one of: qwen2.5-7b.'],
    [['gone'], 'None of the models that the key may use is configured.'],
  ])('names nothing that the caller may not use: %j', (allowed, detail) => {
    expect(readModelName('gpt-5', config, new Set(allowed))).toMatchObject({ ok: false, failure: { detail } });
  });
});

describe('a model of another kind', () => {
  const mixed = configWith({
    models: { 'bge-m3': { ...config.models['qwen2.5-7b'], kind: 'embedding', served_name: 'BAAI/bge-m3', tier: 'large' } },
    routing: { aliases: { 'text-embedding-3-small': 'bge-m3' } },
  });

  it.each(['bge-m3', 'BAAI/bge-m3', 'text-embedding-3-small'])('answers no chat, and the field is named: %s', (name) => {
    expect(readModelName(name, mixed)).toEqual({
      ok: false,
      failure: {
        code: 'invalid_value',
        param: 'model',
        sentence: `The model \`${name}\` has kind embedding and does not answer chat completions.`,
        detail: 'Use auto, small, large or one of: qwen2.5-7b, qwen2.5-32b.',
      },
    });
    expect(modelIdOf(name, mixed)).toBe('bge-m3');
  });

  it('is in no tier', () => {
    expect(modelIdOf('large', mixed)).toBe('qwen2.5-32b');
  });
});
