/** Vectors, labels and relevance over HTTP: official clients, a gateway on workerd, stand-in pooling servers of which one may die. */
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { clientKey, upstreamKey } from '../../infra/rig/connect.ts';
import { poolingServers } from '../../infra/rig/pooling-servers.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { until } from '../../infra/rig/waiting.ts';
import { a40Pair } from '../../infra/standin/fleet.ts';
import { python, clientsInterpreter, runPython } from '../support/python.ts';
import { mostAtOnce } from '../support/calls.ts';

const model = 'bge-small-en';
const [embedder = expect.fail()] = poolingServers;
const spareUpstream = {
  url_var: 'SPARE_UPSTREAM_URL',
  dialect: 'vllm',
  access: true,
  timeouts_ms: { first_event: 5000, idle: 5000, total: 9000 },
};
const overrides = {
  upstreams: { spare: spareUpstream },
  models: { [model]: { upstreams: ['embedder', 'spare'] } },
  routing: { retry: { backoff_base_ms: 5, backoff_max_ms: 10 }, health: { probe_interval_ms: 500, probe_interval_down_ms: 200 } },
};

let rig: Rig;
let client: OpenAI;

beforeAll(async () => {
  const models = [...a40Pair, ...poolingServers, { ...embedder, id: 'spare' }];
  rig = await startRig({ on: inject('bundle'), overrides, fleet: { models } });
  client = rig.client;
}, 60_000);

afterAll(() => rig.stop());

beforeEach(async () => {
  for (const id of ['embedder', 'spare']) await rig.control(id, { healthy: true, fault: null, down: false });
});

/** What a model server answers itself, without the gateway. */
async function direct(input: unknown, encoding = 'float'): Promise<string> {
  const body = JSON.stringify({ model: embedder.servedName, input, encoding_format: encoding });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${upstreamKey}` };
  return (await fetch(`${rig.fleet.directUrls['embedder']}/v1/embeddings`, { method: 'POST', headers, body })).text();
}

const post = (path: string, body: object, key = clientKey): Promise<Response> =>
  fetch(rig.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const bits = (values: readonly number[]): string => Buffer.from(Float32Array.from(values).buffer).toString('base64');
const rawsOf = (text: string): string[] => [...text.matchAll(/"embedding": ?("[^"]*"|\[[^\]]*\])/g)].map(([, raw = '']) => raw);
const texts = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `text number ${i}: ${['cats', 'money', 'rain'][i % 3]}`);

interface KeyBook {
  readonly requests: number;
  readonly cost_nano_usd: number;
  readonly tokens: { readonly prompt: number };
}

/** What the ledger has of a key, once it has so many of its requests. */
async function booked(keyId: string, requests: number): Promise<KeyBook> {
  await until('the ledger has it', async () => ((await rig.stats()).keys[keyId]?.requests ?? 0) >= requests);
  return (await rig.stats()).keys[keyId] ?? expect.fail();
}

/** Tokens that the embedding servers counted for answers they gave. */
function tokensAnswered(): number {
  const entries = ['embedder', 'spare'].flatMap((id) => rig.fleet.model(id).log());
  return entries.reduce(
    (sum, { usage, status, ending }) => sum + (status === 200 && ending === 'complete' ? (usage?.promptTokens ?? 0) : 0),
    0,
  );
}

describe('the official client', () => {
  const input = ['a cat sleeps', 'stock prices fell', 'äöü "quotes"\nand lines'];

  test('gets every bit of its backend’s vectors, by default in base64', async () => {
    const { data, usage } = await client.embeddings.create({ model, input });
    const own: { data: { embedding: number[] }[]; usage: object } = JSON.parse(await direct(input));
    expect(data.map(({ embedding }) => bits(embedding))).toEqual(own.data.map(({ embedding }) => bits(embedding)));
    expect(usage).toMatchObject({ prompt_tokens: Object(own.usage).prompt_tokens });
  });

  test('gets every digit as its backend wrote it, in both forms', async () => {
    for (const encoding of ['float', 'base64'] as const) {
      const response = await post('/v1/embeddings', { model, input, encoding_format: encoding });
      const raws = rawsOf(await response.text());
      expect(raws).toHaveLength(3);
      expect(raws).toEqual(rawsOf(await direct(input, encoding)));
    }
  });

  test('gets 2,000 vectors in order, through no more than six calls at once, and pays what the servers counted', async () => {
    const { id, key } = await rig.makeKey();
    for (const server of ['embedder', 'spare']) rig.fleet.model(server).clearLog();
    const many = texts(2000);
    const { data, usage } = await new OpenAI({ apiKey: key, baseURL: `${rig.url}/v1`, maxRetries: 0 }).embeddings.create({
      model,
      input: many,
    });
    const calls = ['embedder', 'spare']
      .flatMap((server) => rig.fleet.model(server).log())
      .filter(({ path }) => path === '/v1/embeddings');
    const counted = tokensAnswered();
    expect(data.map(({ index }) => index)).toEqual(many.map((_, i) => i));
    const own: { data: { embedding: number[] }[] } = JSON.parse(await direct(many));
    expect(data.map(({ embedding }) => bits(embedding))).toEqual(own.data.map(({ embedding }) => bits(embedding)));
    expect(calls).toHaveLength(Math.ceil(2000 / 64));
    expect(mostAtOnce(calls)).toBeLessThanOrEqual(6);
    expect(usage.prompt_tokens).toBe(counted);
    expect(await booked(id, 1)).toMatchObject({ requests: 1, tokens: { prompt: counted }, cost_nano_usd: counted * 20 });
  });

  test('may send tokens', async () => {
    const { data, usage } = await client.embeddings.create({ model, input: [[1, 2, 3], [4]] });
    expect(data).toHaveLength(2);
    expect(usage.prompt_tokens).toBe(4);
  });

  test.each([
    [{ model, input: [] }, 400, 'input'],
    [{ model, input: ['a', ''] }, 400, 'input.1'],
    [{ model, input: texts(2049) }, 400, 'input'],
    [{ model, input: 'a', dimensions: 8 }, 400, 'dimensions'],
    [{ model: 'small', input: 'a' }, 400, 'model'],
    [{ model: 'text-embedding-3-small', input: 'a' }, 404, 'model'],
  ])('reads from an error which field is wrong: %#', async (body, status, param) => {
    await expect(client.embeddings.create(body)).rejects.toMatchObject({ status, param });
  });
});

describe('a server that dies in the middle of a batch', () => {
  test('leaves a whole answer, equal bit for bit, and nothing is paid twice', async () => {
    const { id, key } = await rig.makeKey();
    for (const server of ['embedder', 'spare']) rig.fleet.model(server).clearLog();
    await rig.control('embedder', { fault: 'reset', requests: 3 });
    const many = texts(1000);
    const { data, usage } = await new OpenAI({ apiKey: key, baseURL: `${rig.url}/v1`, maxRetries: 0 }).embeddings.create({
      model,
      input: many,
    });
    const counted = tokensAnswered();
    await rig.control('embedder', { fault: null });
    const own: { data: { embedding: number[] }[] } = JSON.parse(await direct(many));
    expect(data.map(({ embedding }) => bits(embedding))).toEqual(own.data.map(({ embedding }) => bits(embedding)));
    expect(usage.prompt_tokens).toBe(counted);
    expect(await booked(id, 1)).toMatchObject({ cost_nano_usd: counted * 20 });
  });

  test('leaves one error where no other has the model, and what was answered is paid', async () => {
    const { id, key } = await rig.makeKey();
    for (const server of ['embedder', 'spare']) rig.fleet.model(server).clearLog();
    await rig.control('spare', { fault: 'server-error' });
    const sending = post('/v1/embeddings', { model, input: texts(1000) }, key);
    await rig.control('embedder', { fault: 'server-error' });
    const response = await sending;
    const body: { error?: { code: string } } = JSON.parse(await response.text());
    expect({ status: response.status, code: body.error?.code }).toEqual({ status: 502, code: 'upstream_error' });
    const counted = tokensAnswered();
    expect(await booked(id, 1)).toMatchObject({ cost_nano_usd: counted * 20, tokens: { prompt: counted } });
    for (const server of ['embedder', 'spare']) await rig.control(server, { fault: null });
    await until('it is up again', async () => (await post('/v1/embeddings', { model, input: 'a' })).ok);
  });
});

describe('labels and relevance', () => {
  test.each([
    ['The striker scored two goals in the match', 'sports'],
    ['The parliament voted after the election', 'politics'],
    ['Simmer the sauce, then serve the meal', 'cooking'],
  ])('a text gets the label that fits: %s', async (input, label) => {
    const response = await post('/v1/classify', { input, candidate_labels: ['politics', 'cooking', 'sports'] });
    const { data } = JSON.parse(await response.text());
    expect(data[0]).toMatchObject({ label, labels: ['politics', 'cooking', 'sports'], num_classes: 3 });
    expect(data[0].probs.reduce((sum: number, prob: number) => sum + prob, 0)).toBeCloseTo(1, 12);
  });

  test('a served classifier’s labels come as they are', async () => {
    const { data } = JSON.parse(await (await post('/v1/classify', { input: ['a', 'b'] })).text());
    expect(data).toMatchObject([{ index: 0, label: 'NEUTRAL', num_classes: 3 }, { index: 1 }]);
  });

  test('documents are ranked by what they say', async () => {
    const documents = [
      'The dashboard shows what routing saves.',
      'Keys are rotated with npm run keys.',
      'Streams can be resumed.',
    ];
    const response = await post('/v1/rerank', { query: 'How do I rotate an API key?', documents, top_n: 2 });
    const { results } = JSON.parse(await response.text());
    expect(results).toHaveLength(2);
    expect(results[0]).toMatchObject({ index: 1, document: { text: documents[1] } });
  });
});

test('the list of models and /router/info say what is there', async () => {
  const kinds = (await client.models.list()).data.map((one) => [one.id, Object(one).kind]);
  expect(Object.fromEntries(kinds)).toMatchObject({
    [model]: 'embedding',
    'roberta-mnli': 'classifier',
    'bge-reranker': 'reranker',
  });
  const info = JSON.parse(await (await rig.get('/router/info')).text());
  expect(info.features).toMatchObject({ embeddings: true, classification: true, reranking: true });
});

describe.skipIf(python === null)('the official client for Python', () => {
  test.each([
    "gets every bit of its backend's vectors by default, which is base64",
    "gets every digit of its backend's vectors as floats",
    'gets 2,000 vectors in order',
    'may send tokens',
    'raises its own errors, which name the field',
  ])(
    '%s',
    async (name) => {
      const check = (await checks()).find((one) => one.name === name);
      expect(check?.error ?? '').toBe('');
      expect(check?.ok).toBe(true);
    },
    300_000,
  );

  let running: ReturnType<typeof runPython> | null = null;
  const checks = () => {
    running ??= runPython(clientsInterpreter(python ?? ''), 'openai_embeddings', {
      POINTSMAN_URL: rig.url,
      POINTSMAN_KEY: clientKey,
      BACKEND_URL: rig.fleet.directUrls['embedder'] ?? '',
      BACKEND_KEY: upstreamKey,
    });
    return running;
  };
});
