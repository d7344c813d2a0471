import { describe, expect, it } from 'vitest';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { createVllm } from '../../../worker/core/upstreams/vllm.ts';

const { pooling = expect.fail() } = createVllm(asItIs);
const embedding = { kind: 'embedding', inputs: ['a', 'b'], encoding: 'float', dimensions: null, truncateTokens: null } as const;
const classifier = { kind: 'classifier', inputs: ['a'], truncateTokens: -1 } as const;
const reranker = { kind: 'reranker', query: 'q', inputs: ['a', 'b'], truncateTokens: null } as const;

describe('a pooling call', () => {
  it.each([
    [embedding, '/v1/embeddings', { model: 'm', input: ['a', 'b'], encoding_format: 'float' }],
    [
      { ...embedding, encoding: 'base64', dimensions: 8 },
      '/v1/embeddings',
      { model: 'm', input: ['a', 'b'], encoding_format: 'base64', dimensions: 8 },
    ],
    [classifier, '/classify', { model: 'm', input: ['a'], truncate_prompt_tokens: -1 }],
    [reranker, '/v1/rerank', { model: 'm', query: 'q', documents: ['a', 'b'] }],
  ] as const)('of %j goes to %s', (task, path, body) => {
    expect(pooling.encode(task, 'm')).toEqual({ ok: true, value: { path, body } });
  });
});

describe('a pooling answer', () => {
  it('is put in the order of its indexes, with values as they are written', () => {
    const text =
      '{"data": [{"index": 1, "embedding": [2.0, -0.0]}, {"embedding": [1e-05, 1], "index": 0}], "usage": {"prompt_tokens": 7}}';
    expect(pooling.read(embedding, text)).toMatchObject({
      ok: true,
      value: { values: ['[1e-05, 1]', '[2.0, -0.0]'], usage: { promptTokens: 7 } },
    });
  });

  it('has relevance by document, however the server ranks', () => {
    const text =
      '{"results":[{"index":1,"document":{"text":"b"},"relevance_score":0.75},{"index":0,"relevance_score":1.5e-3}],"usage":{"total_tokens":9}}';
    expect(pooling.read(reranker, text)).toMatchObject({
      ok: true,
      value: { values: ['1.5e-3', '0.75'], usage: { promptTokens: 9 } },
    });
  });

  it('has labels with their probabilities', () => {
    const text = '{"data":[{"index":0,"label":"ENTAILMENT","probs":[0.25,0.75],"num_classes":2}]}';
    expect(pooling.read(classifier, text)).toMatchObject({
      ok: true,
      value: { values: ['{"label":"ENTAILMENT","probs":[0.25,0.75],"num_classes":2}'], usage: null },
    });
  });

  it.each([
    ['one too few', '{"data":[{"index":0,"embedding":[1]}]}'],
    ['one twice', '{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}'],
    ['one too many', '{"data":[{"embedding":[1]},{"embedding":[1]},{"embedding":[1]}]}'],
    ['NaN in it', '{"data":[{"embedding":[1]},{"embedding":[NaN]}]}'],
    ['null in it', '{"data":[{"embedding":[1]},{"embedding":[null]}]}'],
    ['no list', '{"object":"list"}'],
    ['no end', '{"data":[{"embedding":[1]},{"embedding":[1]}]'],
    ['no JSON', 'upstream connect error'],
    ['nothing', ''],
  ])('with %s is none', (_, text) => {
    expect(pooling.read(embedding, text)).toMatchObject({ ok: false, failure: { cause: 'invalid_answer' } });
  });

  it('that is an error with status 200 fails as the error says', () => {
    const text = '{"error":{"message":"The engine is busy","type":"Service Unavailable","code":503}}';
    expect(pooling.read(embedding, text)).toMatchObject({ ok: false, failure: { cause: 'overload' } });
  });
});
