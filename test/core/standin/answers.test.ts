/** What the stand-in says: determined by seed and conversation, counted exactly, continued seamlessly, shaped by tools and schemas. */
import { Validator } from '@cfworker/json-schema';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../infra/standin/random.ts';
import { schemaInstance } from '../../../infra/standin/schema-instance.ts';
import type { ModelServer } from '../../../infra/standin/server.ts';
import { startModelServer } from '../../../infra/standin/server.ts';
import { countTokens, tokenize } from '../../../infra/standin/tokens.ts';
import type { Parsed } from './chat-client.ts';
import { ask, contentOf, deltas, finishOf, usageOf, user } from './chat-client.ts';

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer({ toolParser: 'hermes' });
});
afterAll(() => server.close());

const stream = (body: object) => ask(server.url, { stream: true, stream_options: { include_usage: true }, ...body });
const content = async (body: object) => (await ask(server.url, body)).json.choices[0].message.content;

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 7 } },
      required: ['city', 'days'],
    },
  },
};

describe('tokens', () => {
  it('are pieces whose concatenation is the text', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => tokenize(text).join('') === text));
  });

  it('are about four characters long in prose', async () => {
    const text = await content(user('Write an essay about rivers [[tokens:300]]'));
    expect(text.length / countTokens(text)).toBeGreaterThan(2.5);
    expect(text.length / countTokens(text)).toBeLessThan(5);
  });
});

describe('an answer', () => {
  it('is the same for the same conversation, streamed or not, and another for another', async () => {
    const body = user('Explain how bridges are built');
    const [plain, streamed, other] = [
      await content(body),
      await stream(body),
      await content(user('Explain how tunnels are built')),
    ];
    expect(contentOf(streamed)).toBe(plain);
    expect(other).not.toBe(plain);
  });

  it('changes with the seed of the server and of the request', async () => {
    const body = user('Explain how bridges are built');
    const second = await startModelServer({ seed: 'another' });
    const elsewhere = (await ask(second.url, body)).json.choices[0].message.content;
    await second.close();
    expect(new Set([await content(body), await content({ ...body, seed: 7 }), elsewhere]).size).toBe(3);
  });

  it('is not changed by a fault directive', async () => {
    expect(await content(user('Hi there [[fault:slow-headers;ms=1]]'))).toBe(await content(user('Hi there')));
  });

  it('is longer for code than for a greeting', async () => {
    const lengths = await Promise.all(
      ['hello', 'Write a python function that sorts'].map(async (text) => countTokens(await content(user(text)))),
    );
    expect(lengths[1]).toBeGreaterThan((lengths[0] ?? 0) * 4);
  });

  it('differs between the n choices, and each has its own finish', async () => {
    const answer = await stream({ ...user('Tell me about boats'), n: 3 });
    expect(new Set([0, 1, 2].map((index) => contentOf(answer, index))).size).toBe(3);
    expect(answer.events.flatMap((event) => event.choices).filter((choice: Parsed) => choice.finish_reason)).toHaveLength(3);
    expect(usageOf(answer).completion_tokens).toBe(
      [0, 1, 2].reduce((sum, index) => sum + countTokens(contentOf(answer, index)), 0),
    );
  });
});

describe('usage', () => {
  it.each([
    ['a whole answer', {}, 'stop'],
    ['one cut by max_tokens', { max_tokens: 9 }, 'length'],
    ['one cut by max_completion_tokens', { max_completion_tokens: 9 }, 'length'],
  ])('counts exactly the tokens sent: %s', async (_name, limits, finish) => {
    const answer = await stream({ ...user('Tell me about boats'), ...limits });
    const pieces = deltas(answer.events).filter((delta) => delta.content).length;
    const plain = await ask(server.url, { ...user('Tell me about boats'), ...limits });
    expect(usageOf(answer)).toEqual({ prompt_tokens: 13, total_tokens: 13 + pieces, completion_tokens: pieces });
    expect(plain.json.usage).toMatchObject(usageOf(answer));
    expect([finishOf(answer), plain.json.choices[0].finish_reason]).toEqual([finish, finish]);
    if (finish === 'length') expect(pieces).toBe(9);
  });

  it('runs along when asked to', async () => {
    const answer = await stream({ ...user('hi'), stream_options: { include_usage: true, continuous_usage_stats: true } });
    const running = answer.events.map((event) => event.usage.completion_tokens);
    expect(running).toEqual(running.toSorted((a, b) => a - b));
    expect(running[0]).toBe(0);
  });
});

describe('a stop sequence', () => {
  it('ends the answer before itself and is named', async () => {
    const whole = await content(user('Tell me about boats'));
    const stop = whole.slice(20, 25);
    const answer = await stream({ ...user('Tell me about boats'), stop: ['never said', stop] });
    expect(contentOf(answer)).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(answer.events.flatMap((event) => event.choices).at(-1)).toMatchObject({ finish_reason: 'stop', stop_reason: stop });
  });
});

describe('a continued answer', () => {
  const question = user('Tell me about boats and 🌍 [[tokens:60]]');
  const continued = (prefix: string) => ({
    messages: [...question.messages, { role: 'assistant', content: prefix }],
    continue_final_message: true,
    add_generation_prompt: false,
  });

  it('is exactly the rest, after every prefix', async () => {
    const whole: string = await content(question);
    for (let cut = 0; cut <= whole.length; cut += 7) {
      expect(whole.slice(0, cut) + (await content(continued(whole.slice(0, cut))))).toBe(whole);
    }
  });

  it('goes on after a reset that struck once', async () => {
    const faulty = user('Tell me about boats and 🌍 [[tokens:60]] [[fault:mid-reset;after=9;times=1]]');
    const broken = await stream(faulty);
    const prefix = contentOf(broken);
    expect(broken.broke).not.toBeNull();
    expect(prefix).not.toBe('');
    const messages = [...faulty.messages, { role: 'assistant', content: prefix }];
    const rest = await stream({ messages, continue_final_message: true, add_generation_prompt: false });
    expect(prefix + contentOf(rest)).toBe(await content(question));
  });

  it('is refused by a server that cannot', async () => {
    const strict = await startModelServer({ rejectsPrefill: true });
    const answer = await ask(strict.url, continued('The'));
    await strict.close();
    expect(answer.status).toBe(400);
  });
});

describe('a tool call', () => {
  it('has arguments that satisfy the schema', async () => {
    const answer = await ask(server.url, { ...user('What is the weather in Paris?'), tools: [weather] });
    const [call] = answer.json.choices[0].message.tool_calls;
    expect(call.function.name).toBe('get_weather');
    expect(new Validator(weather.function.parameters as Parsed).validate(JSON.parse(call.function.arguments)).errors).toEqual([]);
    expect(answer.json.choices[0].finish_reason).toBe('tool_calls');
  });

  it('is followed by text once its result is there', async () => {
    const call = { id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{}' } };
    const messages = [
      { role: 'user', content: 'What is the weather in Paris? [[call:get_weather {"city": "Paris", "days": 1}]]' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: 'sunny' },
    ];
    const answer = await ask(server.url, { messages, tools: [weather] });
    expect(answer.json.choices[0].message).not.toHaveProperty('tool_calls');
    expect(answer.json.choices[0].message.content).not.toBe('');
  });

  it('is a plain text without need of a tool', async () => {
    const answer = await ask(server.url, { ...user('hello'), tools: [weather] });
    expect(answer.json.choices[0].finish_reason).toBe('stop');
  });

  it('comes as a guided array from a server without a parser when one is required', async () => {
    const plain = await startModelServer();
    const answer = await ask(plain.url, { ...user('hello'), tools: [weather], tool_choice: 'required' });
    await plain.close();
    expect(JSON.parse(answer.json.choices[0].message.content)).toMatchObject([
      { name: 'get_weather', parameters: expect.any(Object) },
    ]);
  });

  it('comes twice for two planned calls, and once without parallel calls', async () => {
    const body = {
      ...user('x [[call:get_weather {"city": "A", "list": [[1]]}]] [[call:get_weather {"city": "B"}]]'),
      tools: [weather],
    };
    const both = (await ask(server.url, body)).json.choices[0].message.tool_calls;
    const one = (await ask(server.url, { ...body, parallel_tool_calls: false })).json.choices[0].message.tool_calls;
    expect(both.map((call: Parsed) => JSON.parse(call.function.arguments).city)).toEqual(['A', 'B']);
    expect(one).toHaveLength(1);
  });
});

describe('a directive', () => {
  it('sets the words, also in base64', async () => {
    expect(await content(user('[[say:exactly this]]'))).toBe('exactly this');
    expect(await content(user(`[[say64:${Buffer.from('a ]] b\u0000').toString('base64')}]]`))).toBe('a ]] b\u0000');
  });

  it('is heard from system messages and not from an assistant or an older user message', async () => {
    const messages = (first: string, second: string) => ({
      messages: [
        { role: 'system', content: first },
        { role: 'user', content: '[[say:old]]' },
        { role: 'assistant', content: second },
        { role: 'user', content: 'now' },
      ],
    });
    expect(await content(messages('[[say:from the system]]', ''))).toBe('from the system');
    expect(await content(messages('', '[[say:from the assistant]]'))).not.toContain('from the assistant');
  });
});

describe('structured output', () => {
  const schemas: [string, object][] = [
    [
      'bounds',
      {
        type: 'object',
        properties: { n: { type: 'integer', minimum: 3, exclusiveMaximum: 5 }, x: { type: 'number', multipleOf: 0.5 } },
        required: ['n', 'x'],
      },
    ],
    [
      'strings',
      {
        type: 'object',
        properties: { a: { type: 'string', minLength: 30, maxLength: 40 }, b: { const: 'k' }, c: { enum: [1, null] } },
        required: ['a', 'b', 'c'],
        additionalProperties: false,
      },
    ],
    ['arrays', { type: 'array', items: { enum: ['a', 'b', 'c'] }, minItems: 2, maxItems: 3, uniqueItems: true }],
    ['branches', { anyOf: [{ type: 'string', maxLength: 3 }, { oneOf: [{ type: 'integer' }, { type: 'null' }] }] }],
    [
      'allOf',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
          { properties: { b: { type: 'boolean' } }, required: ['b'] },
        ],
      },
    ],
    [
      'references',
      {
        $defs: {
          node: {
            type: 'object',
            properties: { v: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
            required: ['v', 'next'],
            additionalProperties: false,
          },
        },
        $ref: '#/$defs/node',
      },
    ],
    [
      'formats',
      {
        type: 'object',
        properties: Object.fromEntries(
          ['date', 'date-time', 'email', 'uri', 'uuid'].map((format) => [format, { type: 'string', format }]),
        ),
        required: ['date', 'date-time', 'email', 'uri', 'uuid'],
      },
    ],
    ['nullable', { type: ['object', 'null'], properties: { a: { type: ['string', 'null'] } }, required: ['a'] }],
  ];

  it.each(schemas)('satisfies its schema under 200 seeds: %s', (_name, schema) => {
    const validator = new Validator(schema as Parsed, '2020-12', false);
    for (let seed = 0; seed < 200; seed += 1) {
      const value = schemaInstance(schema, seededRandom(String(seed)));
      expect(validator.validate(value).errors, JSON.stringify(value)).toEqual([]);
    }
  });

  it('is what a chat with json_schema or json_object gets', async () => {
    const schema = schemas[0]?.[1];
    const format = { type: 'json_schema', json_schema: { name: 'x', schema } };
    const value = JSON.parse(await content({ ...user('numbers please'), response_format: format }));
    expect(new Validator(schema as Parsed).validate(value).valid).toBe(true);
    expect(typeof JSON.parse(await content({ ...user('numbers'), response_format: { type: 'json_object' } }))).toBe('object');
  });
});

describe('logprobs', () => {
  it('are one entry per token, and lower in an unsure model', async () => {
    const mean = async (text: string) => {
      const answer = await ask(server.url, { ...user(text), logprobs: true, top_logprobs: 3 });
      const entries: Parsed[] = answer.json.choices[0].logprobs.content;
      expect(entries).toHaveLength(answer.json.usage.completion_tokens);
      expect(entries.every((entry) => entry.top_logprobs.length === 3 && entry.logprob <= 0)).toBe(true);
      return entries.reduce((sum, { logprob }) => sum + logprob, 0) / entries.length;
    };
    expect(await mean('Tell me about boats')).toBeGreaterThan(-0.4);
    expect(await mean('Tell me about boats [[fault:low-logprobs]]')).toBeLessThan(-1.2);
  });
});
