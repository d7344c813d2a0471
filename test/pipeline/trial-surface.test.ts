/** A public wire is one object and one line of the registry: another than chat, made here, is served by everything there is. */
import { describe, expect, it } from 'vitest';
import { chatSurface } from '../../worker/core/surfaces/chat/chat-surface.ts';
import { surfaces } from '../../worker/core/surfaces/registry.ts';
import type { Surface } from '../../worker/core/surfaces/surface.ts';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';
import { chunk, completion, done, goodStream, role, smallName, stop, streamReply, text, usageChunk } from './wire.ts';

/** `{"ask": …}` in, words out: as lines of JSON, or as events with a name. */
const frame = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
const trial: Surface = {
  path: '/v1/words',
  read(body, settings) {
    const { ask, live, tools } = JSON.parse(body) as { ask: string; live?: boolean; tools?: object[] };
    const messages = [{ role: 'user', content: ask }];
    return chatSurface.read(JSON.stringify({ messages, tools, stream: live === true, max_tokens: 50 }), settings);
  },
  answerId: (requestId) => `words-${requestId}`,
  writeWhole: ({ head, choices }, { completionTokens }) =>
    JSON.stringify({ by: head.model, words: choices[0]?.content, why: choices[0]?.finishReason, spent: completionTokens }),
  writeError: ({ code }) => JSON.stringify({ wrong: code }),
  openStream() {
    let words = 0;
    return {
      pass: null,
      write: (_head, events, routing) =>
        events
          .map((event) => {
            if (event.kind === 'text') return frame('text', { at: (words += 1), text: event.text });
            if (event.kind === 'call') return frame('call', { name: event.name, arguments: event.arguments });
            if (event.kind === 'finish') return frame('why', { why: event.reason, by: routing().model_id });
            return event.kind === 'usage' ? frame('spent', event.usage.completionTokens) : '';
          })
          .join(''),
      end: () => frame('end', words),
      fail: ({ code }) => frame('wrong', code),
    };
  },
};

const down: Reply = { kind: 'status', status: 503 };

async function ask(script: readonly Reply[], body: object, { key = clientKey, config = {} } = {}) {
  const app = createFakeApp({ script, last: down, config, surfaces: [...surfaces, trial] });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await app.send('POST', '/v1/words', headers, JSON.stringify({ ask: 'hello', ...body }));
  return { status: response.status, text: await app.gateway.time.runUntil(response.text()), app };
}

describe('a wire of its own', () => {
  it('writes a whole answer', async () => {
    const { status, text: body } = await ask([completion('Bonjour')], {});
    expect([status, JSON.parse(body)]).toEqual([200, { by: smallName, words: 'Bonjour', why: 'stop', spent: 3 }]);
  });

  it('writes a stream, and nothing of the server’s wire gets into it', async () => {
    const { text: body } = await ask([goodStream('Bon', 'jour')], { live: true });
    const events = [frame('text', { at: 1, text: 'Bon' }), frame('text', { at: 2, text: 'jour' })];
    const last = [frame('why', { why: 'stop', by: 'qwen2.5-7b' }), frame('spent', 3), frame('end', 2)];
    expect(body).toBe([...events, ...last].join(''));
  });

  it('writes a stream of a server that answers with JSON', async () => {
    const { text: body } = await ask([completion('Bonjour')], { live: true });
    expect(body).toContain(frame('text', { at: 1, text: 'Bonjour' }));
    expect(body.endsWith(frame('end', 1))).toBe(true);
  });

  it('shows calls', async () => {
    const called = { name: 'look', arguments: '{"q":1}' };
    const tools = [{ type: 'function', function: { name: 'look' } }];
    const call = chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: called }] });
    const { text: body } = await ask([streamReply(role, call, chunk({}, 'tool_calls'), done)], { live: true, tools });
    expect(body).toContain(frame('call', called) + frame('why', { why: 'tool_calls', by: 'qwen2.5-7b' }));
  });

  it('has its own shape of an error before the first byte, with the status that it has in every wire', async () => {
    const { status, text: body, app } = await ask([], { live: true });
    expect([status, JSON.parse(body)]).toEqual([503, { wrong: 'upstream_overloaded' }]);
    expect(app.gateway.ledger.entries).toHaveLength(1);
  });

  it('has it where nobody has read the body yet', async () => {
    expect(await ask([], {}, { key: 'pointsman-nobody-knows-this-key' })).toMatchObject({
      status: 401,
      text: '{"wrong":"invalid_api_key"}',
    });
  });

  it('has its own end of an answer that broke off behind its first byte', async () => {
    const { status, text: body } = await ask([streamReply(role, text('Bon'))], { live: true });
    expect(status).toBe(200);
    expect(body).toBe(frame('text', { at: 1, text: 'Bon' }) + frame('wrong', 'upstream_truncated'));
  });

  it('has one stream where two calls make the answer', async () => {
    const config = { routing: { rescue: { enabled: true, max_rescues: 1 } } };
    const { text: body } = await ask(
      [streamReply(role, text('Once '), text('upon'), 'reset'), goodStream(' a time')],
      { live: true },
      { config },
    );
    const events = ['Once ', 'upon', ' a time'].map((words, i) => frame('text', { at: i + 1, text: words }));
    const last = [frame('why', { why: 'stop', by: 'qwen2.5-32b' }), frame('spent', 5), frame('end', 3)];
    expect(body).toBe([...events, ...last].join(''));
  });

  it('leaves the other wires as they are', async () => {
    const app = createFakeApp({
      script: [streamReply(role, text('Bon'), stop, usageChunk, done)],
      surfaces: [trial, ...surfaces],
    });
    const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ model: 'small', stream: true, messages: [{ role: 'user', content: 'hello' }] });
    const response = await app.send('POST', '/v1/chat/completions', headers, body);
    expect((await app.gateway.time.runUntil(response.text())).startsWith(role + text('Bon'))).toBe(true);
  });
});
