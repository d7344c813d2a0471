/** A made-up family of servers, plugged in by one line of the registry: nothing but the dialect knows what is different about it. */
import { afterEach, describe, expect, it } from 'vitest';
import { ok } from '../../shared/result.ts';
import { asItIs } from '../../worker/core/log/known-secrets.ts';
import type { Dialect, DialectFactory } from '../../worker/core/upstreams/dialect.ts';
import { dialects as shipped, dialectsOf } from '../../worker/core/upstreams/registry.ts';
import { createVllm } from '../../worker/core/upstreams/vllm.ts';
import { createUpstreamFetch } from '../../worker/io/upstream-fetch.ts';
import { probeUpstream } from '../../worker/pipeline/probe-upstream.ts';
import { createGateway } from '../support/fakes/gateway.ts';
import { goodStream, hello, readEvents, streamed, streamReply } from './wire.ts';

// ---- the dialect

const ends = new Map([
  ['full', 'length'],
  ['over', 'stop'],
  ['barred', 'content_filter'],
] as const);

/** The model in the path, the key in a header of its own, bare words instead of choices, other names for ends and counts. */
const createTrial: DialectFactory = (hideSecrets) => {
  const read: Dialect['readChunk'] = (payload) => {
    const { words = null, why = null, tokens = null } = Object(payload);
    const [promptTokens, completionTokens] = tokens ?? [];
    const usage = tokens && { promptTokens, completionTokens, cachedTokens: null, reasoningTokens: null };
    const choices = [{ index: 0, delta: { content: words }, finishReason: why, logprobs: null }];
    return ok({ id: null, created: null, model: null, choices, usage, isPlainContent: false, hasRole: false });
  };
  return {
    ...createVllm(hideSecrets),
    headers: (key) => ({ 'x-trial-key': key ?? 'nobody' }),
    probe: {
      models: { path: '/v9/loaded', read: (body) => body.split(' ').map((name) => ({ name, contextTokens: 4096 })) },
      load: { path: '/v9/busy', read: (body) => ({ running: Number(body), waiting: null, kvCacheUsage: null, engines: [] }) },
    },
    encode: ({ messages }, { servedName, isStream, maxTokens }) => ({
      path: `/v9/${servedName}/${isStream ? 'flow' : 'ask'}`,
      body: { turns: messages, most: maxTokens },
    }),
    readChunk: read,
    readCompletion: read,
    readFinish: (word) => ({ kind: 'end', reason: ends.get(word as 'over') ?? 'stop', isKnown: true }),
    isEndMark: (payload) => payload === '.',
  };
};
const dialects = { ...shipped, trial: createTrial };

// ---- what it does

const config = { upstreams: { small: { dialect: 'trial' } } };
const frame = (payload: object | '.'): string => `data: ${payload === '.' ? payload : JSON.stringify(payload)}\n\n`;
const flow = streamReply(
  frame({ words: 'Bon' }),
  frame({ words: 'jour', why: 'full' }),
  frame({ tokens: [7, 3] }),
  frame('.'),
  frame({ words: 'late' }),
);

describe('another dialect', () => {
  it('streams: its own path, words, end and counts, and OpenAI’s wire for the client', async () => {
    const gateway = createGateway({ script: [flow], config, dialects });
    const answer = await gateway.ask({ ...streamed, stream_options: { include_usage: true } });
    expect(gateway.upstream.calls).toMatchObject([
      { path: '/v9/Qwen/Qwen2.5-7B-Instruct/flow', body: { turns: hello.messages, most: 50 } },
    ]);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Bonjour', finish: 'length', isDone: true, error: null });
    expect(readEvents(answer.events).usage).toEqual({ prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attemptUsages: [{ usage: { promptTokens: 7, completionTokens: 3 } }] });
  });

  it('answers whole', async () => {
    const body = { words: 'Bonjour', why: 'barred', tokens: [7, 2] };
    const gateway = createGateway({ script: [{ kind: 'json', body }], config, dialects });
    const answer = JSON.parse((await gateway.ask(hello)).text);
    expect(gateway.upstream.calls).toMatchObject([{ path: '/v9/Qwen/Qwen2.5-7B-Instruct/ask' }]);
    expect(answer).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'Bonjour' }, finish_reason: 'content_filter' }],
      usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
    });
  });

  it('knows no end mark of others: theirs is a part that cannot be read', async () => {
    const broken = streamReply(frame({ words: 'Bon' }), 'data: [DONE]\n\n');
    const gateway = createGateway({ script: [broken], config, dialects });
    expect(readEvents((await gateway.ask(streamed)).events)).toMatchObject({ error: 'upstream_invalid_answer', isDone: false });
  });

  it('stands beside the others in one chain', async () => {
    const gateway = createGateway({ script: [{ kind: 'status', status: 404 }, goodStream('Hello')], config, dialects });
    expect(readEvents((await gateway.ask(streamed)).events)).toMatchObject({ content: 'Hello', isDone: true });
    expect(gateway.upstream.calls.map(({ path }) => path)).toEqual(['/v9/Qwen/Qwen2.5-7B-Instruct/flow', '/v1/chat/completions']);
  });
});

describe('its calls and probes', () => {
  const realFetch = globalThis.fetch;
  afterEach(() => {
    globalThis.fetch = realFetch;
  });

  it('carry the key as the dialect says, and each key goes to its own server', async () => {
    const seen: Record<string, string | null>[] = [];
    globalThis.fetch = async (input, init) => {
      const { url, headers } = new Request(input, init);
      seen.push({ url, key: headers.get('x-trial-key'), authorization: headers.get('authorization') });
      const text = url.endsWith('/busy') ? '3' : 'a b';
      return new Response(text, { headers: { 'content-length': String(text.length) } });
    };
    const dialectOf = dialectsOf({ trial: { dialect: 'trial' }, plain: { dialect: 'vllm' } }, asItIs, dialects);
    const server = (id: string) => ({ origin: `http://${id}`, usesAccess: false, headers: dialectOf(id).headers(`${id}-key`) });
    const servers = new Map(['trial', 'plain'].map((id) => [id, server(id)]));
    const upstream = createUpstreamFetch(servers, { clientId: 'id', clientSecret: 'secret' });
    const probed = await Promise.all(
      ['trial', 'plain'].map((id) => probeUpstream(upstream, dialectOf(id), id, new AbortController().signal)),
    );
    expect(probed[0]).toEqual({
      upstreamId: 'trial',
      cause: null,
      modelsServed: [
        { name: 'a', contextTokens: 4096 },
        { name: 'b', contextTokens: 4096 },
      ],
      running: 3,
      waiting: null,
      kvCacheUsage: null,
      engines: [],
    });
    expect(seen.toSorted((a, b) => String(a['url']).localeCompare(String(b['url'])))).toEqual([
      { url: 'http://plain/metrics', key: null, authorization: 'Bearer plain-key' },
      { url: 'http://plain/v1/models', key: null, authorization: 'Bearer plain-key' },
      { url: 'http://trial/v9/busy', key: 'trial-key', authorization: null },
      { url: 'http://trial/v9/loaded', key: 'trial-key', authorization: null },
    ]);
  });
});
