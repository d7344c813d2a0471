/** Streams that break after their first event: no break may look like a success, and none may hang. */
import { describe, expect, it } from 'vitest';
import type { BodyStep } from '../support/fakes/fake-upstream.ts';
import { createGateway } from '../support/fakes/gateway.ts';
import { chunk, done, goodStream, readEvents, role, stop, streamed, streamReply, text, usageChunk } from './wire.ts';

const boom =
  'data: {"error":{"message":"CUDA out of memory at /opt/vllm/worker.py","type":"InternalServerError","code":500}}\n\n';
const begun: BodyStep[] = [role, text('Once '), text('upon')];

describe('a stream that breaks after its first event', () => {
  it.each<readonly [string, readonly BodyStep[], string, string]>([
    ['is reset', [...begun, 'reset'], 'upstream_truncated', 'upstream_error'],
    ['ends as if it were whole', begun, 'upstream_truncated', 'upstream_error'],
    ['ends inside an event', [...begun, 'data: {"choices":[{"ind'], 'upstream_truncated', 'upstream_error'],
    ['ends with the end mark but no finish reason', [...begun, done], 'upstream_truncated', 'upstream_error'],
    ['ends with its usage but no finish reason', [...begun, usageChunk], 'upstream_truncated', 'upstream_error'],
    ['ends inside its finish chunk', [...begun, stop.slice(0, -4)], 'upstream_truncated', 'upstream_error'],
    [
      'has an event that cannot be read',
      [...begun, 'data: {"choices":[\n\n', text('!'), stop, done],
      'upstream_invalid_answer',
      'upstream_error',
    ],
    [
      'has words for an event',
      [...begun, 'data: garbage\n\n', text('!'), stop, done],
      'upstream_invalid_answer',
      'upstream_error',
    ],
    ['reports an error by the name of the event', [...begun, 'event: error\ndata: CUDA\n\n'], 'upstream_error', 'upstream_error'],
    ['loses its way', [...begun, chunk({}, 'repetition'), done], 'upstream_invalid_answer', 'upstream_error'],
    ['falls silent', [...begun, 'stall'], 'upstream_timeout', 'timeout'],
    ['reports an error', [...begun, boom, done], 'upstream_error', 'upstream_error'],
    ['reports an error in one piece with text', [...begun, text('!') + boom + done], 'upstream_error', 'upstream_error'],
    ['was given up by the server', [...begun, chunk({}, 'abort'), done], 'upstream_truncated', 'upstream_error'],
    ['sends an event without end', [...begun, `data: ${'x'.repeat(2_000_000)}`], 'upstream_too_large', 'upstream_error'],
    [
      'goes on for ever',
      [...begun, ...Array.from({ length: 700 }, () => [text('x'), { waitMs: 100 }]).flat()],
      'upstream_timeout',
      'timeout',
    ],
  ])('and %s ends with one error event and no end mark', async (_, steps, code, ending) => {
    const gateway = createGateway({ script: [streamReply(...steps)], last: goodStream('never') });
    const answer = await gateway.ask(streamed);
    const seen = readEvents(answer.events);
    expect(seen).toMatchObject({ finish: null, error: code, isDone: false, usage: null });
    expect(seen.content.startsWith('Once upon')).toBe(true);
    expect(answer.events.filter((event) => event.includes('"error"'))).toHaveLength(1);
    expect(answer.events.at(-1)).toContain('"error"');
    expect(answer.text).not.toMatch(/CUDA|\/opt|never|\[DONE\]/);
    expect(gateway.entry()).toMatchObject({
      ending,
      errorCode: code,
      servedModel: 'qwen2.5-7b',
      attempts: 1,
      attemptUsages: [{ isPartOfAnswer: false }],
    });
    expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
    expect(gateway.health.reports.at(-1)).toMatchObject({ kind: 'failure', modelId: 'qwen2.5-7b' });
    expect(gateway.admission.held).toBe(0);
  });

  it('and falls silent is pinged until its limit, which holds to a tenth', async () => {
    const answer = await createGateway({ script: [streamReply(...begun, 'stall')] }).ask(streamed);
    expect(answer.comments.length).toBeGreaterThanOrEqual(2);
    expect(answer.tookMs).toBeGreaterThanOrEqual(2700);
    expect(answer.tookMs).toBeLessThanOrEqual(3300);
  });

  it('books about as many tokens as were shown', async () => {
    const gateway = createGateway({ script: [streamReply(role, ...Array.from({ length: 20 }, () => text('word ')), 'reset')] });
    await gateway.ask(streamed);
    expect(gateway.entry().attemptUsages[0]?.usage.completionTokens).toBe(20);
  });

  it('sends a client that is shown nothing for long a sign of life, however busy the server is', async () => {
    const hidden = Array.from({ length: 40 }, () => [text('x'), { waitMs: 100 }]).flat();
    const call = [text('<tool_call>\n{"name": "f", "arguments": {"a": "'), ...hidden, text('"}}\n</tool_call>')];
    const gateway = createGateway({ script: [streamReply(role, text('hm '), ...call, stop, done)] });
    const answer = await gateway.ask({ ...streamed, tools: [{ type: 'function', function: { name: 'f' } }] });
    expect(readEvents(answer.events)).toMatchObject({ content: 'hm ', finish: 'tool_calls', isDone: true });
    expect(answer.comments.length).toBeGreaterThanOrEqual(3);
  });

  it('and begins with prose where JSON was promised is asked for again', async () => {
    const prose = streamReply(role, text('I am sorry, '), text('I cannot'), text(' do that.'), stop, done);
    const json = streamReply(role, text('{"n":'), text('5}'), stop, done);
    const gateway = createGateway({ script: [prose, json] });
    const answer = await gateway.ask({ ...streamed, response_format: { type: 'json_object' } });
    expect(readEvents(answer.events)).toMatchObject({ content: '{"n":5}', finish: 'stop', error: null, isDone: true });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 2 });
  });

  it('and breaks its schema never gets a finish reason', async () => {
    const schema = {
      type: 'json_schema',
      json_schema: {
        name: 'a',
        schema: { type: 'object', properties: { n: { type: 'integer' }, m: { type: 'integer' } }, required: ['n', 'm'] },
      },
    };
    const gateway = createGateway({
      script: [],
      last: streamReply(role, text('{"n":5,'), text('"m":'), text('"five"}'), stop, done),
    });
    const answer = await gateway.ask({ ...streamed, response_format: schema });
    const seen = answer.kind === 'stream' ? readEvents(answer.events) : { finish: null, error: answer.code, isDone: false };
    expect(seen).toMatchObject({ finish: null, error: 'invalid_structured_output', isDone: false });
    expect(gateway.entry().errorCode).toBe('invalid_structured_output');
  });

  it('holds the server back while the client reads nothing, and is dropped at its whole limit', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => text(`word ${i} `));
    const gateway = createGateway({ script: [streamReply(role, ...many, stop, done)] });
    const answer = await gateway.ask(streamed, { stopsReadingAfterChars: 2000 });
    expect(gateway.upstream.calls[0]?.pulled).toBeLessThan(30);
    expect(answer.tookMs).toBeLessThanOrEqual(66_000);
    expect(gateway.entry().ending).toBe('client_abort');
    expect(gateway.upstream.calls[0]?.end).not.toBe('open');
    expect(gateway.admission.held).toBe(0);
  });

  it.each([
    ['the end of a whole answer', streamReply(role + text('a'), stop, done), 400],
    ['the error event', streamReply(role + text('a'), 'reset'), 300],
  ])('does not wait for ever for a client that does not take %s', async (_, reply, stopsReadingAfterChars) => {
    const gateway = createGateway({ script: [reply] });
    await gateway.ask(streamed, { stopsReadingAfterChars });
    expect(gateway.ledger.entries).toHaveLength(1);
    expect(gateway.admission.held).toBe(0);
  });
});

describe('a stream that breaks and may be rescued', () => {
  const config = { routing: { rescue: { enabled: true, max_rescues: 1 } } };

  it('is continued on the other model from the text the client has', async () => {
    const gateway = createGateway({
      script: [streamReply(...begun, 'reset'), streamReply(role, text(' a time'), stop, usageChunk, done)],
      config,
    });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Once upon a time', finish: 'stop', error: null, isDone: true });
    expect(gateway.upstream.calls[1]).toMatchObject({
      upstreamId: 'large',
      body: { continue_final_message: true, add_generation_prompt: false },
    });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', rescued: true, attempts: 2 });
    const { reason } = readEvents(answer.events).metadata as { reason: string };
    expect(reason).toMatch(/; qwen2\.5-7b broke off \(upstream_truncated\), qwen2\.5-32b went on$/);
    expect(new Set(answer.events.filter((event) => event !== '[DONE]').map((event) => JSON.parse(event).id))).toEqual(
      new Set(['chatcmpl-up']),
    );
  });

  it('is asked for again where it cannot be continued, and what came already is not shown twice', async () => {
    const again = streamReply(role, text('Once upon'), text(' a time'), stop, usageChunk, done);
    const rejected = {
      kind: 'status',
      status: 400,
      body: '{"error":{"message":"continue_final_message is not supported"}}',
    } as const;
    const gateway = createGateway({ script: [streamReply(...begun, 'reset'), rejected, again], config });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Once upon a time', finish: 'stop', isDone: true });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', rescued: true, attempts: 3 });
  });

  it('ends with the first failure when the other answer is another', async () => {
    const other = streamReply(role, text('Twice'), stop, done);
    const rejected = { kind: 'status', status: 400, body: '{}' } as const;
    const gateway = createGateway({ script: [streamReply(...begun, 'reset'), rejected, other], config });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({
      content: 'Once upon',
      finish: null,
      error: 'upstream_truncated',
      isDone: false,
    });
    expect(answer.text).not.toContain('Twice');
    expect(gateway.entry().ending).toBe('upstream_error');
  });

  it('says who failed before it began, who broke off, and who went on', async () => {
    const gateway = createGateway({
      script: [{ kind: 'status', status: 404 }, streamReply(...begun, boom), streamReply(role, text(' a time'), stop, done)],
      config: { ...config, routing: { ...config.routing, retry: { attempts_per_model: 1 } } },
    });
    const answer = await gateway.ask(streamed);
    const { reason } = readEvents(answer.events).metadata as { reason: string };
    expect(reason).toMatch(
      /; qwen2\.5-7b failed \(upstream_model_missing\), qwen2\.5-32b answered; qwen2\.5-32b broke off \(upstream_error\), qwen2\.5-\w+ went on$/,
    );
  });

  it('does not say that anybody went on when nobody did', async () => {
    const gateway = createGateway({ script: [streamReply(...begun, 'reset')], last: { kind: 'status', status: 500 }, config });
    const answer = await gateway.ask(streamed);
    expect(answer.text).not.toContain('went on');
    expect(gateway.entry()).toMatchObject({ servedModel: 'qwen2.5-7b', ending: 'upstream_error' });
  });

  it('goes on from what the client has when the repetition breaks off sooner', async () => {
    const rejected = { kind: 'status', status: 400, body: '{}' } as const;
    const gateway = createGateway({
      script: [
        streamReply(...begun, 'reset'),
        rejected,
        streamReply(role, text('Once '), 'reset'),
        streamReply(role, text(' a time'), stop, usageChunk, done),
      ],
      config: { routing: { rescue: { enabled: true, max_rescues: 2 } } },
    });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Once upon a time', finish: 'stop', isDone: true });
    expect(gateway.upstream.calls[3]?.body).toMatchObject({
      messages: [{ role: 'user' }, { role: 'assistant', content: 'Once upon' }],
    });
  });

  it('is not continued by a model whose text begins as thinking', async () => {
    const again = streamReply(role, text('hm</think>Once upon'), text(' a time'), stop, usageChunk, done);
    const gateway = createGateway({
      script: [streamReply(...begun, 'reset'), again],
      config: { ...config, models: { 'qwen2.5-32b': { reasoning: 'think_open' } } },
    });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Once upon a time', finish: 'stop', isDone: true });
    expect(gateway.upstream.calls[1]?.body).not.toHaveProperty('continue_final_message');
  });

  it('is rescued once', async () => {
    const gateway = createGateway({
      script: [streamReply(...begun, 'reset'), streamReply(role, text(' a'), 'reset')],
      last: goodStream('never'),
      config,
    });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Once upon a', error: 'upstream_truncated', isDone: false });
    expect(gateway.upstream.calls).toHaveLength(2);
    expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', attempts: 2 });
  });

  it.each([
    [
      'a call was shown',
      [
        role,
        chunk({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] }),
        chunk({ tool_calls: [{ index: 1, id: 'c2', type: 'function', function: { name: 'f', arguments: '{' } }] }),
        'reset',
      ],
    ],
    ['thinking was shown', [role, chunk({ reasoning: 'hm' }), text('a'), 'reset']],
  ] as const)('is left alone when %s', async (_, steps) => {
    const gateway = createGateway({ script: [streamReply(...steps)], last: goodStream('never'), config });
    const answer = await gateway.ask({ ...streamed, tools: [{ type: 'function', function: { name: 'f' } }] });
    expect(readEvents(answer.events)).toMatchObject({ error: 'upstream_truncated', isDone: false });
    expect(gateway.upstream.calls).toHaveLength(1);
  });
});
