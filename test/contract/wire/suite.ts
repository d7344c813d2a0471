/** Holds a model server, and the gateway before it, to the wire contract. Registers the tests; starts nothing. */
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type GatewayClient, upstreamKey } from '../../../infra/rig/connect.ts';
import { until } from '../../../infra/rig/waiting.ts';
import type { OwnFlavourName } from '../../../infra/standin/flavours/registry.ts';
import { type ChatRow, type Sight, answers, paris, refusals, tools } from './chat-rows.ts';
import { metricNames } from './metric-rows.ts';
import { type MetricsPage, readMetrics, valueOf } from './metrics-page.ts';
import { type Seen, see } from './seen.ts';
import type { WireServer } from './server.ts';
import { phases, shape } from './shape.ts';

/** What the tests work on, once everything runs. */
export interface WireStand {
  readonly server: WireServer;
  readonly gateway: GatewayClient;
  /** A stand-in that must answer in the shape of the real server; null where the server is a stand-in itself. */
  readonly twin: WireServer | null;
}

/** A slow machine needs seconds for the first answer of a kind. */
const patient = 300_000;

export function wireContract(flavour: OwnFlavourName, stand: () => WireStand): void {
  describe.each(answers)('$name', (row) => {
    const ways = row.way === undefined ? (['stream', 'whole'] as const) : [row.way];
    test.each(ways)('%s', { timeout: patient }, async (way) => {
      const { server, gateway, twin } = stand();
      const isStream = way === 'stream';
      const direct = await askServer(server, row, isStream);
      expect(direct).toMatchObject({ isStream, ...sightOf(row.direct, flavour) });
      if (direct.stream !== null) expect(direct.stream).toMatchObject(streamOf(flavour));
      if (twin !== null) expectTwin(await askServer(twin, row, isStream), direct, row);

      const through = await askGateway(gateway, server, row, isStream);
      const sight = sightOf(row.gateway, flavour);
      expect(through).toMatchObject(sight['status'] === 200 ? { isStream, ...sight } : sight);
      if (through.stream !== null && through.error === null) expect(through.stream).toMatchObject(gatewayStream);
      if (row.isEqual) expect(essence(through)).toEqual(essence(direct));
    });
  });

  describe('refused:', () => {
    test.each(refusals)('$name', { timeout: patient }, async (row) => {
      const { server, gateway, twin } = stand();
      const direct = await askServer(server, row, false);
      expect(direct).toMatchObject(sightOf(row.direct, flavour));
      if (twin !== null) expectTwin(await askServer(twin, row, false), direct, row);
      expect(await askGateway(gateway, server, row, false)).toMatchObject(sightOf(row.gateway, flavour));
    });
  });

  routes(flavour, stand);
  metricsAndLeaving(flavour, stand);
  officialClient(stand);
}

function sightOf(sight: ChatRow['direct'], flavour: OwnFlavourName): Sight {
  return isPerFlavour(sight) ? sight[flavour] : sight;
}

function isPerFlavour(sight: ChatRow['direct']): sight is Readonly<Record<OwnFlavourName, Sight>> {
  return 'vllm' in sight && 'llama-cpp' in sight;
}

const streamOf = (flavour: OwnFlavourName): object => ({
  opening: flavour === 'vllm' ? { role: 'assistant', content: '' } : { role: 'assistant', content: null },
  closing: { choices: 0, hasUsage: true },
  isWhole: true,
  ids: 1,
});
const gatewayStream = { opening: { role: 'assistant' }, closing: { choices: 0, hasUsage: true }, isWhole: true, ids: 1 };

/** What must be equal on both sides of the gateway. */
function essence({ text, calls, finish, usage, logprobs }: Seen): object {
  const { prompt_tokens, completion_tokens, total_tokens } = usage ?? {};
  return { text, calls, finish, usage: { prompt_tokens, completion_tokens, total_tokens }, logprobs };
}

/** The stand-in's events are built as the real server's; where their order is chance, each of its is one of the server's. */
function expectTwin(twin: Seen, real: Seen, { hasAnyOrder }: ChatRow): void {
  if (hasAnyOrder) expect(shapeOf(real)).toEqual(expect.arrayContaining([...shapeOf(twin)]));
  else expect(shapeOf(twin)).toEqual(shapeOf(real));
}

function shapeOf(seen: Seen): readonly string[] {
  return seen.stream === null ? [shape(seen.body)] : phases(seen.stream.events);
}

const asStream = { stream: true, stream_options: { include_usage: true } };

async function askServer(server: WireServer, row: ChatRow, isStream: boolean): Promise<Seen> {
  const body = { model: server.servedName, ...row.body(server), ...(isStream ? asStream : {}) };
  return see(await post(server, '/v1/chat/completions', body));
}

async function askGateway(gateway: GatewayClient, server: WireServer, row: ChatRow, isStream: boolean): Promise<Seen> {
  return see(await gateway.chat({ model: server.model, ...row.body(server), ...(isStream ? asStream : {}) }));
}

function post({ origin }: WireServer, path: string, body: object, key = upstreamKey): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) });
}

function get({ origin }: WireServer, path: string, key: string | null = upstreamKey): Promise<Response> {
  return fetch(origin + path, key === null ? {} : { headers: { authorization: `Bearer ${key}` } });
}

async function metricsOf(server: WireServer): Promise<MetricsPage> {
  return readMetrics(await (await get(server, '/metrics')).text());
}

function routes(flavour: OwnFlavourName, stand: () => WireStand): void {
  describe('the other routes', () => {
    test('list the model with the context it runs with, to those who have the key', async () => {
      const { server, gateway, twin } = stand();
      const list: { data: Record<string, unknown>[] } = JSON.parse(await (await get(server, '/v1/models')).text());
      const size = flavour === 'vllm' ? { max_model_len: server.contextTokens } : { meta: { n_ctx: server.contextTokens } };
      expect(list.data.find(({ id }) => id === server.servedName)).toMatchObject({ object: 'model', ...size });
      if (twin !== null) {
        const own: unknown = JSON.parse(await (await get(twin, '/v1/models')).text());
        expect(shape(own)).toBe(shape(list));
      }
      expect((await get(server, '/v1/models', 'wrong')).status).toBe(401);
      const health = await gateway.health();
      const model = Object.values(health.models).find(({ status }) => status === 'up');
      expect(model?.instances[0]).toMatchObject({ consecutive_failures: 0, last_probe: expect.any(String) });
    });

    test('refuse a wrong key in words of their own', async () => {
      const { server } = stand();
      const response = await post(server, '/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }] }, 'wrong');
      const expected = { vllm: { error: 'Unauthorized' }, 'llama-cpp': { error: { code: 401, type: 'authentication_error' } } };
      expect([response.status, JSON.parse(await response.text())]).toMatchObject([401, expected[flavour]]);
    });

    test('say that the server is well, to everybody', async () => {
      const response = await get(stand().server, '/health', null);
      expect([response.status, await response.text()]).toEqual([200, flavour === 'vllm' ? '' : '{"status":"ok"}']);
    });

    test('count the tokens of a conversation, or do not', async () => {
      const { server } = stand();
      const messages = [{ role: 'user', content: 'Hello there' }];
      const counted = await post(server, '/tokenize', { model: server.servedName, messages });
      const expected = {
        vllm: { count: expect.any(Number), max_model_len: server.contextTokens, tokens: expect.any(Array) },
        'llama-cpp': { tokens: [] },
      };
      expect([counted.status, JSON.parse(await counted.text())]).toMatchObject([200, expected[flavour]]);
    });

    test('have no vectors for a model that chats', async () => {
      const response = await post(stand().server, '/v1/embeddings', { input: 'Hello' });
      const expected = {
        vllm: [404, { detail: 'Not Found' }],
        'llama-cpp': [501, { error: { code: 501, type: 'not_supported_error' } }],
      };
      expect([response.status, JSON.parse(await response.text())]).toMatchObject(expected[flavour]);
    });
  });
}

/** How soon a server must have noticed that nobody listens any more. */
const freedWithinMs = 15_000;

function metricsAndLeaving(flavour: OwnFlavourName, stand: () => WireStand): void {
  const names = metricNames[flavour];

  describe('the metrics', () => {
    test.each(names.rows)('have $name as a $type', async ({ name, type, labels }) => {
      const metric = (await metricsOf(stand().server)).get(name);
      expect({ type: metric?.type, labels: Object.keys(metric?.samples[0]?.labels ?? {}).toSorted() }).toEqual({ type, labels });
    });

    test('count every token that is made', { timeout: patient }, async () => {
      const { server } = stand();
      const before = valueOf(await metricsOf(server), names.generated) ?? 0;
      const seen = await askServer(server, answers[1] ?? expect.fail(), false);
      expect(seen.usage).toMatchObject({ completion_tokens: 3 });
      const made = async (): Promise<number> => (valueOf(await metricsOf(server), names.generated) ?? 0) - before;
      await until('they are counted', async () => (await made()) >= 3);
      expect(await made()).toBe(3);
    });
  });

  test.each(['the server itself', 'the gateway'])(
    'a client that leaves %s in the middle of an answer frees its generation',
    { timeout: patient },
    async (from) => {
      const { server, gateway } = stand();
      const messages = [{ role: 'user', content: server.say.endless() }];
      const body = { messages, max_tokens: 1500, temperature: 0.8, ignore_eos: true, ...asStream };
      const running = async (): Promise<number | null> => valueOf(await metricsOf(server), names.running);
      await until('nothing runs', async () => (await running()) === 0, freedWithinMs);
      const leaving = new AbortController();
      const { signal } = leaving;
      const response =
        from === 'the gateway'
          ? await gateway.chat({ model: server.model, ...body }, {}, { signal })
          : await fetch(`${server.origin}/v1/chat/completions`, {
              method: 'POST',
              signal,
              headers: { authorization: `Bearer ${upstreamKey}`, 'content-type': 'application/json' },
              body: JSON.stringify({ model: server.servedName, ...body }),
            });
      expect(response.status).toBe(200);
      const reader = (response.body ?? expect.fail()).getReader();
      for (let part = 0; part < 3; part += 1) expect((await reader.read()).done).toBe(false);
      expect(await running()).toBe(1);
      const progress = async (): Promise<number> => valueOf(await metricsOf(server), names.progress) ?? 0;
      const begun = await progress();
      await until('more is made', async () => (await progress()) > begun);
      leaving.abort();
      await until('its generation is freed', async () => (await running()) === 0, freedWithinMs);
      // What was made is far from what was asked for, and no more comes.
      const made = await progress();
      expect(await progress()).toBe(made);
    },
  );
}

function officialClient(stand: () => WireStand): void {
  describe('the openai client through the gateway', () => {
    test('reads a stream with its helper', { timeout: patient }, async () => {
      const { server, gateway } = stand();
      const stream = gateway.client.chat.completions.stream({
        model: server.model,
        messages: [{ role: 'user', content: server.say.text('The harbour is quiet.') }],
        temperature: 0,
        max_tokens: 24,
        stream_options: { include_usage: true },
      });
      const final = await stream.finalChatCompletion();
      expect(final.choices[0]?.message.content).toContain('The harbour is quiet.');
      expect((await stream.totalUsage()).completion_tokens).toBeGreaterThan(0);
    });

    test('parses what it asked for by a schema', { timeout: patient }, async () => {
      const { server, gateway } = stand();
      const Colour = z.object({ colour: z.enum(['red', 'green']), isWarm: z.boolean() });
      const parsed = await gateway.client.chat.completions.parse({
        model: server.model,
        messages: [{ role: 'user', content: 'Which colour is grass?' }],
        temperature: 0,
        max_tokens: 40,
        response_format: zodResponseFormat(Colour, 'colour'),
      });
      expect(Colour.safeParse(parsed.choices[0]?.message.parsed).success).toBe(true);
    });

    test('is given a call', { timeout: patient }, async () => {
      const { server, gateway } = stand();
      const stream = gateway.client.chat.completions.stream({
        model: server.model,
        messages: [{ role: 'user', content: server.say.call(paris.name, paris.arguments) }],
        temperature: 0,
        max_tokens: 96,
        tools,
      });
      const [choice] = (await stream.finalChatCompletion()).choices;
      expect(choice?.finish_reason).toBe('tool_calls');
      const [call] = choice?.message.tool_calls ?? [];
      expect(call).toMatchObject({ type: 'function', function: { name: paris.name } });
      expect(call?.type === 'function' ? JSON.parse(call.function.arguments) : null).toEqual(paris.arguments);
    });

    test('is told of a prompt that is too long', { timeout: patient }, async () => {
      const { server, gateway } = stand();
      const asking = gateway.client.chat.completions.create({
        model: server.model,
        messages: [{ role: 'user', content: 'word '.repeat(server.contextTokens + 500) }],
      });
      await expect(asking).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' });
      await expect(asking).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    });
  });
}
