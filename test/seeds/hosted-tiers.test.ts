/**
 * The profile hosted-tiers with the official openai client: Claude by Anthropic's wire, Gemini by its compatible endpoint, and a model of one's
 * own behind the tunnel. Each has a key of its own, and on each wire everything is recorded that is sent.
 */
import OpenAI, { APIError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import * as z from 'zod';
import { compileConfigs } from '../../infra/config/compile.ts';
import { adminToken, clientKey } from '../../infra/rig/connect.ts';
import { standinsFor } from '../../infra/rig/profile.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import type { FleetModel } from '../../infra/standin/fleet.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import type { RoutingMetadata } from '../../shared/routing-metadata.ts';
import { picture } from './profile-gateway.ts';
import { recordWire, type WireRecorder } from '../support/wire-recorder.ts';

const keys = {
  cheap: 'canary-key-of-haiku',
  accurate: 'canary-key-of-sonnet',
  vision: 'canary-key-of-gemini',
  own: 'canary-key-of-our-own',
};
type ServerId = keyof typeof keys;
const ids = ['cheap', 'accurate', 'vision', 'own'] as const satisfies readonly ServerId[];

/** Prices that differ in every kind of token, so that a mistake in one is a wrong sum. */
const prices = {
  cheap: { input: 1.07, cached: 0.11, written: 1.31, output: 5.03 },
  accurate: { input: 3.01, cached: 0.31, written: 3.77, output: 15.01 },
  flash: { input: 0.31, cached: 0.07, written: 0.31, output: 2.53 },
};
const priced = Object.fromEntries(
  Object.entries(prices).map(([id, { input, cached, written, output }]) => [
    id,
    {
      price: {
        input_per_million_usd: input,
        cached_input_per_million_usd: cached,
        cache_write_per_million_usd: written,
        output_per_million_usd: output,
      },
    },
  ]),
);

const overrides = {
  upstreams: {
    accurate: { key_var: 'SONNET_API_KEY' },
    own: {
      url_var: 'OWN_UPSTREAM_URL',
      key_var: 'OWN_API_KEY',
      dialect: 'vllm',
      access: true,
      timeouts_ms: { first_event: 12_000, idle: 15_000, total: 60_000 },
    },
  },
  models: {
    ...priced,
    own: {
      upstreams: ['own'],
      served_name: 'our/own-7b',
      tier: 'large',
      context_tokens: 32_768,
      capabilities: ['tools', 'json_schema', 'continue'],
      tool_formats: ['hermes'],
      reasoning: 'none',
      slow_tokens_per_second: 15,
      max_in_flight: 32,
      price: {
        input_per_million_usd: 0,
        cached_input_per_million_usd: 0,
        output_per_million_usd: 0,
        source: 'test',
        as_of: '2026-11-30',
      },
    },
  },
  routing: {
    chains: { cheap: ['accurate', 'own'], accurate: ['cheap', 'own'], own: ['cheap'] },
    // Faults are planted on single requests here: they must not take a model out for the next one.
    health: { breaker: { enabled: false } },
    retry: { backoff_base_ms: 1, backoff_max_ms: 2, budget_ratio: 1, budget_floor_per_second: 100 },
  },
};

let gateway: Rig;
let client: OpenAI;
const wires = new Map<ServerId, WireRecorder>();

beforeAll(async () => {
  const config = compileConfigs(`${repoFolder}configs`).profiles['hosted-tiers'];
  if (config === undefined) throw new Error('no profile hosted-tiers');
  const direct = standinsFor(config).map((one): FleetModel => {
    const id = ids.find((known) => known === one.id);
    return {
      ...one,
      ...(id === undefined ? {} : { apiKey: keys[id] }),
      tellsCachedTokens: true,
      cachedShare: 0.5,
      writtenShare: id === 'vision' ? 0 : 0.25,
    };
  });
  gateway = await startRig({
    on: inject('bundle'),
    overrides,
    fleet: { models: [{ id: 'own', servedName: 'our/own-7b', role: 'small', apiKey: keys.own }] },
    direct,
    vars: async (fleet) => {
      for (const id of ids) wires.set(id, await recordWire((id === 'own' ? fleet.urls : fleet.directUrls)[id] ?? ''));
      const urls = [...wires].map(([id, { url }]) => [`${id.toUpperCase()}_UPSTREAM_URL`, url] as const);
      return {
        ...Object.fromEntries(urls),
        CONFIG_PROFILE: 'hosted-tiers',
        ANTHROPIC_API_KEY: keys.cheap,
        SONNET_API_KEY: keys.accurate,
        GEMINI_API_KEY: keys.vision,
        OWN_API_KEY: keys.own,
        UPSTREAM_API_KEY: 'canary-key-of-nobody',
      };
    },
  });
  client = gateway.client;
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await Promise.all([...wires.values()].map((wire) => wire.close()));
});

type Asked = Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>;

const params = (text: string, more: Asked = {}): OpenAI.ChatCompletionCreateParamsNonStreaming => ({
  model: 'auto',
  messages: [{ role: 'user', content: text }],
  max_tokens: 200,
  ...more,
});

/** An answer and how it came about. */
async function ask(text: string, more: Asked = {}): Promise<{ completion: OpenAI.ChatCompletion; routing: RoutingMetadata }> {
  const { data, response } = await client.chat.completions.create(params(text, more)).withResponse();
  return { completion: data, routing: JSON.parse(response.headers.get('x-routing-metadata') ?? '{}') };
}

/** The same streamed, put together by the client's own helper. */
async function askStreamed(text: string, more: Asked = {}): Promise<OpenAI.ChatCompletion> {
  const { stream: _, ...body } = params(text, more);
  return client.chat.completions.stream({ ...body, stream_options: { include_usage: true } }).finalChatCompletion();
}

const hard =
  'Design the architecture of a multi-tenant billing platform: evaluate the trade-offs of schema-per-tenant against shared tables, ' +
  'plan the migration step by step, and justify the consistency model under concurrent updates.';
const fault = (name: string, on: string) => `[[fault:${name};on=${on}]]`;
const say = (text: string) => `[[say64:${Buffer.from(text).toString('base64')}]]`;
const steered = (steer: string, text = 'Which one is it?'): Asked => ({
  messages: [
    { role: 'system', content: steer },
    { role: 'user', content: text },
  ],
});
const find: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: { name: 'find', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
};
const codeOf = async (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => null,
    (error: unknown) => (error instanceof APIError ? error.code : error),
  );

describe('a request finds its tier', () => {
  test.each([
    ['a greeting', 'Hello', {}, 'cheap', 'claude-haiku-4-5'],
    ['hard work', hard, {}, 'accurate', 'claude-sonnet-4-5'],
    [
      'a picture',
      '',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, picture] }] },
      'flash',
      'gemini-2.5-flash',
    ],
    ['two answers at once, which Claude does not give', 'Hello', { n: 2 }, 'own', 'our/own-7b'],
  ] as const)('%s', async (_, text, more, model, served) => {
    const { completion, routing } = await ask(text, more as Asked);
    expect(routing).toMatchObject({ model_id: model, fallback_used: false, attempts: 1 });
    expect(completion.model).toBe(served);
    expect(completion.choices[0]?.message.content).not.toBe('');
  });
});

describe.each(['cheap', 'accurate', 'flash'])('%s answers', (model) => {
  const told = 'Grüße "aus" der Küche: {1}\n🦊';

  test('text, whole and streamed', async () => {
    for (const answered of [
      (await ask('', { model, ...steered(say(told)) })).completion,
      await askStreamed('', { model, ...steered(say(told)) }),
    ]) {
      expect(answered.choices).toMatchObject([{ finish_reason: 'stop', message: { content: told, role: 'assistant' } }]);
      expect(answered.usage?.total_tokens).toBeGreaterThan(5);
    }
  });

  test('a text that its limit cuts', async () => {
    const { choices, usage } = await askStreamed('Tell me everything.', { model, max_tokens: 3 });
    expect([choices[0]?.finish_reason, usage?.completion_tokens]).toEqual(['length', 3]);
  });

  test('parallel calls, whole and streamed, and their results', async () => {
    const asked = { model, tools: [find] };
    const text = '[[say:]][[call:find {"city":"Oslo"}]][[call:find {"city":"Rom"}]] Where?';
    for (const answered of [(await ask(text, asked)).completion, await askStreamed(text, asked)]) {
      const [choice] = answered.choices;
      const calls = (choice?.message.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call] : []));
      expect(choice?.finish_reason).toBe('tool_calls');
      expect(calls.map((call) => JSON.parse(call.function.arguments))).toEqual([{ city: 'Oslo' }, { city: 'Rom' }]);
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
      const results = calls.map(({ id }) => ({ role: 'tool' as const, tool_call_id: id, content: 'Rain.' }));
      const { completion } = await ask('', {
        ...asked,
        messages: [
          { role: 'system', content: say('Rain in both.') },
          { role: 'user', content: 'Where?' },
          { role: 'assistant', content: null, tool_calls: calls },
          ...results,
        ],
      });
      expect(completion.choices[0]?.message.content).toBe('Rain in both.');
    }
  });

  test('the form that was asked for', async () => {
    const Trip = z.object({ city: z.string(), days: z.int().min(1), tags: z.array(z.string()) });
    const parsed = await client.chat.completions.parse({
      ...params('Plan a trip.', { model }),
      max_tokens: 2000,
      response_format: zodResponseFormat(Trip, 'trip'),
    });
    expect(Trip.safeParse(parsed.choices[0]?.message.parsed).success).toBe(true);
  });
});

test('a doubtful answer of Haiku is answered again by Sonnet', async () => {
  const doubt = "I'm not sure, maybe it is possibly the second one, but I don't know.";
  const { routing } = await ask('', steered(say(doubt)));
  expect(routing).toMatchObject({ model_id: 'accurate', escalated: true });
});

describe('when a vendor is not there', () => {
  test('Haiku answers in place of the model of one’s own', async () => {
    const { routing } = await ask('', { model: 'own', ...steered(fault('server-error', 'own')) });
    expect(routing).toMatchObject({ model_id: 'cheap', primary_model: 'own', fallback_used: true });
  });

  test.each(['server-error', 'unauthorized', 'reset', 'model-missing', 'first-event-error', 'unavailable', 'rate-limit'])(
    'Sonnet answers in place of Haiku (%s)',
    async (name) => {
      const { routing } = await ask('', steered(fault(name, 'cheap')));
      expect(routing).toMatchObject({ model_id: 'accurate', primary_model: 'cheap', fallback_used: true });
    },
  );

  test('and the model of one’s own where both are gone, streamed as well', async () => {
    const gone = steered(fault('unavailable', 'cheap') + fault('unavailable', 'accurate') + say('Ours.'));
    expect((await ask('', gone)).routing).toMatchObject({ model_id: 'own', fallback_used: true });
    expect((await askStreamed('', gone)).choices[0]?.message.content).toBe('Ours.');
  });

  test.each(['mid-error', 'mid-reset', 'eof', 'garbled-event'])(
    'a stream that breaks is never shown as whole (%s)',
    async (name) => {
      const nobody = ['cheap', 'accurate', 'own'].map((on) => fault(name, on)).join('');
      const broken = askStreamed('', steered(nobody + say('One two three four five six seven eight nine ten.')));
      expect(await codeOf(broken)).toMatch(/^upstream_/);
    },
  );

  test('a rate limit of everybody is told with the time to wait', async () => {
    const limited = ['cheap', 'accurate', 'own'].map((on) => fault('rate-limit', on)).join('');
    const response = await gateway.chat(params('', steered(limited)));
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    await response.text();
  });
});

test.each(['cheap', 'accurate', 'flash'])('a prompt that %s finds too long has one code for all', async (model) => {
  const everywhere = ['cheap', 'accurate', 'vision', 'own'].map((on) => fault('context-length', on)).join('');
  expect(await codeOf(ask('', { model, ...steered(everywhere) }))).toBe('context_length_exceeded');
});

test('what it costs is booked to the nano-USD, with what was cached and what was written', async () => {
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await gateway.admin('POST', '/admin/stats/reset');
  for (const id of ids) gateway.fleet.model(id).clearLog();
  for (const model of ['cheap', 'accurate', 'flash']) {
    await ask('Say a few words about queues.', { model, max_tokens: 40 });
    await askStreamed('And about locks, please.', { model, max_tokens: 40 });
  }
  await expect.poll(async () => (await gateway.stats()).totals.requests, { timeout: 10_000 }).toBe(6);
  const modelOf = { cheap: 'cheap', accurate: 'accurate', vision: 'flash' } as const;
  const expected = gateway.calls().map(({ server, usage }) => {
    const id = server === 'cheap' || server === 'accurate' ? server : 'vision';
    const { input, cached, written, output } = prices[modelOf[id]];
    const { promptTokens = 0, completionTokens = 0 } = usage ?? {};
    const read = Math.floor(promptTokens / 2);
    const wrote = id === 'vision' ? 0 : Math.floor(promptTokens / 4);
    // Prices have two decimals: in hundredths of a dollar per million tokens, that is ten nano-USD each, all of it is whole.
    const hundredths = (usd: number): number => Math.round(usd * 100);
    return (
      10 *
      ((promptTokens - read - wrote) * hundredths(input) +
        read * hundredths(cached) +
        wrote * hundredths(written) +
        completionTokens * hundredths(output))
    );
  });
  expect(expected).toHaveLength(6);
  expect((await gateway.stats()).totals.cost_nano_usd).toBe(expected.reduce((sum, cost) => sum + cost, 0));
});

// The last one: by now there were answers, fallbacks, retries, probes and errors of every kind.
test('no server was ever sent the key of another, nor what opens the gateway', async () => {
  await expect.poll(() => ids.filter((id) => !/^GET /m.test(wires.get(id)?.sent() ?? '')), { timeout: 20_000 }).toEqual([]);
  for (const [id, wire] of wires) {
    const sent = wire.sent();
    const found = Object.entries(keys)
      .filter(([, key]) => sent.includes(key))
      .map(([owner]) => owner);
    expect([id, found]).toEqual([id, [id]]);
    for (const secret of [clientKey, adminToken, 'canary-key-of-nobody']) expect(sent).not.toContain(secret);
    // The tunnel's own token goes through the tunnel only.
    expect(/cf-access-client-secret/i.test(sent)).toBe(id === 'own');
    expect(sent).toMatch(/^POST /m);
  }
}, 30_000);
