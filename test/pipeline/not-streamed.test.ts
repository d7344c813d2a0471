/** Clients that wait for the whole answer: what they get of every way a model server can answer, and what is booked. */
import { describe, expect, it } from 'vitest';
import { createGateway } from '../support/fakes/gateway.ts';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import {
  completion,
  done,
  goodStream,
  hello,
  largeName,
  role,
  smallName,
  stop,
  streamReply,
  text,
  usage,
  usageChunk,
} from './wire.ts';

const long = { ...hello, max_tokens: 4000 };

describe('a whole answer', () => {
  it('comes as JSON with the server’s words and the routing behind it', async () => {
    const gateway = createGateway({ script: [completion('hi')] });
    const { kind, text: body } = await gateway.ask(hello);
    expect(kind).toBe('json');
    expect(JSON.parse(body)).toMatchObject({
      id: 'chatcmpl-up',
      object: 'chat.completion',
      model: smallName,
      choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop', logprobs: null }],
      usage,
      'x-routing-metadata': { model_id: 'qwen2.5-7b', tier: 'small', fallback_used: false, attempts: 1, total_time_seconds: 0 },
    });
  });

  it('is asked for by the served name, with the client’s limit, as plain JSON', async () => {
    const gateway = createGateway({ script: [completion('hi')] });
    await gateway.ask({ ...hello, temperature: 0.5, user: 'u1', metadata: { agent: 'a' }, unknown_field: 1 });
    expect(gateway.upstream.calls).toMatchObject([{ upstreamId: 'small', accept: 'application/json' }]);
    expect(gateway.upstream.calls[0]?.body).toEqual({
      model: smallName,
      messages: hello.messages,
      stream: false,
      max_tokens: 50,
      temperature: 0.5,
      cache_salt: 'salt',
    });
  });

  it('that nobody has limited is asked for as plain JSON where the model was fast enough of late, and as a stream after a slow one', async () => {
    const counted = (tokens: number) => completion('hi', { usage: { ...usage, completion_tokens: tokens } });
    const slow = { ...counted(60), afterMs: 1900 } as Reply;
    const gateway = createGateway({ script: [...Array.from({ length: 4 }, () => counted(300)), slow], last: counted(300) });
    for (let turn = 0; turn < 6; turn += 1) await gateway.ask({ ...hello, max_tokens: undefined });
    expect(gateway.upstream.calls.map(({ accept }) => accept)).toEqual([
      ...Array.from({ length: 3 }, () => 'text/event-stream'),
      ...Array.from({ length: 2 }, () => 'application/json'),
      'text/event-stream',
    ]);
  });

  it('is asked for as a stream whatever was seen of late where the configuration says so', async () => {
    const fast = completion('hi', { usage: { ...usage, completion_tokens: 300 } });
    const config = { routing: { streaming: { plain_json_by_recent_speed: false } } };
    const gateway = createGateway({ script: [], last: fast, config });
    for (let turn = 0; turn < 4; turn += 1) await gateway.ask({ ...hello, max_tokens: undefined });
    expect(new Set(gateway.upstream.calls.map(({ accept }) => accept))).toEqual(new Set(['text/event-stream']));
  });

  it('is asked for as a stream again once the fast model has failed, and waits for it no longer than its speed explains', async () => {
    const fast = completion('hi', { usage: { ...usage, completion_tokens: 300 } });
    const gateway = createGateway({ script: [fast, fast, fast, { kind: 'hang' }], last: goodStream('hi') });
    const open = { ...hello, max_tokens: undefined };
    for (let turn = 0; turn < 3; turn += 1) await gateway.ask(open);
    const answer = await gateway.ask(open);
    const [, , , stalled, next] = gateway.upstream.calls;
    expect([stalled?.accept, next?.accept]).toEqual(['application/json', 'text/event-stream']);
    expect(answer.kind).toBe('json');
    // The first event's 2 s and the tokens at a tenth of 300,000 a second; at the model's slowest it would be minutes.
    expect(answer.tookMs).toBeLessThan(5000);
  });

  it('is booked once, with its tokens and its price', async () => {
    const gateway = createGateway({ script: [{ ...completion('hi'), afterMs: 700 } as Reply] });
    await gateway.ask(hello);
    expect(gateway.entry()).toMatchObject({
      requestId: 'request-1',
      keyId: 'key-1',
      requestedModel: 'small',
      routedModel: 'qwen2.5-7b',
      servedModel: 'qwen2.5-7b',
      tier: 'small',
      ending: 'ok',
      errorCode: null,
      isStream: false,
      isForced: true,
      attempts: 1,
      fallbackUsed: false,
      rescued: false,
      arm: null,
      toolCalls: { valid: 0, repaired: 0, invalid: 0, unchecked: 0 },
      isEstimated: false,
      latencyMs: 700,
      firstByteMs: 700,
      attemptUsages: [{ model: 'qwen2.5-7b', usage: { promptTokens: 11, completionTokens: 3 }, isPartOfAnswer: true }],
    });
    expect(gateway.entry().costNanoUsd).toBeGreaterThan(0);
    expect(gateway.entry().allLargeCostNanoUsd).toBeGreaterThan(gateway.entry().costNanoUsd);
  });

  it('that may take long is read as a stream, with the same result', async () => {
    const gateway = createGateway({ script: [goodStream('hello', ' ', 'you')] });
    const { text: body } = await gateway.ask(long);
    expect(gateway.upstream.calls).toMatchObject([
      { accept: 'text/event-stream', body: { stream: true, stream_options: { include_usage: true } } },
    ]);
    expect(JSON.parse(body)).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'hello you' }, finish_reason: 'stop' }],
      usage,
    });
  });

  it('read as a stream keeps the log probabilities that were asked for', async () => {
    const logprob = (token: string) =>
      `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: token }, logprobs: { content: [{ token, logprob: -1 }] }, finish_reason: null }] })}\n\n`;
    const gateway = createGateway({ script: [streamReply(role, logprob('a'), logprob('b'), stop, done)] });
    const { text: body } = await gateway.ask({ ...long, logprobs: true });
    expect(JSON.parse(body).choices[0].logprobs.content.map(({ token }: { token: string }) => token)).toEqual(['a', 'b']);
  });

  it('shows no log probabilities that were not asked for', async () => {
    const reply: Reply = {
      kind: 'json',
      body: {
        choices: [
          { index: 0, message: { content: 'hi' }, finish_reason: 'stop', logprobs: { content: [{ token: 'hi', logprob: -1 }] } },
        ],
      },
    };
    const { text: body } = await createGateway({ script: [reply] }).ask(hello);
    expect(JSON.parse(body).choices[0].logprobs).toBeNull();
  });

  it.each([
    ['JSON was asked for and a stream came', hello, goodStream('a', 'b')],
    ['a stream was asked for and JSON came', long, completion('ab')],
    ['a stream came without its end mark', long, streamReply(role, text('a'), text('b'), stop, usageChunk)],
    ['a stream came in one piece', long, streamReply(role + text('a') + text('b') + stop + usageChunk + done)],
    [
      'events follow the end mark',
      long,
      streamReply(role, text('a'), text('b'), stop, usageChunk, done + text('late'), text('later')),
    ],
    [
      'events that say nothing stand between',
      long,
      streamReply(
        role,
        text('a'),
        'event: ping\ndata: ping\n\ndata:\n\ndata: {"type":"ping"}\n\n',
        text('b'),
        ': comment\n\n',
        stop,
        usageChunk,
        done,
      ),
    ],
  ])('is whole although %s', async (_, body, reply) => {
    const gateway = createGateway({ script: [reply] });
    const answer = await gateway.ask(body);
    expect(JSON.parse(answer.text)).toMatchObject({ choices: [{ message: { content: 'ab' }, finish_reason: 'stop' }], usage });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 1, isEstimated: false });
  });

  it.each([
    ['none', { usage: null }],
    ['negative numbers', { usage: { prompt_tokens: -5, completion_tokens: 3 } }],
    ['more than was allowed', { usage: { prompt_tokens: 11, completion_tokens: 51 } }],
    ['text', { usage: { prompt_tokens: '11', completion_tokens: '3' } }],
  ])('with usage that cannot be true (%s) has it estimated, and says so', async (_, change) => {
    const gateway = createGateway({ script: [completion('hello there', change)] });
    const { usage: told } = JSON.parse((await gateway.ask(hello)).text);
    expect(told).toMatchObject({ estimated: true });
    expect(told.completion_tokens).toBeGreaterThan(0);
    expect(gateway.entry().isEstimated).toBe(true);
  });

  it('keeps a usage of zero', async () => {
    const gateway = createGateway({ script: [completion('', { usage: { prompt_tokens: 0, completion_tokens: 0 } })] });
    expect(JSON.parse((await gateway.ask(hello)).text).usage).toEqual({
      prompt_tokens: 0,
      completion_tokens: 0,
      total_tokens: 0,
    });
    expect(gateway.entry()).toMatchObject({ isEstimated: false, costNanoUsd: 0 });
  });
});

describe('a fallback before the answer', () => {
  it.each<readonly [string, Reply, number]>([
    ['refuses connections', { kind: 'refuse' }, 3],
    ['never answers', { kind: 'hang' }, 2],
    ['answers 500', { kind: 'status', status: 500, body: '{}' }, 3],
    ['answers 503', { kind: 'status', status: 503, body: '' }, 2],
    ['answers 429 with a long wait', { kind: 'status', status: 429, body: '{}', retryAfter: '60' }, 2],
    ['does not have the model', { kind: 'status', status: 404, body: '{}' }, 2],
    ['refuses the gateway', { kind: 'status', status: 401, body: '{"error":"Unauthorized"}' }, 2],
    ['redirects to a login page', { kind: 'status', status: 302, mediaType: 'text/html', body: '<html>' }, 2],
    ['shows a login page with 200', { kind: 'status', status: 200, mediaType: 'text/html', body: '<html>' }, 2],
    ['hides behind a broken tunnel', { kind: 'status', status: 530, mediaType: 'text/plain', body: 'error code: 1033' }, 2],
    ['sends garbage', { kind: 'status', status: 200, body: 'not json' }, 2],
    ['sends an empty body', { kind: 'status', status: 200, body: '' }, 2],
    ['sends no choices', { kind: 'json', body: { choices: [] } }, 2],
    ['sends another media type', { kind: 'status', status: 200, mediaType: 'image/png', body: 'x' }, 2],
    ['sends an error with 200', { kind: 'json', body: { error: { message: 'boom', code: 500 } } }, 3],
  ])('when the first server %s', async (_, bad, attempts) => {
    // The second try of the first model fails as the first did.
    const script = attempts === 3 ? [bad, bad, completion('from the large one')] : [bad, completion('from the large one')];
    const gateway = createGateway({ script });
    const answer = await gateway.ask(hello);
    expect(JSON.parse(answer.text)).toMatchObject({
      choices: [{ message: { content: 'from the large one' } }],
      'x-routing-metadata': {
        model_id: 'qwen2.5-32b',
        model_name: largeName,
        fallback_used: true,
        primary_model: 'qwen2.5-7b',
        attempts,
      },
    });
    expect(answer.metadata?.reason).toMatch(/qwen2\.5-7b failed \(upstream_\w+|tunnel_down\).*qwen2\.5-32b answered/);
    expect(gateway.entry()).toMatchObject({
      ending: 'ok',
      routedModel: 'qwen2.5-7b',
      servedModel: 'qwen2.5-32b',
      fallbackUsed: true,
      attempts,
    });
    expect(gateway.admission.held).toBe(0);
  });

  it.each([
    ['breaks before its first event', streamReply('reset')],
    ['ends before its first event', streamReply()],
    ['breaks after the role, which says nothing yet', streamReply(role, 'reset')],
    ['breaks in the middle', streamReply(role, text('a'), 'reset')],
    ['ends in the middle', streamReply(role, text('a'))],
    ['stalls', streamReply(role, text('a'), 'stall')],
    ['sends an error in the middle', streamReply(role, text('a'), 'data: {"error":{"message":"boom","code":500}}\n\n', done)],
    ['sends the end mark alone', streamReply(done)],
    [
      'sends a finish reason that is none',
      streamReply(role, text('a'), 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"abort"}]}\n\n', done),
    ],
  ])('when the stream behind a whole answer %s', async (_, bad) => {
    const gateway = createGateway({ script: [bad], last: goodStream('whole') });
    const answer = await gateway.ask(long);
    expect(JSON.parse(answer.text).choices).toMatchObject([{ message: { content: 'whole' }, finish_reason: 'stop' }]);
    expect(gateway.entry().ending).toBe('ok');
    expect(gateway.upstream.calls.filter(({ end }) => end === 'open')).toEqual([]);
  });

  it('books the tokens of a call that broke off, apart from the answer', async () => {
    const gateway = createGateway({ script: [streamReply(role, text('a'), text('b'), 'reset'), goodStream('whole')] });
    await gateway.ask(long);
    expect(gateway.entry().attemptUsages).toMatchObject([
      { model: 'qwen2.5-7b', isPartOfAnswer: false, usage: { completionTokens: 2, isEstimated: true } },
      { model: 'qwen2.5-32b', isPartOfAnswer: true, usage: { completionTokens: 3, isEstimated: false } },
    ]);
  });
});

describe('a retry', () => {
  it('of the same server is made once, after a random wait', async () => {
    const gateway = createGateway({ script: [{ kind: 'refuse' }, completion('hi')] });
    const answer = await gateway.ask(hello);
    expect(gateway.upstream.calls.map(({ upstreamId }) => upstreamId)).toEqual(['small', 'small']);
    expect(answer.tookMs).toBe(50);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 2, fallbackUsed: false });
  });

  it('waits out a short Retry-After', async () => {
    const gateway = createGateway({ script: [{ kind: 'status', status: 429, retryAfter: '2' }, completion('hi')] });
    const answer = await gateway.ask(hello);
    expect(gateway.upstream.calls.map(({ upstreamId }) => upstreamId)).toEqual(['small', 'small']);
    expect(answer.tookMs).toBeGreaterThanOrEqual(2000);
  });
});
