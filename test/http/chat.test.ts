/** Chat completions as the official client sees them: streamed or whole, by every kind of model name, with every promise of the wire. */
import OpenAI from 'openai';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { clientIdOf } from '../../infra/standin/request-log.ts';
import type { RoutingMetadata } from '../../shared/routing-metadata.ts';
import { connect, routingOf } from '../../infra/rig/connect.ts';
import { readReply } from '../../infra/rig/reply.ts';

const gateway = connect(inject('addresses'));
const { client } = gateway;

type Metadata = RoutingMetadata;
interface Routed {
  readonly 'x-routing-metadata'?: Metadata;
}

const hello = [{ role: 'user' as const, content: 'Name a harbour.' }];

beforeAll(() => gateway.resetState());

describe('model names', () => {
  const rows = [
    ['auto', 'qwen2.5-7b'],
    ['gpt-4o-mini', 'qwen2.5-7b'],
    ['large', 'qwen2.5-32b'],
  ] as const;

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

  test('the strategy of the header is taken, the one in the name wins over it', async () => {
    const strategyOf = async (model: string) =>
      routingOf(await gateway.chat({ model, messages: hello, max_tokens: 5 }, { 'x-routing-strategy': 'quality' })).strategy;
    expect(await strategyOf('auto')).toBe('quality');
    expect(await strategyOf('auto:latency')).toBe('latency');
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
    const call = (await gateway.chatCalls()).find(({ id }) => clientIdOf(id) === 'sampling');
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
});

/** The parts of the metadata that must not differ between header, body and finish chunk. */
function agreeing(metadata: Metadata | undefined): Partial<Metadata> {
  if (metadata === undefined) throw new Error('no metadata');
  const { total_time_seconds: _, score, confidence, ...rest } = metadata;
  return { ...rest, score: Number(score.toFixed(4)), confidence: Number(confidence.toFixed(4)) };
}
