/** `POST /v1/embeddings` from the body to the ledger, on scripted servers. */
import { describe, expect, it } from 'vitest';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import type { GatewayOptions } from '../support/fakes/gateway.ts';
import { embedTexts } from '../../worker/pipeline/pooling/embed-texts.ts';
import { configWith } from '../support/fakes/config.ts';

const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };
const model = 'bge-small-en';
/** One input a call, so that a script says what becomes of each. */
const oneByOne = {
  models: { [model]: { batch: { max_inputs: 1 } } },
  upstreams: { embedder: { timeouts_ms: { first_event: 2000 } } },
};
const { embedder } = configWith({}, undefined, ['embedder']).upstreams;
const second = { ...embedder, url_var: 'OTHER_URL', optional: false, tunnel: 'other' };

function app(options: Partial<GatewayOptions> = {}, allowed: readonly string[] | null = null) {
  const made = createFakeApp({ script: [], present: ['embedder'], ...options }, allowed);
  const embed = async (body: object) => {
    const response = await made.send('POST', '/v1/embeddings', headers, JSON.stringify(body));
    const text = await response.text();
    return { status: response.status, text, json: JSON.parse(text), headers: response.headers };
  };
  return { ...made, embed };
}

/** A server's answer, its vectors as text. */
function vectors(raws: readonly string[], promptTokens: number | null = raws.length * 3): Reply {
  const data = raws.map((raw, index) => `{"index": ${index}, "object": "embedding", "embedding": ${raw}}`);
  const usage = promptTokens === null ? 'null' : `{"prompt_tokens": ${promptTokens}, "total_tokens": ${promptTokens}}`;
  const body = `{"id": "embd-1", "object": "list", "model": "m", "data": [${data.join(', ')}], "usage": ${usage}}`;
  return { kind: 'stream', mediaType: 'application/json', steps: [body] };
}

const dead: Reply = { kind: 'refuse' };
const broken: Reply = {
  kind: 'status',
  status: 500,
  body: '{"error":{"message":"EngineCore","type":"InternalServerError","code":500}}',
};
const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `text ${i}`);
const numbers = (json: { data: { embedding: number[] }[] }): number[] =>
  json.data.map(({ embedding }) => embedding[0] ?? Number.NaN);

describe('vectors', () => {
  it('come as their server wrote them, digit by digit', async () => {
    const raws = ['[0.10000000149011612, -0.0, 1e-05]', '[1.0, 2.50, -3E+2]'];
    const { embed, gateway } = app({ script: [vectors(raws)] });
    const { status, text, json } = await embed({ model, input: ['one', 'two'] });
    expect(status).toBe(200);
    for (const raw of raws) expect(text).toContain(`"embedding":${raw}`);
    expect(json).toMatchObject({
      object: 'list',
      model: 'BAAI/bge-small-en-v1.5',
      usage: { prompt_tokens: 6, total_tokens: 6 },
      'x-routing-metadata': { kind: 'embedding', model_id: model, attempts: 1 },
    });
    expect(gateway.entry()).toMatchObject({
      requestedModel: model,
      servedModel: model,
      ending: 'ok',
      tier: null,
      intent: null,
      scored: null,
      costNanoUsd: 120,
      allLargeCostNanoUsd: 120,
    });
  });

  it('are asked for in the form that the client wants, and turned into it where a server does not have it', async () => {
    const { embed, gateway } = app({ script: [vectors(['"AACAPw=="']), vectors(['[1.0]']), vectors(['"AACAPw=="'])] });
    expect((await embed({ model, input: 'a', encoding_format: 'base64' })).json.data[0].embedding).toBe('AACAPw==');
    expect((await embed({ model, input: 'a', encoding_format: 'base64' })).json.data[0].embedding).toBe('AACAPw==');
    expect((await embed({ model, input: 'a' })).json.data[0].embedding).toEqual([1]);
    expect(gateway.upstream.calls.map(({ body }) => body['encoding_format'])).toEqual(['base64', 'base64', 'float']);
  });

  it('are had in base64 from a server that refuses it', async () => {
    const refusal = {
      object: 'error',
      message: 'base64 encoding is not currently supported',
      type: 'BadRequestError',
      code: 400,
    };
    const script: Reply[] = [{ kind: 'status', status: 400, body: JSON.stringify(refusal) }, vectors(['[1.0]'])];
    const { embed, gateway } = app({ script });
    expect((await embed({ model, input: 'a', encoding_format: 'base64' })).json.data[0].embedding).toBe('AACAPw==');
    expect(gateway.upstream.calls.map(({ body }) => body['encoding_format'])).toEqual(['base64', 'float']);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 1, costNanoUsd: 60 });
  });

  it('of more inputs than a server takes at once are asked for in parts and joined in order', async () => {
    const config = { models: { [model]: { batch: { max_inputs: 2 } } } };
    const { embed, gateway } = app({ config, script: [vectors(['[0]', '[1]']), vectors(['[2]', '[3]']), vectors(['[4]'])] });
    const { json } = await embed({ model, input: texts(5) });
    expect(numbers(json)).toEqual([0, 1, 2, 3, 4]);
    expect(json.data.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(json.usage.prompt_tokens).toBe(15);
    expect(gateway.upstream.calls.map(({ body }) => body['input'])).toEqual([
      ['text 0', 'text 1'],
      ['text 2', 'text 3'],
      ['text 4'],
    ]);
    expect(gateway.entry()).toMatchObject({ attempts: 3, costNanoUsd: 300, ending: 'ok' });
  });

  it('are asked for by six calls at once at the most', async () => {
    const { embed, gateway } = app({ config: oneByOne, last: { ...vectors(['[1]']), afterMs: 100 } as Reply });
    await embed({ model, input: texts(20) });
    const starts = gateway.upstream.calls.map(({ atMs }) => atMs);
    const [first = 0] = starts;
    expect(starts.map((atMs) => (atMs - first) / 100)).toEqual([
      ...Array(6).fill(0),
      ...Array(6).fill(1),
      ...Array(6).fill(2),
      3,
      3,
    ]);
  });

  it('are had on the key of a caller by the gateway itself', async () => {
    const { gateway } = app({ script: [vectors(['"AACAPwAAAEA="', '"AAAAAAAAgD8="'])] });
    const embedded = await gateway.time.runUntil(embedTexts(gateway.deps, gateway.caller, ['a', 'b']));
    expect(embedded).toMatchObject({ ok: true, value: { modelId: model, promptTokens: 6, costNanoUsd: 120 } });
    expect(embedded.ok && embedded.value.vectors.map((vector) => [...vector])).toEqual([
      [1, 2],
      [0, 1],
    ]);
    expect(gateway.entry()).toMatchObject({ requestId: 'request-1-embed', keyId: 'key-1', costNanoUsd: 120 });
  });
});

describe('a server that dies in the middle', () => {
  const two = {
    ...oneByOne,
    upstreams: { ...oneByOne.upstreams, second },
    models: { [model]: { ...oneByOne.models[model], upstreams: ['embedder', 'second'] } },
  };

  it('leaves a whole answer where another instance has the model, and nothing is paid twice', async () => {
    const script = [vectors(['[0]']), dead, vectors(['[2]']), vectors(['[1]'])];
    const { embed, gateway } = app({ config: two, script });
    const { status, json } = await embed({ model, input: texts(3) });
    expect(status).toBe(200);
    expect(numbers(json)).toEqual([0, 1, 2]);
    const [, failed, , again] = gateway.upstream.calls;
    expect(again?.body).toEqual(failed?.body);
    expect(again?.upstreamId).not.toBe(failed?.upstreamId);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 4, costNanoUsd: 180, fallbackUsed: false });
    expect(gateway.entry().attemptUsages.every(({ isPartOfAnswer }) => isPartOfAnswer)).toBe(true);
  });

  it('leaves one error where none has, and what was answered is paid', async () => {
    const { embed, gateway } = app({ config: oneByOne, script: [vectors(['[0]']), broken, vectors(['[2]'])], last: broken });
    const { status, json } = await embed({ model, input: texts(3) });
    expect({ status, code: json.error.code }).toEqual({ status: 502, code: 'upstream_error' });
    expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', servedModel: null, costNanoUsd: 120 });
    expect(gateway.entry().attemptUsages.map(({ isPartOfAnswer }) => isPartOfAnswer)).toEqual([false, false]);
  });

  it('leaves all inputs to the next model of the chain, since vectors of two models are no answer', async () => {
    const config = {
      ...oneByOne,
      upstreams: { ...oneByOne.upstreams, second },
      models: {
        [model]: { batch: { max_inputs: 1 } },
        'bge-other': {
          kind: 'embedding',
          upstreams: ['second'],
          served_name: 'BAAI/other',
          context_tokens: 512,
          max_in_flight: 8,
          price: { input_per_million_usd: 1, source: 'test', as_of: '2026-11-20' },
        },
      },
      routing: { chains: { [model]: ['bge-other'] } },
    };
    const script = [vectors(['[0]']), broken, broken, vectors(['[7]', '[8]'], 10)];
    const { embed, gateway } = app({ config, script });
    const { json } = await embed({ model, input: texts(2) });
    expect(numbers(json)).toEqual([7, 8]);
    expect(json).toMatchObject({
      model: 'BAAI/other',
      usage: { prompt_tokens: 10 },
      'x-routing-metadata': { fallback_used: true, primary_model: model },
    });
    expect(gateway.entry()).toMatchObject({ servedModel: 'bge-other', fallbackUsed: true, costNanoUsd: 60 + 10_000 });
  });

  it('and says nothing is not waited for longer than the limit, and what it may have read is paid as estimated', async () => {
    const { embed, gateway } = app({ config: oneByOne, script: [{ kind: 'hang' }] });
    const { status, json } = await embed({ model, input: 'text 0' });
    expect({ status, code: json.error.code }).toEqual({ status: 504, code: 'upstream_timeout' });
    expect(gateway.entry()).toMatchObject({ ending: 'timeout', isEstimated: true });
    expect(gateway.entry().costNanoUsd).toBeGreaterThan(0);
  });
});

describe('an answer that cannot be used', () => {
  it.each(['[NaN]', '[null]', '[]', '"AAA"', '{}'])(
    'such as %s counts against its server, and another one is asked',
    async (raw) => {
      const { embed } = app({ config: oneByOne, script: [vectors([raw]), vectors(['[1]'])] });
      expect((await embed({ model, input: 'a' })).json).toMatchObject({ data: [{ embedding: [1] }] });
    },
  );

  it('without a count is paid by an estimate that says so', async () => {
    const { embed, gateway } = app({ script: [vectors(['[1]'], null)] });
    expect((await embed({ model, input: 'one two three' })).json.usage.prompt_tokens).toBeGreaterThan(0);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', isEstimated: true });
  });

  it('with a count that cannot be true is paid as the most that was possible', async () => {
    const { embed, gateway } = app({ script: [vectors(['[1]'], 1_000_000)] });
    await embed({ model, input: 'abc' });
    expect(gateway.entry().attemptUsages[0]?.usage).toMatchObject({ promptTokens: 7, isEstimated: true });
  });
});

describe('a request that no model can take', () => {
  it('says that no embedding model is set up', async () => {
    const { embed } = app({ present: [] });
    const { status, json } = await embed({ model: 'text-embedding-3-small', input: 'one' });
    expect(status).toBe(404);
    expect(json.error).toMatchObject({ message: 'No embedding model is set up here.', code: 'model_not_found', param: 'model' });
  });

  it.each([
    [
      'qwen2.5-7b',
      400,
      'The model `qwen2.5-7b` has kind chat and answers at /v1/chat/completions, not at /v1/embeddings. Use bge-small-en.',
    ],
    ['auto', 400, 'The model `auto` has kind chat and answers at /v1/chat/completions, not at /v1/embeddings. Use bge-small-en.'],
    ['text-embedding-3-small', 404, 'The model `text-embedding-3-small` does not exist. Use bge-small-en.'],
  ])('with model %s: %i', async (name, status, message) => {
    const { embed, gateway } = app();
    const read = await embed({ model: name, input: 'one' });
    expect({ status: read.status, message: read.json.error.message, param: read.json.error.param }).toEqual({
      status,
      message,
      param: 'model',
    });
    expect(gateway.upstream.calls).toEqual([]);
    expect(gateway.ledger.entries).toEqual([]);
  });

  it('with a key that may not use it', async () => {
    const { embed } = app({}, ['qwen2.5-7b']);
    expect((await embed({ model, input: 'one' })).json.error.code).toBe('model_not_allowed');
  });

  it('with a text that is surely too long names which', async () => {
    const { embed, gateway } = app();
    const { status, json } = await embed({ model, input: ['short', 'word '.repeat(2000)] });
    expect({ status, param: json.error.param, code: json.error.code }).toEqual({
      status: 400,
      param: 'input.1',
      code: 'context_length_exceeded',
    });
    expect((await embed({ model, input: [[1], Array(513).fill(7)] })).json.error.param).toBe('input.1');
    expect(gateway.upstream.calls).toEqual([]);
  });

  it('with a length that the model does not have', async () => {
    const { embed, gateway } = app({ script: [vectors(['[1]'])] });
    expect((await embed({ model, input: 'a', dimensions: 256 })).json.error).toMatchObject({
      param: 'dimensions',
      code: 'invalid_value',
    });
    expect((await embed({ model, input: 'a', dimensions: 384 })).status).toBe(200);
    expect(gateway.upstream.calls.map(({ body }) => body['dimensions'])).toEqual([undefined]);
  });

  it('where its server says so, in its own words', async () => {
    const refusal = {
      error: {
        message: "This model's maximum context length is 512 tokens. However, your prompt contains at least 513 input tokens.",
        type: 'BadRequestError',
        param: 'input_tokens',
        code: 400,
      },
    };
    const { embed, gateway } = app({ script: [{ kind: 'status', status: 400, body: JSON.stringify(refusal) }] });
    const { status, json } = await embed({ model, input: 'word '.repeat(500) });
    expect({ status, code: json.error.code, param: json.error.param }).toEqual({
      status: 400,
      code: 'context_length_exceeded',
      param: 'input',
    });
    expect(gateway.entry()).toMatchObject({ ending: 'rejected', costNanoUsd: 0 });
  });
});

describe('where answers are kept', () => {
  const config = { cache: { enabled: true } };

  it('the same inputs are asked for once, and cost once', async () => {
    const { embed, gateway } = app({ config, script: [vectors(['[1e-05, -0.0]']), vectors(['[2]']), vectors(['"AACAPw=="'])] });
    const first = await embed({ model, input: 'a' });
    const again = await embed({ input: ['a'], user: 'somebody' });
    expect(first.headers.get('x-cache')).toBe('miss');
    expect(again.headers.get('x-cache')).toBe('hit');
    expect(again.text).toContain('"embedding":[1e-05, -0.0]');
    expect(again.json.usage).toEqual(first.json.usage);
    expect(
      gateway.ledger.entries.map(({ cache, costNanoUsd, cacheSavedNanoUsd }) => [cache, costNanoUsd, cacheSavedNanoUsd]),
    ).toEqual([
      ['miss', 60, 0],
      ['hit', 0, 60],
    ]);
    expect((await embed({ model, input: 'b' })).json.data[0].embedding).toEqual([2]);
    expect((await embed({ model, input: 'a', encoding_format: 'base64' })).json.data[0].embedding).toBe('AACAPw==');
    expect(gateway.upstream.calls).toHaveLength(3);
  });

  it('a stand-in’s are not kept, nor are those that nobody could answer', async () => {
    const { embed, gateway } = app({
      config: { ...config, ...oneByOne, routing: { retry: { max_attempts: 1 } } },
      script: [broken, vectors(['[1]'])],
    });
    expect((await embed({ model, input: 'a' })).status).toBe(502);
    expect((await embed({ model, input: 'a' })).headers.get('x-cache')).toBe('miss');
    expect((await embed({ model, input: 'a' })).headers.get('x-cache')).toBe('hit');
    expect(gateway.upstream.calls).toHaveLength(2);
  });
});
