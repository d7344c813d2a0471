/** Bodies of `/v1/embeddings`, `/v1/classify` and `/v1/rerank`: what is read of them, and the field that a refusal names. */
import { describe, expect, it } from 'vitest';
import type { PoolingSurface } from '../../../worker/core/surfaces/pooling/pooling-surface.ts';
import { poolingSurfaces } from '../../../worker/core/surfaces/pooling/registry.ts';
import { configWith } from '../../support/fakes/config.ts';

const { limits } = configWith();
const [embeddings, classify, rerank] = ['/v1/embeddings', '/v1/classify', '/v1/rerank'].map(
  (path) => poolingSurfaces.find((surface) => surface.path === path) ?? expect.fail(path),
);
const many = Array.from({ length: limits.max_inputs + 1 }, () => 'x');
const documents = ['a', 'b'];

type Refusal = readonly [surface: PoolingSurface | undefined, body: unknown, param: string | undefined, code?: string];
const refusals: readonly Refusal[] = [
  [embeddings, {}, 'input', 'missing_field'],
  [embeddings, { input: null }, 'input', 'missing_field'],
  [embeddings, { input: '' }, 'input'],
  [embeddings, { input: [] }, 'input'],
  [embeddings, { input: {} }, 'input'],
  [embeddings, { input: 5 }, 'input'],
  [embeddings, { input: ['a', ''] }, 'input.1'],
  [embeddings, { input: ['a', 5] }, 'input.1'],
  [embeddings, { input: ['a', null] }, 'input.1'],
  [embeddings, { input: [null] }, 'input.0'],
  [embeddings, { input: [[]] }, 'input.0'],
  [embeddings, { input: [[1], 'a'] }, 'input.1'],
  [embeddings, { input: [1, -2] }, 'input.1'],
  [embeddings, { input: [1, 2.5] }, 'input.1'],
  [embeddings, { input: [1, 2 ** 31] }, 'input.1'],
  [embeddings, { input: [1, 'a'] }, 'input.1'],
  [
    embeddings,
    {
      input: [
        [1, 2],
        [3, -4],
      ],
    },
    'input.1.1',
  ],
  [embeddings, { input: many }, 'input'],
  [embeddings, { input: 'a', model: 5 }, 'model'],
  [embeddings, { input: 'a', model: '' }, 'model'],
  [embeddings, { input: 'a', encoding_format: 'int8' }, 'encoding_format'],
  [embeddings, { input: 'a', dimensions: 0 }, 'dimensions'],
  [embeddings, { input: 'a', dimensions: 1.5 }, 'dimensions'],
  [embeddings, { input: 'a', dimensions: '384' }, 'dimensions'],
  [embeddings, { input: 'a', truncate_prompt_tokens: -2 }, 'truncate_prompt_tokens'],
  [embeddings, { messages: [{}], input: 'a' }, 'messages', 'unsupported_parameter'],
  [embeddings, { input: 'a', normalize: false }, 'normalize', 'unsupported_parameter'],
  [embeddings, { input: 'a', output_dimension: 128 }, 'output_dimension', 'unsupported_parameter'],
  [embeddings, { input: 'a', embedding_types: ['float', 'int8'] }, 'embedding_types', 'unsupported_parameter'],
  [embeddings, [], undefined, 'invalid_request'],
  [classify, {}, 'input', 'missing_field'],
  [classify, { input: 'a', candidate_labels: [] }, 'candidate_labels'],
  [classify, { input: 'a', candidate_labels: 'b' }, 'candidate_labels'],
  [classify, { input: 'a', candidate_labels: ['b', ' '] }, 'candidate_labels.1'],
  [classify, { input: 'a', candidate_labels: ['b', 'b'] }, 'candidate_labels.1'],
  [classify, { input: [1, 2], candidate_labels: ['b'] }, 'input'],
  [classify, { input: many.slice(1), candidate_labels: ['b', 'c'] }, 'candidate_labels'],
  [classify, { input: 'a', candidate_labels: ['b'], hypothesis_template: 'no place' }, 'hypothesis_template'],
  [classify, { messages: [{}] }, 'messages', 'unsupported_parameter'],
  [classify, { input: 'a', candidate_labels: ['b', 'c'], multi_label: true }, 'multi_label', 'unsupported_parameter'],
  [classify, { input: 'a', use_activation: false }, 'use_activation', 'unsupported_parameter'],
  [rerank, { query: 'a', documents, top_k: 1 }, 'top_k', 'unsupported_parameter'],
  [rerank, { query: 'a', documents, rank_fields: ['title'] }, 'rank_fields', 'unsupported_parameter'],
  [rerank, { documents }, 'query', 'missing_field'],
  [rerank, { query: '', documents }, 'query'],
  [rerank, { query: ['a'], documents }, 'query'],
  [rerank, { query: 'a' }, 'documents', 'missing_field'],
  [rerank, { query: 'a', documents: [] }, 'documents'],
  [rerank, { query: 'a', documents: 'b' }, 'documents'],
  [rerank, { query: 'a', documents: ['b', ''] }, 'documents.1'],
  [rerank, { query: 'a', documents: [{ text: 'b' }, { title: 'c' }] }, 'documents.1'],
  [rerank, { query: 'a', documents: many }, 'documents'],
  [rerank, { query: 'a', documents, top_n: 0 }, 'top_n'],
  [rerank, { query: 'a', documents, return_documents: 'yes' }, 'return_documents'],
];

const wrong = refusals.map(([surface, body, param, code = 'invalid_value']) => {
  const text = JSON.stringify(body);
  return { surface, text, param, code, title: `${surface?.path} ${text.slice(0, 80)}` };
});

describe('a body that is wrong', () => {
  it.each(wrong)('$title names the field', ({ surface, text, param, code }) => {
    const read = surface?.read(text, limits);
    expect(read?.ok === false && { param: read.failure.param, code: read.failure.code }).toEqual({ param, code });
  });
});

describe('a body that is right', () => {
  it.each([
    ['a text', 'a', ['a']],
    ['texts', ['a', 'b'], ['a', 'b']],
    ['tokens', [1, 2], [[1, 2]]],
    ['lists of tokens', [[1, 2], [0]], [[1, 2], [0]]],
  ])('may have %s', (_, input, inputs) => {
    const read = embeddings?.read(
      JSON.stringify({ input, model: null, user: 'u', input_type: 'query', dimensions: null }),
      limits,
    );
    expect(read?.ok === true && read.value).toMatchObject({
      model: null,
      ignored: ['input_type'],
      task: { kind: 'embedding', inputs, encoding: 'float', dimensions: null },
    });
  });

  it.each([
    ['/v1/embeddings', { input: 'a', normalize: true, embedding_types: ['float'], late_chunking: false }],
    ['/v1/classify', { input: 'a', multi_label: false, use_activation: true }],
    ['/v1/rerank', { query: 'a', documents, raw_scores: false, rank_fields: ['text'], constructor: 1 }],
  ])('of %s may say what is done anyway', (path, body) => {
    const read = poolingSurfaces.find((surface) => surface.path === path)?.read(JSON.stringify(body), limits);
    expect(read?.ok).toBe(true);
  });

  it('may have documents as texts and as objects, which come back by relevance', () => {
    const read = rerank?.read(JSON.stringify({ query: 'q', documents: ['a', { text: 'b', id: 1 }, 'c'], top_n: 2 }), limits);
    const frame = { requestId: 'r', created: 1, model: 'm', promptTokens: 9, routing: {} };
    expect(read?.ok === true && JSON.parse(read.value.write(['0.1', '1e-05', '0.90'], frame) ?? '')).toMatchObject({
      results: [
        { index: 2, relevance_score: 0.9, document: { text: 'c' } },
        { index: 0, relevance_score: 0.1, document: { text: 'a' } },
      ],
      usage: { prompt_tokens: 9, total_tokens: 9 },
    });
  });
});
