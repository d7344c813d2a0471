/**
 * The stand-in's wire against what servers sent: the same keys in the same order with the same finish reasons, through the same phases.
 * `fixtures/vllm-0.32` was recorded from a vLLM 0.32.0 with the hermes parser; test/fixtures/sse shows servers with other settings.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelServer } from '../../../infra/standin/server.ts';
import { startModelServer } from '../../../infra/standin/server.ts';
import type { ModelServerOptions } from '../../../infra/standin/options.ts';
import { phases, shape } from '../../contract/wire/shape.ts';
import type { Parsed } from './chat-client.ts';
import { ask, user } from './chat-client.ts';

/** Recordings of vLLM 0.32.0 are in this folder, those that other tests read as well in test/fixtures. */
const fixture = (name: string) =>
  readFileSync(`${import.meta.dirname}/${name.includes('/') ? 'fixtures' : '../../fixtures/sse'}/${name}`, 'utf8');

const tool = (name: string, more: object = {}) => ({
  type: 'function',
  function: {
    name,
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    ...more,
  },
});
const weather = { tools: [tool('get_weather'), tool('refresh'), tool('a'), tool('b')] };
const strict = { tools: [tool('get_weather', { strict: true })] };
const paris = user('x [[say:]][[call:get_weather {"city": "Paris"}]]');
const withUsage = { stream_options: { include_usage: true } };
const named = { tool_choice: { type: 'function', function: { name: 'get_weather' } } };
const format = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } } };
const hermes: Partial<ModelServerOptions> = { toolParser: 'hermes' };

function phasesOf(sse: string): string[] {
  const payloads = sse
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.replace(/^data: /, ''));
  return phases(payloads.map((payload) => (payload === '[DONE]' ? payload : JSON.parse(payload))));
}

interface Row {
  readonly file: string;
  readonly options?: Partial<ModelServerOptions>;
  readonly body: object;
}

const streams: readonly Row[] = [
  { file: 'vllm-0.32/text-stop.sse', body: user('x [[say:Bonjour 🌍!]]') },
  { file: 'vllm-0.32/length.sse', body: { ...user('x [[say:One two three]]'), max_tokens: 2, ...withUsage } },
  { file: 'vllm-0.32/stop.sse', body: { ...user('x [[say:The capital of France is old]]'), stop: [' France'], ...withUsage } },
  {
    file: 'vllm-0.32/cont-usage.sse',
    body: {
      ...user('x [[say:One two three]]'),
      max_tokens: 2,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    },
  },
  {
    file: 'vllm-0.32/logprobs.sse',
    body: { ...user('x [[say:Yes é no]]'), max_tokens: 2, logprobs: true, top_logprobs: 2, ...withUsage },
  },
  { file: 'vllm-0.32/call.sse', options: hermes, body: { ...paris, ...weather, ...withUsage } },
  {
    file: 'vllm-0.32/call-empty.sse',
    options: hermes,
    body: { ...user('x [[say:]][[call:refresh {}]]'), ...weather, ...withUsage },
  },
  {
    file: 'vllm-0.32/two-calls.sse',
    options: hermes,
    body: { ...user('x [[say:]][[call:a {"city": "x"}]][[call:b {"city": "y"}]]'), ...weather, ...withUsage },
  },
  { file: 'vllm-0.32/call-cut.sse', options: hermes, body: { ...paris, ...weather, max_tokens: 5, ...withUsage } },
  { file: 'vllm-0.32/call-cut-arguments.sse', options: hermes, body: { ...paris, ...weather, max_tokens: 19, ...withUsage } },
  {
    file: 'vllm-0.32/required-cut.sse',
    options: hermes,
    body: { ...paris, ...weather, tool_choice: 'required', max_tokens: 5, ...withUsage },
  },
  {
    file: 'vllm-hermes-empty-args-dropped.sse',
    options: hermes,
    body: { ...user('x [[say:]][[call:refresh {}]][[fault:arguments-dropped]]'), ...weather },
  },
  {
    file: 'vllm-hermes-parallel-one-delta.sse',
    options: { ...hermes, tokensPerChunk: 500 },
    body: { ...user('x [[say:]][[call:a {"city": "x"}]][[call:b {"city": "y"}]]'), ...weather },
  },
  { file: 'vllm-named-tool-choice.sse', body: { ...user('x [[say:]]'), ...weather, ...named } },
  { file: 'vllm-raw-markup-in-content.sse', body: { ...paris, ...weather } },
  { file: 'vllm-reasoning.sse', options: { reasoningParser: true }, body: user('x [[think:I should greet.]][[say:Hello.]]') },
  {
    file: 'vllm-reasoning-content-legacy.sse',
    options: { reasoningParser: true, reasoningField: 'reasoning_content' },
    body: user('x [[think:I should greet.]][[say:Hello.]]'),
  },
  { file: 'vllm-midstream-error.sse', body: user('x [[fault:mid-error;after=3]]') },
  { file: 'vllm-cut-no-done.sse', body: user('x [[fault:eof;after=3]]') },
];

describe('a stream of the stand-in', () => {
  it.each(streams)('has the keys and phases of $file', async ({ file, options = {}, body }) => {
    const server = await startModelServer(options);
    const answer = await ask(server.url, { stream: true, ...body });
    await server.close();
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(phasesOf(answer.text)).toEqual(phasesOf(fixture(file)));
  });
});

const wholes: readonly Row[] = [
  { file: 'length-whole.json', body: { ...user('x [[say:One two three]]'), max_tokens: 2 } },
  { file: 'stop-whole.json', body: { ...user('x [[say:The capital of France is old]]'), stop: [' France'] } },
  { file: 'call-whole.json', body: { ...paris, ...weather } },
  { file: 'call-cut-whole.json', body: { ...paris, ...weather, max_tokens: 5 } },
  { file: 'required-strict.json', body: { ...paris, ...strict, tool_choice: 'required' } },
  { file: 'required-cut-whole.json', body: { ...paris, ...weather, tool_choice: 'required', max_tokens: 5 } },
  { file: 'json-whole.json', body: { ...user('numbers'), ...format } },
  { file: 'json-tools-auto.json', body: { ...user('hello'), ...format, ...weather } },
];

describe('a whole answer of the stand-in', () => {
  it.each(wholes)('has the keys of vllm-0.32/$file', async ({ file, body }) => {
    const server = await startModelServer(hermes);
    const answer = await ask(server.url, body);
    await server.close();
    expect(shape(answer.json)).toBe(shape(JSON.parse(fixture(`vllm-0.32/${file}`))));
  });

  it('shows a call that a limit cut, and one beside it that is whole, as the raw text', async () => {
    const server = await startModelServer(hermes);
    const two = user('x [[say:]][[call:a {"city": "x"}]][[call:b {"city": "y"}]]');
    const [cut, late] = await Promise.all([
      ask(server.url, { ...two, ...weather, max_tokens: 36 }),
      ask(server.url, { ...paris, ...weather, max_tokens: 25 }),
    ]);
    await server.close();
    expect(cut.json.choices[0].message.content).toMatch(/^<tool_call>\n\{"name": "a".*<tool_call>/s);
    expect(cut.json.choices[0]).toMatchObject({ finish_reason: 'length' });
    expect(cut.json.choices[0].message).not.toHaveProperty('tool_calls');
    // The limit fell behind the last bracket: the call is whole, and nothing tells of the limit.
    expect(late.json.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: [{ function: { arguments: '{"city": "Paris"}' } }] },
    });
  });
});

interface Recorded {
  readonly status: number;
  readonly body: Parsed;
}

describe('an error of the stand-in', () => {
  let server: ModelServer;
  beforeAll(async () => {
    server = await startModelServer({ apiKey: 'k', maxModelLen: 4096, aliases: ['other-name'] });
  });
  afterAll(() => server.close());

  const recorded: Record<string, Recorded> = JSON.parse(fixture('vllm-0.32/answers.json'));
  const headers = { authorization: 'Bearer k' };
  const continued = { messages: [...user('x').messages, { role: 'assistant', content: 'y' }], continue_final_message: true };
  const unique = { type: 'array', items: { type: 'integer' }, uniqueItems: true };

  it.each<[name: string, body: unknown]>([
    ['no_messages', {}],
    ['bad_json', '{"messages": ['],
    ['bad_temp', { ...user('x'), temperature: 'hot' }],
    ['temp_range', { ...user('x'), temperature: -1 }],
    ['n2_t0', { ...user('x'), temperature: 0, n: 2 }],
    ['unique_items', { ...user('x'), response_format: { type: 'json_schema', json_schema: { name: 'x', schema: unique } } }],
    ['max_tokens_over', { ...user('x'), max_tokens: 100_000 }],
    ['max_tokens_zero', { ...user('x'), max_tokens: 0 }],
    ['prompt_over', { ...user('word '.repeat(6000)), max_tokens: 5 }],
    ['model_missing', { ...user('x'), model: 'nope' }],
    ['stream_options_whole', { ...user('x'), stream_options: { include_usage: true } }],
    ['empty_tools', { ...user('x'), tools: [] }],
    ['choice_no_tools', { ...user('x'), tool_choice: 'required' }],
    ['wrong_named', { ...user('x'), ...weather, tool_choice: { type: 'function', function: { name: 'zzz' } } }],
    ['bad_choice', { ...user('x'), ...weather, tool_choice: 'sometimes' }],
    ['toplogprobs_alone', { ...user('x'), top_logprobs: 2 }],
    ['cont_final_no_agp', continued],
    ['image', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:x' } }] }] }],
  ])('is word for word the recorded one: %s', async (name, body) => {
    const answer = await ask(server.url, body, { headers });
    const { status, body: expected } = recorded[name] ?? { status: 0, body: null };
    // A number in the recorded words that JSON cannot tell from an integer.
    const words = JSON.parse(JSON.stringify(expected).replaceAll('-1.0', '-1'));
    expect([answer.status, answer.json]).toEqual([status, words]);
  });

  it('tells in vLLM’s words of an engine that is dead, a queue that is full and a key that is wrong', async () => {
    const [dead, full, closed] = await Promise.all([
      ask(server.url, user('x [[fault:server-error]]'), { headers }),
      ask(server.url, user('x [[fault:unavailable]]'), { headers }),
      ask(server.url, user('x'), { headers: { authorization: 'Bearer wrong' } }),
    ]);
    expect([dead.status, dead.json.error.message]).toEqual([
      500,
      expect.stringMatching(/^EngineCore encountered an issue\. See/),
    ]);
    expect([full.status, full.json.error, full.headers.get('retry-after')]).toEqual([
      503,
      {
        message:
          'The engine is currently busy and cannot accept new requests. Please try again later or on a different instance.',
        type: 'Service Unavailable',
        param: null,
        code: 503,
      },
      null,
    ]);
    expect([closed.status, closed.json]).toEqual([401, { error: 'Unauthorized' }]);
  });

  it('is none for what a real server takes: an unknown role, null everywhere, tools without parameters, a limit beyond the room', async () => {
    const bodies = [
      { messages: [{ role: 'wizard', content: 'hi' }], max_tokens: 3 },
      { ...user('hi'), stop: [], tools: null, tool_choice: null, response_format: null, stream: null },
      { ...user('hi'), tools: [{ type: 'function', function: { name: 'f' } }], max_tokens: 3 },
      { ...user('hi'), max_tokens: 4090 },
      { ...user('hi'), ...weather, ...named, ...format },
      { ...user('hi'), model: 'other-name', max_tokens: 3 },
    ];
    const statuses = await Promise.all(bodies.map(async (body) => (await ask(server.url, body, { headers })).status));
    expect(statuses).toEqual(bodies.map(() => 200));
  });

  it('is a plain detail for a route that a chat model does not have', async () => {
    const embeddings = await fetch(`${server.url}/v1/embeddings`, { method: 'POST', headers, body: '{"input":"x"}' });
    const wrongMethod = await fetch(`${server.url}/v1/chat/completions`, { headers });
    expect([embeddings.status, await embeddings.json()]).toEqual([404, { detail: 'Not Found' }]);
    expect([wrongMethod.status, await wrongMethod.json()]).toEqual([405, { detail: 'Method Not Allowed' }]);
  });
});

describe('an engine that is killed', () => {
  it('ends a stream with an error event and [DONE], a whole answer with 500, and then the port refuses', async () => {
    const server = await startModelServer();
    const [streamed, whole] = await Promise.all([
      ask(server.url, { ...user('one [[fault:engine-death;ms=300]]'), stream: true }),
      ask(server.url, user('two [[fault:engine-death;ms=300]]')),
    ]);
    expect(streamed.text).toMatch(/data: \{"error": \{"message": "EngineCore .*"code": 500\}\}\n\ndata: \[DONE\]\n\n$/);
    expect([whole.status, whole.json.error.code]).toEqual([500, 500]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const refused = await ask(server.url, user('three'));
    await server.close();
    expect([refused.status, refused.broke]).toEqual([0, 'ECONNREFUSED']);
  });
});

describe('a forced tool choice', () => {
  const wrong = user('x [[call:get_weather {"town": 1}]]');

  it.each(['required', named.tool_choice])(
    'constrains the name and not the arguments, unless the tool is strict: %j',
    async (choice) => {
      const server = await startModelServer(hermes);
      const argumentsOf = async (tools: object) => {
        const answer = await ask(server.url, { ...wrong, ...tools, tool_choice: choice });
        const [call] = answer.json.choices[0].message.tool_calls;
        return { name: call.function.name, hasCity: 'city' in JSON.parse(call.function.arguments) };
      };
      const [loose, exact] = [await argumentsOf(weather), await argumentsOf(strict)];
      await server.close();
      expect([loose, exact]).toEqual([
        { name: 'get_weather', hasCity: false },
        { name: 'get_weather', hasCity: true },
      ]);
    },
  );

  it('has empty content instead of none, ids of sixteen digits, and ends with stop where it named a tool', async () => {
    const server = await startModelServer(hermes);
    const choiceFor = async (more: object) => (await ask(server.url, { ...paris, ...weather, ...more })).json.choices[0];
    const [auto, required, byName] = [await choiceFor({}), await choiceFor({ tool_choice: 'required' }), await choiceFor(named)];
    await server.close();
    expect([auto.message.content, required.message.content, byName.message.content]).toEqual([null, '', '']);
    expect([auto.finish_reason, required.finish_reason, byName.finish_reason]).toEqual(['tool_calls', 'tool_calls', 'stop']);
    expect(auto.message.tool_calls[0].id).toMatch(/^chatcmpl-tool-[0-9a-f]{16}$/);
  });
});

describe('the other routes', () => {
  it('answer without a key, but the model list does not', async () => {
    const server = await startModelServer({ apiKey: 'k', maxModelLen: 4096, aliases: ['other-name'] });
    const get = (path: string, headers = {}) => fetch(`${server.url}${path}`, { headers });
    const statuses = await Promise.all(['/health', '/metrics', '/v1/models'].map(async (path) => (await get(path)).status));
    const models: Parsed = await (await get('/v1/models', { authorization: 'Bearer k' })).json();
    const metrics = await (await get('/metrics')).text();
    await server.close();
    const recorded: Record<string, Recorded> = JSON.parse(fixture('vllm-0.32/answers.json'));
    expect(statuses).toEqual([200, 200, 401]);
    expect(shape(models)).toBe(shape(recorded['models']?.body));
    expect(models.data.map((entry: Parsed) => [entry.id, entry.max_model_len])).toEqual([
      ['Qwen/Qwen2.5-7B-Instruct', 4096],
      ['other-name', 4096],
    ]);
    for (const name of ['num_requests_running', 'kv_cache_usage_perc', 'generation_tokens_total']) {
      expect(metrics).toContain(`vllm:${name}{engine="0",model_name="Qwen/Qwen2.5-7B-Instruct"} 0.0`);
    }
  });
});
