/** Chat completions as the official client sees them: streamed or whole, by every kind of model name, with every promise of the wire. */
import OpenAI from 'openai';
import { beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { RoutingMetadata } from '../../shared/routing-metadata.ts';
import { clientKey, connect, routingOf, upstreamKey } from '../support/http/harness.ts';
import { readReply } from '../support/http/reply.ts';

const gateway = connect(inject('addresses'));
const { client } = gateway;

type Metadata = RoutingMetadata;
interface Routed {
  readonly 'x-routing-metadata'?: Metadata;
}

const hello = [{ role: 'user' as const, content: 'Name a harbour.' }];
const hard =
  'Prove step by step and explain in detail why the algorithm terminates, then implement, analyze, optimize and refactor it.';

beforeAll(() => gateway.resetState());

describe('model names', () => {
  const small = ['small', 'qwen2.5-7b', 'Qwen/Qwen2.5-7B-Instruct', 'auto', 'auto:cost', 'auto:latency', 'gpt-4o-mini', 'gpt-4o'];
  const large = ['large', 'qwen2.5-32b', 'Qwen/Qwen2.5-32B-Instruct-AWQ'];
  const rows = [...small.map((name) => [name, 'qwen2.5-7b'] as const), ...large.map((name) => [name, 'qwen2.5-32b'] as const)];

  test.each(rows)('%s is answered whole by %s', async (model, modelId) => {
    const { data, response } = await client.chat.completions.create({ model, messages: hello, max_tokens: 40 }).withResponse();
    const { 'x-routing-metadata': body } = data as Routed;
    const header = routingOf(response);
    expect(data.object).toBe('chat.completion');
    expect(data.choices[0]?.message.content).not.toBe('');
    expect(data.choices[0]?.finish_reason).toMatch(/^(stop|length)$/);
    expect(data.usage?.total_tokens).toBe((data.usage?.prompt_tokens ?? 0) + (data.usage?.completion_tokens ?? 0));
    expect(header).toMatchObject({ model_id: modelId, fallback_used: false, attempts: 1 });
    expect(agreeing(body)).toEqual(agreeing(header));
    expect(body?.total_time_seconds).toBeGreaterThan(0);
  });

  test.each(rows)('%s is streamed by %s', async (model, modelId) => {
    const { data: stream, response } = await client.chat.completions
      .create({ model, messages: hello, stream: true })
      .withResponse();
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const finish = chunks.filter((chunk) => chunk.choices.some((choice) => choice.finish_reason !== null));
    expect(finish).toHaveLength(1);
    expect(chunks.filter((chunk) => 'x-routing-metadata' in chunk)).toEqual(finish);
    expect(routingOf(response)).toMatchObject({ model_id: modelId, fallback_used: false });
    expect(agreeing((finish[0] as Routed)['x-routing-metadata'])).toEqual(agreeing(routingOf(response)));
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).not.toBe('');
  });

  test('a hard request goes to the large model by itself, and says why', async () => {
    const { response } = await client.chat.completions
      .create({ model: 'auto', messages: [{ role: 'user', content: `${hard} `.repeat(12) }], max_tokens: 5 })
      .withResponse();
    const { tier, score, reason } = routingOf(response);
    expect({ tier, isLarge: score >= 0.6 }).toEqual({ tier: 'large', isLarge: true });
    expect(reason).toMatch(/^complexity \d\.\d\d reaches 0\.60/);
  });

  test('the strategy of the header is taken, the one in the name wins over it', async () => {
    const strategyOf = async (model: string) =>
      routingOf(await gateway.chat({ model, messages: hello, max_tokens: 5 }, { 'x-routing-strategy': 'quality' })).strategy;
    expect(await strategyOf('auto')).toBe('quality');
    expect(await strategyOf('auto:latency')).toBe('latency');
  });

  test('without a model the gateway chooses', async () => {
    const reply = await readReply(await gateway.chat({ messages: hello, max_tokens: 5 }));
    expect(reply).toMatchObject({ status: 200, metadata: { model_id: 'qwen2.5-7b' } });
  });
});

describe('streams', () => {
  test.each([
    ['when it is asked for', { include_usage: true }, 1],
    ['not when it is declined', { include_usage: false }, 0],
    ['not when nothing is said', undefined, 0],
  ])('usage comes in one chunk without choices, %s', async (_, options, count) => {
    const reply = await gateway.chat({ messages: hello, stream: true, ...(options ? { stream_options: options } : {}) });
    const text = await reply.text();
    const events = text.split('\n\n').filter((event) => event.startsWith('data: {'));
    const chunks = events.map(
      (event) => JSON.parse(event.slice(6)) as { choices: unknown[]; usage?: { total_tokens: number } | null },
    );
    const withUsage = chunks.filter(({ usage }) => usage != null);
    expect(withUsage).toHaveLength(count);
    for (const { choices, usage } of withUsage)
      expect({ choices, isPositive: (usage?.total_tokens ?? 0) > 0 }).toEqual({ choices: [], isPositive: true });
    if (count > 0) expect(events.at(-1)).toContain('"choices":[]');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('the text of a stream is the text of the whole answer, and so is its usage', async () => {
    const body = { model: 'small', messages: hello };
    const whole = await readReply(await gateway.chat(body));
    const streamed = await readReply(await gateway.chat({ ...body, stream: true, stream_options: { include_usage: true } }));
    expect(streamed.text).toBe(whole.text);
    expect(streamed.usage).toEqual(whole.usage);
    expect(streamed.finishReasons).toEqual(whole.finishReasons);
  });

  test('the client helper assembles the same completion', async () => {
    const runner = client.chat.completions.stream({ model: 'small', messages: hello });
    const whole = await client.chat.completions.create({ model: 'small', messages: hello });
    expect(await runner.finalContent()).toBe(whole.choices[0]?.message.content);
  });

  test('an error in the stream is thrown by the client', async () => {
    const stream = await client.chat.completions.create({
      model: 'small',
      messages: [{ role: 'user', content: '[[fault:mid-reset]][[tokens:12]]Name a harbour.' }],
      stream: true,
    });
    const read = async () => {
      for await (const _ of stream);
    };
    await expect(read()).rejects.toMatchObject({ code: 'upstream_truncated' });
  });
});

describe('parameters', () => {
  test.each([true, false])('two choices, stream %s', async (stream) => {
    const response = await gateway.chat({ model: 'small', messages: hello, n: 2, seed: 7, max_tokens: 30, stream });
    const text = await response.text();
    if (!stream) {
      const { choices } = JSON.parse(text) as OpenAI.ChatCompletion;
      expect(choices.map(({ index }) => index)).toEqual([0, 1]);
      for (const { message, finish_reason } of choices)
        expect({ text: message.content, finish_reason }).not.toMatchObject({ text: '' });
      return;
    }
    const chunks = text
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .map((event) => JSON.parse(event.slice(6)) as OpenAI.ChatCompletionChunk);
    const choices = chunks.flatMap((chunk) => chunk.choices);
    for (const index of [0, 1]) {
      const own = choices.filter((choice) => choice.index === index);
      expect(own.filter((choice) => choice.finish_reason !== null)).toHaveLength(1);
      expect(own.map(({ delta }) => delta.content ?? '').join('')).not.toBe('');
    }
  });

  test('a stop sequence ends the answer before it', async () => {
    const body = { model: 'small', messages: [{ role: 'user', content: '[[say:one two STOP three]]' }], stop: ['STOP'] };
    const reply = await readReply(await gateway.chat(body));
    expect({ text: reply.text.trim(), reasons: reply.finishReasons }).toEqual({ text: 'one two', reasons: ['stop'] });
  });

  test('a limit ends the answer with length, by both its names', async () => {
    for (const limit of [{ max_tokens: 4 }, { max_completion_tokens: 4 }]) {
      const reply = await readReply(await gateway.chat({ model: 'small', messages: hello, ...limit }));
      expect(reply).toMatchObject({ finishReasons: ['length'], usage: { completion_tokens: 4 } });
    }
  });

  test('sampling parameters travel as they are, and no others', async () => {
    const given = {
      temperature: 0.3,
      top_p: 0.9,
      presence_penalty: 0.1,
      frequency_penalty: -0.1,
      seed: 42,
      top_k: 5,
      min_p: 0.05,
      logit_bias: { 5: -3 },
    };
    const response = await gateway.chat(
      { model: 'small', messages: hello, max_tokens: 5, user: 'someone', metadata: { team: 'a' }, store: true, ...given },
      { 'x-request-id': 'sampling' },
    );
    await response.text();
    const call = (await gateway.chatCalls()).find(({ id }) => id === 'sampling');
    expect(call?.body).toMatchObject(given);
    expect(call?.bodyKeys).not.toContain('user');
    expect(call?.bodyKeys).not.toContain('metadata');
    expect(call?.bodyKeys).not.toContain('store');
  });

  test.each([true, false])('logprobs come when asked for, stream %s', async (stream) => {
    const body = { model: 'small', messages: hello, logprobs: true, top_logprobs: 2, max_tokens: 10, stream };
    const text = await (await gateway.chat(body)).text();
    const entries = text.match(/"top_logprobs":\[\{"token"/g) ?? [];
    expect(entries).toHaveLength(10);
  });

  test('a tool call arrives as one, from raw markup and from a server that parses', async () => {
    const tools = [
      {
        type: 'function',
        function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
      },
    ];
    for (const model of ['small', 'large']) {
      for (const stream of [true, false]) {
        const messages = [{ role: 'user', content: '[[call:get_weather {"city": "Oslo"}]]How is the weather?' }];
        const reply = await readReply(await gateway.chat({ model, messages, tools, stream }));
        expect(reply.finishReasons).toEqual(['tool_calls']);
        expect(reply.calls.map((call) => ({ ...call, arguments: JSON.parse(call.arguments) as unknown }))).toEqual([
          { name: 'get_weather', arguments: { city: 'Oslo' } },
        ]);
        expect(reply.text).not.toContain('tool_call');
      }
    }
  });
});

describe('the list of models', () => {
  test('names every model, tier and alias once', async () => {
    const { data } = await client.models.list();
    const ids = data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['qwen2.5-7b', 'qwen2.5-32b', 'auto', 'small', 'large', 'gpt-4o-mini']));
    expect(ids).not.toContain('vision');
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('finds a model by its id, and by its served name with the slash as it is or encoded', async () => {
    expect(await client.models.retrieve('qwen2.5-7b')).toMatchObject({ id: 'qwen2.5-7b', object: 'model' });
    expect(await client.models.retrieve('Qwen/Qwen2.5-7B-Instruct')).toMatchObject({ id: 'qwen2.5-7b' });
    const response = await gateway.get('/v1/models/Qwen/Qwen2.5-32B-Instruct-AWQ', clientKey);
    expect(await response.json()).toMatchObject({ id: 'qwen2.5-32b', context_tokens: 32_768, health_status: 'up' });
  });
});

describe('what passes through, and what does not', () => {
  beforeEach(() => gateway.resetState());

  test('a harmless request id is kept, reaches the model server and names the answer', async () => {
    const response = await gateway.chat({ model: 'small', messages: hello, max_tokens: 5 }, { 'x-request-id': 'my-id.7_A' });
    await response.text();
    expect(response.headers.get('x-request-id')).toBe('my-id.7_A');
    expect((await gateway.chatCalls()).map(({ id }) => id)).toEqual(['my-id.7_A']);
  });

  test.each([true, false])('no header of a model server reaches the client, stream %s', async (stream) => {
    const response = await gateway.chat({
      model: 'small',
      messages: [{ role: 'user', content: '[[fault:leaky-headers]]hi' }],
      stream,
    });
    await response.text();
    const names = [...response.headers.keys()].filter(
      (name) => !['content-length', 'transfer-encoding', 'content-encoding'].includes(name),
    );
    expect(names.toSorted()).toEqual([
      'cache-control',
      'content-type',
      'x-content-type-options',
      'x-request-id',
      'x-routing-metadata',
    ]);
    expect(JSON.stringify([...response.headers])).not.toContain('canary');
  });

  test('no header of the client reaches a model server, its key least of all', async () => {
    const headers = {
      cookie: 'session=canary',
      'x-forwarded-for': '203.0.113.9',
      'x-canary': 'canary',
      'user-agent': 'canary/1.0',
      'openai-organization': 'canary',
      'cf-access-client-secret': 'canary',
      'x-session-id': 'abc',
      'x-agent-name': 'planner',
      'x-standin-fault': 'server-error',
    };
    const response = await gateway.chat({ model: 'small', messages: hello, max_tokens: 5 }, headers);
    expect(response.status).toBe(200);
    await response.text();
    const allowed = [
      'accept',
      'accept-encoding',
      'authorization',
      'cache-control',
      'cf-worker',
      'connection',
      'content-length',
      'content-type',
      'host',
      'user-agent',
      'x-request-id',
    ];
    const [call] = await gateway.chatCalls();
    expect(call?.headerNames.filter((name) => !allowed.includes(name))).toEqual([]);
    const [passage] = (await gateway.gateLog()).filter(({ path }) => path === '/v1/chat/completions');
    const tokenNames = ['cf-access-client-id', 'cf-access-client-secret'];
    expect(passage).toMatchObject({ outcome: 'passed', hasServiceToken: true });
    expect(passage?.headerNames.filter((name) => ![...allowed, ...tokenNames].includes(name))).toEqual([]);
  });

  test('the model server is opened by its own key: the same call with the client key is refused by it', async () => {
    const { servers } = inject('addresses');
    const status = async (key: string) =>
      (await fetch(`${servers['small']}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect([await status(clientKey), await status(upstreamKey)]).toEqual([401, 200]);
    await (await gateway.chat({ model: 'small', messages: hello, max_tokens: 5 })).text();
    expect((await gateway.chatCalls()).map(({ status: answered }) => answered)).toEqual([200]);
  });

  test('the answer header is ASCII, whatever the reason says', async () => {
    const response = await gateway.chat({ messages: [{ role: 'user', content: 'Erkläre 東京 — naïve' }], max_tokens: 5 });
    expect(response.headers.get('x-routing-metadata')).toMatch(/^[\x20-\x7e]+$/);
    await response.text();
  });

  test('every answer may not be stored or sniffed', async () => {
    for (const stream of [true, false]) {
      const response = await gateway.chat({ messages: hello, max_tokens: 5, stream });
      await response.text();
      expect(response.headers.get('cache-control')).toContain('no-store');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });
});

/** The parts of the metadata that must not differ between header, body and finish chunk. */
function agreeing(metadata: Metadata | undefined): Partial<Metadata> {
  if (metadata === undefined) throw new Error('no metadata');
  const { total_time_seconds: _, score, confidence, ...rest } = metadata;
  return { ...rest, score: Number(score.toFixed(4)), confidence: Number(confidence.toFixed(4)) };
}
