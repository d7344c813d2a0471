/** The cache on whole requests: what is given again and how, what never is, and what a hit is booked as. */
import { describe, expect, it } from 'vitest';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway, type GatewayOptions } from '../support/fakes/gateway.ts';
import { chunk, completion, done, goodStream, hello, readEvents, role, streamReply, text, usage, usageChunk } from './wire.ts';

const ask = { ...hello, temperature: 0 };
const asks = { whole: ask, streamed: { ...ask, stream: true, stream_options: { include_usage: true } } } as const;
const replies = { whole: completion('Paris.'), streamed: goodStream('Par', 'is.') } as const;
const ways = ['whole', 'streamed'] as const;

const caching = (options: GatewayOptions, cache: object = {}) =>
  createGateway({ ...options, config: { ...options.config, cache: { enabled: true, ...cache } } });

/** What a client makes of an answer, whichever way it reads it; without what differs from one answer to the next. */
function read(reply: { kind: string; text: string; events: readonly string[] }) {
  if (reply.kind === 'stream' || reply.kind === 'events') {
    expect(reply.events.at(-1)).toBe('[DONE]');
    const { content, finish, usage: told } = readEvents(reply.events);
    return { content, finish, usage: told };
  }
  const body = JSON.parse(reply.text);
  return { content: body.choices[0].message.content, finish: body.choices[0].finish_reason, usage: body.usage };
}

describe.each(ways)('an answer that was read %s', (first) => {
  it.each(ways)('is given again %s, without a call', async (second) => {
    const gateway = caching({ script: [replies[first]], last: { kind: 'refuse' } });
    const original = await gateway.ask(asks[first]);
    await gateway.time.advance(5000);
    const again = await gateway.ask(asks[second]);
    expect(read(again)).toEqual(read(original));
    expect(read(again)).toEqual({ content: 'Paris.', finish: 'stop', usage });
    expect(gateway.upstream.calls).toHaveLength(1);
    expect(original.metadata).toMatchObject({ cache: 'miss' });
    expect(again.metadata).toMatchObject({
      cache: 'hit',
      cache_age_seconds: 5,
      cache_level: 'isolate',
      attempts: 0,
      model_id: 'qwen2.5-7b',
    });
  });
});

describe('a hit', () => {
  it('equals the original but for id, time and metadata', async () => {
    const gateway = caching({ script: [completion('Paris.')] });
    const [original, again] = [await gateway.ask(ask), await gateway.ask(ask)];
    const plain = ({ text: body }: { text: string }) => {
      const { id: _id, created: _created, 'x-routing-metadata': _routing, ...rest } = JSON.parse(body);
      return rest;
    };
    expect(plain(again)).toEqual(plain(original));
    expect(JSON.parse(again.text).id).not.toBe(JSON.parse(original.text).id);
  });

  it('is booked as a request that costs nothing, beside what it saved', async () => {
    const gateway = caching({ script: [completion('Paris.')] });
    await gateway.ask(ask);
    await gateway.ask(ask);
    const [original, hit] = gateway.ledger.entries;
    expect(original).toMatchObject({ cache: 'miss', cacheSavedNanoUsd: 0, attempts: 1 });
    expect(hit).toMatchObject({
      cache: 'hit',
      ending: 'ok',
      attempts: 0,
      costNanoUsd: 0,
      allLargeCostNanoUsd: 0,
      attemptUsages: [],
    });
    expect(hit?.cacheSavedNanoUsd).toBe(original?.costNanoUsd);
    expect(hit?.servedModel).toBe('qwen2.5-7b');
    expect(gateway.admission.taken).toBe(1);
  });

  it('has calls as the original had them', async () => {
    const tools = [{ type: 'function', function: { name: 'find', parameters: { type: 'object' } } }];
    const calls = [{ id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"q":1}' } }];
    const script = [completion(null, { message: { tool_calls: calls }, finish: 'tool_calls' })];
    const gateway = caching({ script }, { allow: ['tools'] });
    const asked = { ...ask, tools };
    const original = JSON.parse((await gateway.ask(asked)).text).choices;
    expect(JSON.parse((await gateway.ask(asked)).text).choices).toEqual(original);
    const streamed = await gateway.ask({ ...asked, stream: true });
    expect(streamed.kind).toBe('events');
    expect(streamed.text).toContain('"name":"find"');
    expect(streamed.text).toContain('"finish_reason":"tool_calls"');
  });

  it('is given while no model can be reached', async () => {
    const gateway = caching({ script: [completion('Paris.')], last: { kind: 'refuse' } });
    await gateway.ask(ask);
    for (let time = 0; time < 8; time += 1) await gateway.ask({ ...ask, seed: time });
    expect(await gateway.ask(ask)).toMatchObject({ kind: 'json', metadata: { cache: 'hit' } });
  });

  it('is not given to another tenant, nor when it is older than may be', async () => {
    const gateway = caching({ script: [], last: completion('Paris.') }, { ttl_ms: 60_000 });
    const stateOf = async (behaviour: object) => (await gateway.ask(ask, behaviour)).metadata?.cache;
    expect(await stateOf({})).toBe('miss');
    expect(await stateOf({ tenantId: 'key-2' })).toBe('miss');
    await gateway.time.advance(30_000);
    expect(await stateOf({ cacheControl: 'max-age=20' })).toBe('miss');
    await gateway.time.advance(59_000);
    expect(await stateOf({})).toBe('hit');
    await gateway.time.advance(2000);
    expect(await stateOf({})).toBe('miss');
  });
});

describe('cache-control', () => {
  it('no-store neither reads nor keeps', async () => {
    const gateway = caching({ script: [], last: completion('Paris.') });
    for (let time = 0; time < 2; time += 1) {
      expect((await gateway.ask(ask, { cacheControl: 'no-store' })).metadata?.cache).toBe('bypass');
    }
    expect((await gateway.ask(ask)).metadata?.cache).toBe('miss');
  });

  it('no-cache gets a new answer, which takes the place of the old one', async () => {
    const gateway = caching({ script: [completion('old'), completion('new')] });
    await gateway.ask(ask);
    expect(read(await gateway.ask(ask, { cacheControl: 'no-cache' })).content).toBe('new');
    expect(read(await gateway.ask(ask))).toMatchObject({ content: 'new' });
    expect(gateway.upstream.calls).toHaveLength(2);
  });

  it.each([{ enabled: true }, { enabled: false }])('only-if-cached calls no model, with %j', async (cache) => {
    const gateway = caching({ script: [completion('Paris.')] }, cache);
    expect(await gateway.ask(ask, { cacheControl: 'only-if-cached' })).toMatchObject({ kind: 'failed', code: 'not_cached' });
    expect(gateway.upstream.calls).toHaveLength(0);
    await gateway.ask(ask);
    const second = await gateway.ask(ask, { cacheControl: 'only-if-cached' });
    expect(second.kind).toBe(cache.enabled ? 'json' : 'failed');
  });
});

describe('what is never kept', () => {
  const schema = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] };
  const format = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } };
  const thrice = (reply: Reply) => [reply, reply, reply];
  const boom = { kind: 'status', status: 500 } as const;
  const doubt = "I'm not sure, perhaps it is Lisbon.";
  const escalation = { routing: { escalation: { enabled: true, hold_back_chars: 60 } } };
  const auto = { ...ask, model: 'auto' };

  it.each<readonly [string, GatewayOptions, object]>([
    ['an answer that is cut off', { script: [completion('Par', { finish: 'length' })] }, ask],
    ['a filtered one', { script: [completion('Par', { finish: 'content_filter' })] }, ask],
    ['an empty one', { script: [completion(''), completion('')] }, ask],
    ['a stream that breaks off', { script: [streamReply(role, text('Par'), 'reset')] }, asks.streamed],
    ['a stream without its end', { script: [streamReply(role, text('Par'))] }, asks.streamed],
    [
      'an error in a stream',
      { script: [streamReply(role, text('Par'), 'data: {"error":{"message":"boom"}}\n\n')] },
      asks.streamed,
    ],
    ['an error with status 200', { script: thrice({ kind: 'json', body: { error: { message: 'boom' } } }) }, ask],
    ['an error', { script: thrice(boom) }, ask],
    ['another model’s answer', { script: [boom, boom, completion('from the large one')] }, ask],
    ['an answer that breaks its schema', { script: thrice(completion('{"b":1}')) }, { ...ask, ...format }],
    ['the larger model’s after a doubtful one', { script: [completion(doubt), completion('Lisbon.')], config: escalation }, auto],
    ['a doubtful one that is shown', { script: [completion(doubt), boom, boom], config: escalation }, auto],
    [
      'a rescued one',
      {
        script: [streamReply(role, text('Par'), 'reset'), goodStream('is.')],
        config: { routing: { rescue: { enabled: true } } },
      },
      asks.streamed,
    ],
    ['a sampled one', { script: [completion('Paris.')] }, { ...ask, temperature: 0.5 }],
  ])('%s', async (_, options, body) => {
    const gateway = caching({ ...options, last: completion('{"a":1}') });
    await gateway.ask(body);
    const calls = gateway.upstream.calls.length;
    expect(calls).toBe(options.script.length);
    await gateway.ask(body);
    expect(gateway.upstream.calls.length).toBeGreaterThan(calls);
  });

  it('a stream whose client has left', async () => {
    const gateway = caching({ script: [goodStream('Paris', ' is', ' it.')], last: completion('Paris.') });
    await gateway.ask(asks.streamed, { leavesAfterChars: 10 });
    expect((await gateway.ask(ask)).metadata?.cache).toBe('miss');
  });

  it('anything while the cache is off: nothing is looked for', async () => {
    const gateway = createGateway({ script: [], last: completion('Paris.') });
    const deaf = { ...gateway.deps.answers, get: () => Promise.reject(new Error('nobody may ask')) };
    const off = createGateway({ script: [], last: completion('Paris.'), change: (deps) => ({ ...deps, answers: deaf }) });
    expect((await off.ask(ask)).metadata?.cache).toBe('bypass');
    expect((await off.ask(ask)).metadata?.cache).toBe('bypass');
    expect(off.upstream.calls).toHaveLength(2);
  });
});

describe('reasoning', () => {
  it('comes again with the answer', async () => {
    const gateway = caching({
      script: [
        streamReply(role, chunk({ reasoning_content: 'Let me see.' }), text('Paris.'), chunk({}, 'stop'), usageChunk, done),
      ],
    });
    await gateway.ask(asks.streamed);
    expect(JSON.parse((await gateway.ask(ask)).text).choices[0].message).toMatchObject({
      content: 'Paris.',
      reasoning_content: 'Let me see.',
    });
  });
});
