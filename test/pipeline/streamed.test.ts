/** Clients that read as it comes: what passes untouched, what is rewritten, what happens before the first event. */
import { describe, expect, it } from 'vitest';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway } from '../support/fakes/gateway.ts';
import {
  chunk,
  completion,
  done,
  goodStream,
  readEvents,
  role,
  smallName,
  stop,
  streamed,
  streamReply,
  text,
  usage,
  usageChunk,
} from './wire.ts';

const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } }];

describe('a stream', () => {
  it('ends with its finish reason, the routing behind it, and the end mark', async () => {
    const gateway = createGateway({ script: [goodStream('Bon', 'jour', ' 🌍')] });
    const answer = await gateway.ask(streamed);
    expect(answer).toMatchObject({ kind: 'stream', metadata: { model_id: 'qwen2.5-7b', attempts: 1 } });
    expect(readEvents(answer.events)).toEqual({
      content: 'Bonjour 🌍',
      finish: 'stop',
      usage: null,
      error: null,
      isDone: true,
      metadata: expect.objectContaining({ model_id: 'qwen2.5-7b', fallback_used: false, total_time_seconds: 0 }),
    });
    expect(answer.events.filter((event) => event.includes('x-routing-metadata'))).toHaveLength(1);
    expect(gateway.entry()).toMatchObject({
      ending: 'ok',
      isStream: true,
      attempts: 1,
      isEstimated: false,
      attemptUsages: [{ usage: { promptTokens: 11, completionTokens: 3 } }],
    });
  });

  it('passes content on in the very bytes in which it came', async () => {
    const gateway = createGateway({ script: [goodStream('Bon', 'jour')] });
    const { pieces } = await gateway.ask(streamed);
    const passed = pieces.slice(0, 2).map((piece) => new TextDecoder().decode(piece));
    // The role was held until there was something to show.
    expect(passed).toEqual([role + text('Bon'), text('jour')]);
  });

  it('rewrites what came in pieces, and a client sees the same', async () => {
    const whole = role + text('Bon') + text('jour 🌍') + stop + usageChunk + done;
    const bytes = new TextEncoder().encode(whole);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7));
    const answer = await createGateway({ script: [streamReply(...pieces)] }).ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Bonjour 🌍', finish: 'stop', isDone: true });
  });

  it('that begins with a byte order mark does not pass it on', async () => {
    const answer = await createGateway({ script: [streamReply(`\uFEFF${role}`, text('a'), stop, done)] }).ask(streamed);
    expect(answer.pieces[0]?.[0]).toBe('d'.charCodeAt(0));
    expect(readEvents(answer.events)).toMatchObject({ content: 'a', isDone: true });
  });

  it('that came in several data lines, with other fields, goes out in one line an event', async () => {
    const several = text('b').replace('"choices":', '\r\ndata: "choices":').replace('data', 'id: 4\r\nevent: x\r\n: hm\r\ndata');
    const answer = await createGateway({ script: [streamReply(role, text('a'), several, stop, done)] }).ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'ab', finish: 'stop', isDone: true });
    expect(answer.text).toMatch(/^(?:data: [^\r\n]+\n\n)+$/);
  });

  it.each([
    [
      'it was asked for',
      { stream_options: { include_usage: true } },
      { prompt_tokens: 11, completion_tokens: 3, total_tokens: 14 },
    ],
    ['it was not', {}, null],
    ['it was refused', { stream_options: { include_usage: false } }, null],
  ])('has a usage chunk if %s', async (_, options, expected) => {
    const { events } = await createGateway({ script: [goodStream('a')] }).ask({ ...streamed, ...options });
    expect(readEvents(events).usage).toEqual(expected);
    expect(events.filter((event) => event.includes('"usage":{'))).toHaveLength(expected === null ? 0 : 1);
    expect(events.at(-1)).toBe('[DONE]');
  });

  it('has its usage estimated when the server sent none, and says so', async () => {
    const gateway = createGateway({ script: [streamReply(role, text('a'), text('b'), stop, done)] });
    const { events } = await gateway.ask({ ...streamed, stream_options: { include_usage: true } });
    expect(readEvents(events).usage).toMatchObject({ completion_tokens: 2, estimated: true });
    expect(gateway.entry()).toMatchObject({ isEstimated: true, attemptUsages: [{ usage: { completionTokens: 2 } }] });
  });

  it('shows no running usage of the server', async () => {
    const running = chunk({ content: 'a' }, null, { usage });
    const { events } = await createGateway({ script: [streamReply(role, running, stop, usageChunk, done)] }).ask(streamed);
    expect(events.join('')).not.toContain('prompt_tokens');
    expect(readEvents(events).content).toBe('a');
  });

  it('gets the end mark that the server left out after a finish reason', async () => {
    const gateway = createGateway({ script: [streamReply(role, text('a'), stop)] });
    expect(readEvents((await gateway.ask(streamed)).events)).toMatchObject({ content: 'a', finish: 'stop', isDone: true });
    expect(gateway.entry().ending).toBe('ok');
  });

  it('does not wait for a server that has ended its answer and says no more', async () => {
    const gateway = createGateway({ script: [streamReply(role, text('a'), stop, 'stall')] });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ finish: 'stop', isDone: true, error: null });
    expect(answer.tookMs).toBeLessThanOrEqual(3300);
    expect(gateway.entry().ending).toBe('ok');
    expect(gateway.upstream.calls[0]?.end).toBe('aborted');
  });

  it.each([
    ['in the same piece', [role + text('a') + stop + done + text('MORE') + stop]],
    ['in one piece with the end', [role, text('a'), stop + done + text('MORE')]],
    ['in pieces of their own', [role, text('a'), stop, done, text('MORE')]],
  ])('drops what follows the end mark %s', async (_, steps) => {
    const answer = await createGateway({ script: [streamReply(...steps)] }).ask(streamed);
    expect(answer.text).not.toContain('MORE');
    expect(answer.events.filter((event) => event === '[DONE]')).toHaveLength(1);
    expect(readEvents(answer.events)).toMatchObject({ content: 'a', finish: 'stop', isDone: true });
  });

  it('skips events that say nothing', async () => {
    const answer = await createGateway({
      script: [
        streamReply(
          role,
          'event: ping\ndata: ping\n\n',
          text('a'),
          'data:\n\n',
          ': keep-alive\n\n',
          'event: x\ndata: {"odd":1}\n\n',
          stop,
          done,
        ),
      ],
    }).ask(streamed);
    expect(answer.text).not.toContain('odd');
    expect(readEvents(answer.events)).toMatchObject({ content: 'a', finish: 'stop', isDone: true, error: null });
  });

  it('shows a call that the model wrote into its text as a call', async () => {
    const markup = ['<tool_', 'call>\n{"name": "get_weather", ', '"arguments": {"city": "Paris"}}', '\n</tool_call>'];
    const gateway = createGateway({ script: [goodStream('Let me look.', ...markup)] });
    const { events } = await gateway.ask({ ...streamed, tools });
    const calls = events
      .filter((event) => event !== '[DONE]')
      .flatMap((event) => JSON.parse(event).choices?.[0]?.delta.tool_calls ?? []);
    expect(calls).toMatchObject([
      { index: 0, type: 'function', function: { name: 'get_weather', arguments: '{"city": "Paris"}' } },
    ]);
    expect(readEvents(events)).toMatchObject({ content: 'Let me look.', finish: 'tool_calls', isDone: true });
  });

  it('that is held back until a call is whole may take longer than its longest silence', async () => {
    const hidden = Array.from({ length: 60 }, () => [text('x'), { waitMs: 100 }]).flat();
    const call = [text('<tool_call>\n{"name": "f", "arguments": {"a": "'), ...hidden, text('"}}\n</tool_call>')];
    const gateway = createGateway({
      script: [streamReply(role, ...call, stop, done)],
      config: { routing: { tools: { invalid_arguments: 'escalate' } } },
    });
    const answer = await gateway.ask({ ...streamed, tools: [{ type: 'function', function: { name: 'f' } }] });
    expect(readEvents(answer.events)).toMatchObject({ finish: 'tool_calls', error: null, isDone: true });
    expect(gateway.upstream.calls).toHaveLength(1);
  });

  it('of two choices keeps them apart', async () => {
    const of = (index: number, delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: 'c', choices: [{ index, delta, finish_reason: finish }] })}\n\n`;
    const begun = [0, 1].map((index) => of(index, { role: 'assistant', content: '' }));
    const steps = [...begun, of(1, { content: 'b' }), of(1, {}, 'length'), of(0, { content: 'a' }), of(0, {}, 'stop'), done];
    const { events } = await createGateway({ script: [streamReply(...steps)] }).ask({ ...streamed, n: 2 });
    const finishes = events.slice(0, -1).flatMap((event) => JSON.parse(event).choices);
    const reasons = finishes.flatMap(({ index, finish_reason: reason }) => (reason === null ? [] : [`${index} ${reason}`]));
    expect(reasons.toSorted()).toEqual(['0 stop', '1 length']);
    expect(events.at(-1)).toBe('[DONE]');
  });

  it('is made of an answer that came as JSON', async () => {
    const message = {
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } }],
      reasoning: 'hm',
    };
    const gateway = createGateway({ script: [completion('on it', { message, finish: 'tool_calls' })] });
    const { events } = await gateway.ask({ ...streamed, tools, stream_options: { include_usage: true } });
    expect(readEvents(events)).toMatchObject({ content: 'on it', finish: 'tool_calls', usage, isDone: true });
    expect(events.join('')).toContain('"reasoning":"hm"');
    expect(events.join('')).toContain('"name":"get_weather"');
    expect(gateway.entry()).toMatchObject({ ending: 'ok', isStream: true });
  });

  it('has time to read JSON that came where a stream was asked for', async () => {
    const slow: Reply = { ...completion('late'), afterMs: 900 } as Reply;
    const gateway = createGateway({ script: [slow] });
    expect(readEvents((await gateway.ask(streamed)).events)).toMatchObject({ content: 'late', isDone: true });
  });

  it('waits for its place and begins when it has it', async () => {
    const gateway = createGateway({ script: [goodStream('a')], queue: { waitMs: 3000 } });
    const answer = await gateway.ask(streamed);
    expect(answer.headersAfterMs).toBe(3000);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', latencyMs: 3000 });
    expect(gateway.admission).toMatchObject({ held: 0, taken: 1 });
  });
});

describe('before the first event', () => {
  it.each<readonly [string, Reply]>([
    ['refuses', { kind: 'refuse' }],
    ['sends no headers', { kind: 'hang' }],
    ['sends headers and nothing else', streamReply('stall')],
    ['sends only comments', streamReply(...Array.from({ length: 50 }, () => [': ping\n\n', { waitMs: 100 }]).flat())],
    ['breaks', streamReply('reset')],
    ['ends', streamReply()],
    ['says only its role and breaks', streamReply(role, 'reset')],
    ['sends an error first', streamReply('data: {"error":{"message":"out of memory","code":500}}\n\n', done)],
    ['sends an event without end', streamReply(`data: ${'x'.repeat(2_000_000)}`)],
    ['answers 503', { kind: 'status', status: 503 }],
    ['shows a login page', { kind: 'status', status: 200, mediaType: 'text/html', body: '<html>' }],
  ])('another model takes over when the server %s', async (_, bad) => {
    const gateway = createGateway({ script: [bad], last: goodStream('saved') });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'saved', finish: 'stop', isDone: true, error: null });
    expect(answer.metadata?.attempts).toBe(gateway.upstream.calls.length);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: gateway.upstream.calls.length });
    expect(gateway.upstream.calls.filter(({ end }) => end === 'open')).toEqual([]);
    expect(gateway.admission.held).toBe(0);
  });

  it.each<readonly [string, Reply, string, number]>([
    ['refuses', { kind: 'refuse' }, 'upstream_unreachable', 100],
    ['sends no headers', { kind: 'hang' }, 'upstream_timeout', 4000],
    ['sends headers and nothing else', streamReply('stall'), 'upstream_timeout', 4000],
    ['sends an error first', streamReply('data: {"error":{"message":"boom","code":500}}\n\n'), 'upstream_error', 100],
    ['answers 400', { kind: 'status', status: 400, body: '{"error":{"message":"bad"}}' }, 'upstream_rejected', 0],
  ])('the status is the truth when every server %s', async (_, last, code, withinMs) => {
    const gateway = createGateway({ script: [], last });
    const answer = await gateway.ask(streamed);
    expect(answer).toMatchObject({ kind: 'failed', code, text: '' });
    expect(answer.tookMs).toBeLessThanOrEqual(withinMs);
    expect(gateway.entry()).toMatchObject({ isStream: true, errorCode: code, firstByteMs: null });
  });

  it('tells the chosen model’s health what happened', async () => {
    const gateway = createGateway({ script: [{ kind: 'refuse' }, { kind: 'refuse' }], last: goodStream('saved') });
    await gateway.ask(streamed);
    expect(gateway.health.reports.map(({ modelId, kind }) => `${modelId} ${kind}`)).toEqual([
      'qwen2.5-7b failure',
      'qwen2.5-7b failure',
      'qwen2.5-32b begun',
      'qwen2.5-32b success',
    ]);
  });

  it('a model that has failed too often is left alone', async () => {
    const gateway = createGateway({
      script: [],
      last: { kind: 'refuse' },
      config: { routing: { retry: { attempts_per_model: 1 } } },
    });
    for (let i = 0; i < 3; i += 1) await gateway.ask(streamed);
    expect(gateway.health.statuses()['qwen2.5-7b@small']).toBe('down');
    expect(gateway.upstream.calls.map(({ body }) => body['model']).filter((model) => model === smallName)).toHaveLength(3);
  });
});

describe('headers that cannot wait any longer', () => {
  const config = { routing: { streaming: { hold_status_ms: 500, ping_ms: 200 } } };

  it('go out with comments, and the answer follows', async () => {
    const gateway = createGateway({ script: [streamReply({ waitMs: 1500 }, role, text('a'), stop, usageChunk, done)], config });
    const answer = await gateway.ask(streamed);
    expect(answer.headersAfterMs).toBe(500);
    expect(answer.comments.length).toBeGreaterThanOrEqual(4);
    expect(answer.text.startsWith(': ping\n\n')).toBe(true);
    expect(readEvents(answer.events)).toMatchObject({ content: 'a', finish: 'stop', isDone: true, error: null });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', firstByteMs: 1500 });
  });

  it('do not stop another model from taking over', async () => {
    const gateway = createGateway({ script: [streamReply('stall')], last: goodStream('saved'), config });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({
      content: 'saved',
      isDone: true,
      metadata: expect.objectContaining({ fallback_used: true, attempts: 2 }),
    });
  });

  it('are followed by one error event when everything fails, and by no end mark', async () => {
    const gateway = createGateway({ script: [], last: streamReply('stall'), config });
    const answer = await gateway.ask(streamed);
    expect(answer.kind).toBe('stream');
    expect(readEvents(answer.events)).toEqual({
      content: '',
      finish: null,
      usage: null,
      error: 'upstream_timeout',
      metadata: null,
      isDone: false,
    });
    expect(answer.events).toHaveLength(1);
    expect(gateway.entry()).toMatchObject({
      ending: 'timeout',
      errorCode: 'upstream_timeout',
      firstByteMs: null,
      servedModel: null,
    });
  });

  it('tell a client that waits for a place where it stands', async () => {
    const gateway = createGateway({ script: [goodStream('a')], queue: { waitMs: 1000 }, config });
    const answer = await gateway.ask(streamed);
    expect(answer.comments).toContain(': queued, position 3');
    expect(readEvents(answer.events)).toMatchObject({ content: 'a', isDone: true });
  });

  it('are followed by an error event when the mistake is ours', async () => {
    const gateway = createGateway({
      script: [],
      config,
      change: (deps) => ({
        ...deps,
        upstream: {
          open: async () => {
            await new Promise<void>((resolve) => void deps.timers.once(800, resolve));
            throw new Error('bug');
          },
        },
      }),
    });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ error: 'internal_error', isDone: false });
    expect(answer.text).not.toContain('bug');
    expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', errorCode: 'internal_error' });
    expect(gateway.log.lines).toMatchObject([{ level: 'error', event: 'internal_error' }]);
  });
});
