/** Workers AI by its documented shapes. No binding exists outside the platform: these are the documents' words, not a recording. */
import { describe, expect, it } from 'vitest';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { createWorkersAi } from '../../../worker/core/upstreams/workers-ai.ts';

const { pooling = expect.fail(), headers, probe } = createWorkersAi(asItIs);
const embedding = { kind: 'embedding', inputs: ['a', 'b'], encoding: 'base64', dimensions: null, truncateTokens: null } as const;
const reranker = { kind: 'reranker', query: 'q', inputs: ['a', 'b'], truncateTokens: null } as const;
const classifier = { kind: 'classifier', inputs: ['a'], truncateTokens: null } as const;

describe('a call of Workers AI', () => {
  it.each([
    [embedding, { text: ['a', 'b'], pooling: 'cls' }],
    [reranker, { query: 'q', contexts: [{ text: 'a' }, { text: 'b' }], top_k: 2 }],
    [classifier, { text: 'a' }],
  ])('of %j goes to the model by its name', (task, body) => {
    expect(pooling.encode(task, '@cf/baai/m')).toEqual({ ok: true, value: { path: '@cf/baai/m', body } });
  });

  it.each([
    [{ ...embedding, inputs: [[1, 2]] }, 'input'],
    [{ ...classifier, inputs: ['a', 'b'] }, 'input'],
    [{ ...reranker, truncateTokens: 20 }, 'truncate_prompt_tokens'],
  ])('is not made for what it cannot do: %j', (task, param) => {
    expect(pooling.encode(task, 'm')).toMatchObject({ ok: false, failure: { code: 'unsupported_parameter', param } });
  });

  it('carries no key, and a probe of it asks for no list', () => {
    expect(headers('secret')).toEqual({});
    expect(probe.models?.read('')).toBeNull();
  });
});

describe('an answer of Workers AI', () => {
  it.each([
    [embedding, '{"shape":[2,2],"data":[[0.10,-0.0],[1e-05,2]],"pooling":"cls"}', ['[0.10,-0.0]', '[1e-05,2]']],
    [embedding, '{"result":{"shape":[2,2],"data":[[1],[2]]},"success":true}', ['[1]', '[2]']],
    [reranker, '{"response":[{"id":1,"score":0.75},{"id":0,"score":0.1}]}', ['0.1', '0.75']],
  ])('to %j is read by input', (task, text, values) => {
    expect(pooling.read(task, text)).toEqual({ ok: true, value: { values, usage: null } });
  });

  it('has a text’s labels', () => {
    const read = pooling.read(classifier, '[{"label":"NEGATIVE","score":0.25},{"label":"POSITIVE","score":0.75}]');
    const value = { label: 'POSITIVE', labels: ['NEGATIVE', 'POSITIVE'], probs: [0.25, 0.75], num_classes: 2 };
    expect(read.ok && read.value.values.map((raw) => JSON.parse(raw))).toEqual([value]);
  });

  it.each([
    [embedding, '{"data":[[1]]}'],
    [embedding, '{"request_id":"queued"}'],
    [embedding, '{"data":[[1],[null]]}'],
    [reranker, '{"response":[{"id":1,"score":0.75}]}'],
    [reranker, '{"response":[{"id":0,"score":1},{"id":5,"score":1}]}'],
    [classifier, '[]'],
    [classifier, '[{"label":"A"}]'],
    [classifier, 'oops'],
  ])('to %j that is not whole is none: %s', (task, text) => {
    expect(pooling.read(task, text)).toMatchObject({ ok: false, failure: { cause: 'invalid_answer' } });
  });
});
