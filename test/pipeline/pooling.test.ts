/** `POST /v1/classify` and `/v1/rerank` from the body to the ledger, on scripted servers; and chats, which see nothing of such models. */
import { describe, expect, it } from 'vitest';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';
import type { GatewayOptions } from '../support/fakes/gateway.ts';
import { rerankTexts } from '../../worker/pipeline/pooling/rerank-texts.ts';
import { completion, hello } from './wire.ts';

const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };
const present = ['embedder', 'classifier', 'reranker'];

function app(options: Partial<GatewayOptions> = {}) {
  const made = createFakeApp({ script: [], present, ...options });
  const post = async (path: string, body: object) => {
    const response = await made.send('POST', path, headers, JSON.stringify(body));
    return { status: response.status, json: Object(await response.json()) };
  };
  return { ...made, post };
}

const usage = { prompt_tokens: 8, total_tokens: 8 };
const json = (body: object) => ({ kind: 'json', body }) as const;
const classified = (...probs: readonly (readonly number[])[]) =>
  json({ usage, data: probs.map((one, index) => ({ index, label: 'NEUTRAL', probs: one, num_classes: 3 })) });

describe('labels', () => {
  it('of a served classifier come in its own form', async () => {
    const { post, gateway } = app({ script: [classified([0.1, 0.7, 0.2])] });
    const { json: answer } = await post('/v1/classify', { input: 'hello' });
    expect(answer).toMatchObject({
      object: 'list',
      model: 'FacebookAI/roberta-large-mnli',
      data: [{ index: 0, label: 'NEUTRAL', probs: [0.1, 0.7, 0.2], num_classes: 3 }],
      usage: { prompt_tokens: 8 },
    });
    expect(gateway.entry()).toMatchObject({ servedModel: 'roberta-mnli', costNanoUsd: 160 });
  });

  it('of the request are rated by entailment, and their probabilities sum to 1', async () => {
    const { post, gateway } = app({ script: [classified([0, 0.1, 0.9], [0.2, 0.7, 0.1])] });
    const { json: answer } = await post('/v1/classify', {
      input: 'I was charged twice',
      candidate_labels: ['billing', 'weather'],
    });
    expect(answer.data).toEqual([
      { index: 0, label: 'billing', labels: ['billing', 'weather'], probs: [0.9, 0.1], num_classes: 2 },
    ]);
    expect(gateway.upstream.calls.map(({ path, body }) => [path, body['input']])).toEqual([
      [
        '/classify',
        ['I was charged twice</s></s>This example is billing.', 'I was charged twice</s></s>This example is weather.'],
      ],
    ]);
  });

  it('of the request are rated by likeness where the classifier is set up so', async () => {
    const zeroShot = { method: 'similarity', model: 'bge-small-en', entailment_index: null };
    const script = [
      json({
        usage,
        data: [
          [1, 0],
          [0.6, 0.8],
          [0, 1],
        ].map((embedding, index) => ({ index, embedding })),
      }),
    ];
    const { post, gateway } = app({ script, config: { models: { 'roberta-mnli': { zero_shot: zeroShot } } } });
    const { json: answer } = await post('/v1/classify', { model: 'roberta-mnli', input: 'x', candidate_labels: ['near', 'far'] });
    expect(answer.data[0]).toMatchObject({ label: 'near', labels: ['near', 'far'] });
    expect(answer.data[0].probs.reduce((sum: number, prob: number) => sum + prob, 0)).toBeCloseTo(1, 12);
    expect(gateway.entry()).toMatchObject({ requestedModel: 'roberta-mnli', servedModel: 'bge-small-en' });
  });

  it('of the request are refused by a classifier that rates only its own', async () => {
    const { post } = app({ config: { models: { 'roberta-mnli': { zero_shot: null } } } });
    const { status, json: answer } = await post('/v1/classify', { input: 'x', candidate_labels: ['a'] });
    expect({ status, param: answer.error.param }).toEqual({ status: 400, param: 'candidate_labels' });
  });
});

describe('relevance', () => {
  const ranked = json({
    results: [
      { index: 1, relevance_score: 0.9, document: { text: 'b' } },
      { index: 0, relevance_score: 0.2 },
    ],
    usage: { total_tokens: 12 },
  });

  it('comes with the documents, the best first', async () => {
    const { post, gateway } = app({ script: [ranked] });
    const { json: answer } = await post('/v1/rerank', { query: 'q', documents: ['a', 'b'], top_n: 1 });
    expect(answer.results).toEqual([{ index: 1, relevance_score: 0.9, document: { text: 'b' } }]);
    expect(gateway.entry()).toMatchObject({ servedModel: 'bge-reranker', costNanoUsd: 36 });
  });

  it('of more documents than a server takes at once is asked for in parts', async () => {
    const one = (score: number) => json({ results: [{ index: 0, relevance_score: score }], usage: { total_tokens: 5 } });
    const config = { models: { 'bge-reranker': { batch: { max_inputs: 1 } } } };
    const { post, gateway } = app({ config, script: [one(0.1), one(0.8), one(0.5)] });
    const { json: answer } = await post('/v1/rerank', { query: 'q', documents: ['a', 'b', 'c'], return_documents: false });
    expect(answer.results).toEqual([
      { index: 1, relevance_score: 0.8 },
      { index: 2, relevance_score: 0.5 },
      { index: 0, relevance_score: 0.1 },
    ]);
    expect(gateway.entry()).toMatchObject({ attempts: 3, costNanoUsd: 45 });
  });

  it('is had on the key of a caller by the gateway itself', async () => {
    const { gateway } = app({ script: [ranked] });
    const scored = await gateway.time.runUntil(rerankTexts(gateway.deps, gateway.caller, 'q', ['a', 'b']));
    expect(scored).toMatchObject({ ok: true, value: { scores: [0.2, 0.9], modelId: 'bge-reranker' } });
  });
});

describe('chats', () => {
  it('see nothing of other kinds, whatever is set up', async () => {
    const { post, gateway } = app({ script: [completion('Hello')] });
    expect((await post('/v1/chat/completions', { ...hello, model: 'auto' })).json).toMatchObject({
      'x-routing-metadata': { model_id: 'qwen2.5-7b' },
    });
    const { json: explained } = await post('/v1/route', { ...hello, model: 'large' });
    expect(JSON.stringify(explained)).not.toMatch(/bge|roberta/);
    expect(gateway.upstream.calls).toHaveLength(1);
  });

  it.each([
    ['/v1/chat/completions', { ...hello, model: 'bge-reranker' }],
    ['/v1/classify', { input: 'x', model: 'bge-small-en' }],
    ['/v1/rerank', { query: 'q', documents: ['a'], model: 'roberta-mnli' }],
  ])('and every path refuses models of other kinds: %s', async (path, body) => {
    const { status, json: answer } = await app().post(path, body);
    expect({ status, param: answer.error.param, code: answer.error.code }).toEqual({
      status: 400,
      param: 'model',
      code: 'invalid_value',
    });
  });
});
