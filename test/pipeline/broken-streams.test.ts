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
    ['loses its way', [...begun, chunk({}, 'repetition'), done], 'upstream_degenerate', 'upstream_error'],
    ['falls silent', [...begun, 'stall'], 'upstream_timeout', 'timeout'],
    ['reports an error', [...begun, boom, done], 'upstream_error', 'upstream_error'],
    ['reports an error in one piece with text', [...begun, text('!') + boom + done], 'upstream_error', 'upstream_error'],
    ['was given up by the server', [...begun, chunk({}, 'abort'), done], 'upstream_truncated', 'upstream_error'],
    ['sends an event without end', [...begun, `data: ${'x'.repeat(2_000_000)}`], 'upstream_too_large', 'upstream_error'],
    [
      'goes on for ever',
      [...begun, ...Array.from({ length: 700 }, (_, at) => [text(`${at} `), { waitMs: 100 }]).flat()],
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
