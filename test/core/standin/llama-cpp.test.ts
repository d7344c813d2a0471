/** The stand-in as llama.cpp: what differs from vLLM on the wire, point by point, as a real `llama-server` was seen to answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelServer } from '../../../infra/standin/server.ts';
import { startModelServer } from '../../../infra/standin/server.ts';
import type { Parsed } from './chat-client.ts';
import { ask, contentOf, deltas, user } from './chat-client.ts';

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer({ flavour: 'llama-cpp', apiKey: 'k', maxModelLen: 2048 });
});
afterAll(() => server.close());

const headers = { authorization: 'Bearer k' };
const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } }];
const withUsage = { stream: true, stream_options: { include_usage: true } };
const post = (body: object, more: Parameters<typeof ask>[2] = {}) => ask(server.url, body, { headers, ...more });

describe('a stream', () => {
  it('has the choices first in every chunk, a role without content, a finish of its own and timings beside the usage', async () => {
    const { events } = await post({ ...user('x [[say:One two three]]'), max_tokens: 2, ...withUsage });
    expect(events.map((event) => Object.keys(event)[0])).toEqual(events.map(() => 'choices'));
    expect(events[0].choices[0].delta).toEqual({ role: 'assistant', content: null });
    expect(events.at(-2).choices[0]).toEqual({ finish_reason: 'length', index: 0, delta: {} });
    expect(events.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 2 }, timings: { predicted_n: 2 } });
  });

  it('begins a call with its name and the first bracket, and goes on with the rest', async () => {
    const { events } = await post({ ...user('x [[say:]][[call:get_weather {"city": "Paris"}]]'), tools, ...withUsage });
    const entries = deltas(events).flatMap((delta) => delta.tool_calls ?? []);
    expect(entries[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'get_weather', arguments: '{' } });
    expect(entries.map((entry) => entry.function.arguments).join('')).toBe('{"city": "Paris"}');
    expect(deltas(events).filter((delta) => delta.tool_calls && 'content' in delta)).toEqual([]);
  });

  it('may begin with the second of two choices', async () => {
    const { events } = await post({ ...user('x'), n: 2, stream: true });
    expect(events[0].choices[0].index).toBe(1);
  });

  it('sends its headers with the first token', async () => {
    const answer = await post({ ...user('x [[fault:slow-first-event;ms=3000]]'), stream: true }, { maxMs: 100 });
    expect([answer.status, answer.broke]).toEqual([0, 'left after maxMs']);
  });
});

describe('a request', () => {
  it('is answered whatever model it names', async () => {
    expect((await post({ ...user('x'), model: 'gpt-99' })).status).toBe(200);
  });

  it('that demands a tool may get prose', async () => {
    const { json } = await post({ ...user('Good evening'), tools, tool_choice: 'required' });
    expect(json.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: expect.stringMatching(/\w/) } });
    expect(json.choices[0].message).not.toHaveProperty('tool_calls');
  });

  it('that is too long is refused with both numbers', async () => {
    const { status, json } = await post(user('word '.repeat(3000)));
    expect([status, json.error]).toEqual([
      400,
      {
        code: 400,
        message: 'request (3008 tokens) exceeds the available context size (2048 tokens), try increasing it',
        type: 'exceed_context_size_error',
        n_prompt_tokens: 3008,
        n_ctx: 2048,
      },
    ]);
  });

  it('with an image is a 500, and with a wrong key a 401 in its own envelope', async () => {
    const image = await post({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:x' } }] }] });
    const closed = await ask(server.url, user('x'));
    expect([image.status, closed.status, closed.json.error.type]).toEqual([500, 401, 'authentication_error']);
  });

  it('is continued where its final message is an assistant’s', async () => {
    const question = user('Tell me about boats [[tokens:30]]');
    const whole = contentOf(await post({ ...question, stream: true }));
    const messages = [...question.messages, { role: 'assistant', content: whole.slice(0, 20) }];
    const rest = await post({ messages, continue_final_message: true, add_generation_prompt: false, stream: true });
    expect(whole.slice(0, 20) + contentOf(rest)).toBe(whole);
    // Asked for as a whole, it repeats what was begun.
    const again = await post({ messages, continue_final_message: true, add_generation_prompt: false });
    expect(again.json.choices[0].message.content).toBe(whole);
  });
});

describe('the other routes', () => {
  it('name the context of a slot, and guard the metrics, which have names of their own', async () => {
    const get = (path: string) => fetch(`${server.url}${path}`, { headers });
    const models: Parsed = await (await get('/v1/models')).json();
    expect(models.data[0]).toMatchObject({ owned_by: 'llamacpp', meta: { n_ctx: 2048 } });
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
    expect(await (await get('/metrics')).text()).toContain('llamacpp:requests_processing 0');
    expect(await (await get('/health')).json()).toEqual({ status: 'ok' });
  });
});
