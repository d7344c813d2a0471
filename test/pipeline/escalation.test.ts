/** A doubtful answer of the small tier: the large one answers instead, and when it cannot, the client gets what there is. */
import { describe, expect, it } from 'vitest';
import { fail } from '../../shared/result.ts';
import type { PipelineDeps } from '../../worker/pipeline/run/deps.ts';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway, type GatewayOptions } from '../support/fakes/gateway.ts';
import { chunk, completion, done, goodStream, readEvents, role, stop, streamReply, text, usage, usageChunk } from './wire.ts';

const doubt = "I'm not sure, perhaps it is Lisbon.";
const ask = { model: 'auto', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] };
const asks = { whole: ask, streamed: { ...ask, stream: true } } as const;
/** As the large model fails: once or twice, whatever is asked. */
const failures: readonly (readonly [string, Reply, string])[] = [
  ['refuses', { kind: 'refuse' }, 'upstream_unreachable'],
  ['never answers', { kind: 'hang' }, 'upstream_timeout'],
  ['answers 500', { kind: 'status', status: 500 }, 'upstream_error'],
  ['answers 503', { kind: 'status', status: 503 }, 'upstream_overloaded'],
  ['answers 400', { kind: 'status', status: 400, body: '{"error":{"message":"bad"}}' }, 'upstream_rejected'],
  ['breaks before its first event', streamReply('reset'), 'upstream'],
];

const escalating = (options: GatewayOptions) =>
  createGateway({ ...options, config: { ...options.config, routing: { escalation: { enabled: true, hold_back_chars: 60 } } } });
const small = (...words: string[]): Record<'whole' | 'streamed', Reply> => ({
  whole: completion(words.join('')),
  streamed: goodStream(...words),
});
const said = (answer: { kind: string; text: string; events: readonly string[] }): string | null => {
  if (answer.kind === 'stream') return readEvents(answer.events).content;
  return answer.kind === 'json' ? JSON.parse(answer.text).choices[0].message.content : null;
};

describe.each(['whole', 'streamed'] as const)('a doubtful small answer (%s)', (way) => {
  it('is answered again by the large model', async () => {
    const gateway = escalating({ script: [small(doubt)[way], small('Lisbon.')[way]] });
    const answer = await gateway.ask(asks[way]);
    expect(said(answer)).toBe('Lisbon.');
    expect(gateway.entry()).toMatchObject({ ending: 'ok', escalated: true, servedModel: 'qwen2.5-32b', attempts: 2 });
    expect(gateway.entry().attemptUsages).toHaveLength(2);
    expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
    expect(gateway.admission.held).toBe(0);
  });

  it.each(failures)('is shown when the large model %s', async (_, last, code) => {
    const gateway = escalating({ script: [small(doubt)[way]], last });
    const answer = await gateway.ask(asks[way]);
    expect(said(answer)).toBe(doubt);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', escalated: false, servedModel: 'qwen2.5-7b', fallbackUsed: false });
    expect(gateway.entry().attemptUsages.at(-1)).toMatchObject({ model: 'qwen2.5-7b', isPartOfAnswer: true });
    const metadata = answer.kind === 'stream' ? readEvents(answer.events).metadata : answer.metadata;
    expect(metadata).toMatchObject({ escalated: false, model_id: 'qwen2.5-7b' });
    expect(JSON.stringify(metadata)).toMatch(new RegExp(`was doubtful.*qwen2.5-32b failed \\(${code}\\w*\\), so it is shown`));
    expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
    expect(gateway.admission.held).toBe(0);
  });

  it('is shown when there is no place on the large model', async () => {
    const full = (deps: PipelineDeps): PipelineDeps => ({
      ...deps,
      admission: {
        ...deps.admission,
        enter: (request, ...rest) =>
          request.modelId === 'qwen2.5-32b'
            ? Promise.resolve(fail({ code: 'queue_full', retryAfterMs: 2000 }))
            : deps.admission.enter(request, ...rest),
      },
    });
    const gateway = escalating({ script: [small(doubt)[way]], change: full });
    expect(said(await gateway.ask(asks[way]))).toBe(doubt);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', escalated: false, attempts: 1 });
  });

  it('is neither judged nor held back while the large model is known to be down', async () => {
    const gateway = escalating({ script: [], last: { kind: 'refuse' } });
    const large = { ...ask, model: 'large', max_tokens: 50 };
    for (let i = 0; i < 2; i += 1) await gateway.ask(large);
    expect(gateway.health.statuses()['qwen2.5-32b@large']).toBe('down');
    const before = gateway.upstream.calls.length;
    const again = escalating({
      script: [small(doubt)[way]],
      change: (deps) => ({ ...deps, health: gateway.health }),
    });
    expect(said(await again.ask(asks[way]))).toBe(doubt);
    expect(again.upstream.calls).toHaveLength(1);
    expect(again.upstream.calls[0]?.body).not.toHaveProperty('logprobs');
    expect(gateway.upstream.calls).toHaveLength(before);
  });

  it('is not asked of another small model or of the same one again', async () => {
    const second = { url_var: 'SMALL_UPSTREAM_URL', dialect: 'vllm', access: false };
    const gateway = escalating({
      script: [small(doubt)[way], small('Lisbon.')[way]],
      config: {
        upstreams: { other: { ...second, timeouts_ms: { connect: 1000, first_event: 2000, idle: 3000, total: 60_000 } } },
        models: { 'qwen2.5-7b': { upstreams: ['small', 'other'] } },
      },
    });
    expect(said(await gateway.ask(asks[way]))).toBe('Lisbon.');
    expect(gateway.upstream.calls.map(({ upstreamId }) => upstreamId)[1]).toBe('large');
  });
});

describe('a small answer that is doubted while it comes in', () => {
  const long = [doubt, ' It may be another town.', ' The harbour is old.', ' Ask a local.'];
  const slow = (...words: string[]): Reply =>
    streamReply(role, ...words.flatMap((word) => [text(word), { waitMs: 100 }]), stop, usageChunk, done);

  it('goes on from where it was held back when the large model fails', async () => {
    const gateway = escalating({ script: [slow(...long)], last: { kind: 'status', status: 500 } });
    const answer = await gateway.ask({ ...asks.streamed, stream_options: { include_usage: true } });
    expect(readEvents(answer.events)).toMatchObject({ content: long.join(''), finish: 'stop', usage, isDone: true });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', servedModel: 'qwen2.5-7b' });
    expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
    expect(gateway.admission.held).toBe(0);
  });

  it('is let go as soon as the large model has begun', async () => {
    const gateway = escalating({ script: [slow(...long), slow('Lis', 'bon.')] });
    const answer = await gateway.ask(asks.streamed);
    expect(said(answer)).toBe('Lisbon.');
    expect(gateway.upstream.calls[0]?.end).toMatch(/aborted|cancelled/);
    expect(gateway.admission.held).toBe(0);
  });

  it('is let go with the client', async () => {
    const gateway = escalating({ script: [slow(...long)], last: { kind: 'hang' } });
    await gateway.ask(asks.streamed, { leavesAfterMs: 700 });
    expect(gateway.entry()).toMatchObject({ ending: 'client_abort' });
    expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
    expect(gateway.admission.held).toBe(0);
  });

  it('that breaks off after all ends like any broken answer', async () => {
    const gateway = escalating({ script: [streamReply(role, ...long.map(text), 'reset')], last: { kind: 'refuse' } });
    const answer = await gateway.ask(asks.streamed);
    expect(readEvents(answer.events)).toMatchObject({ finish: null, error: 'upstream_truncated', isDone: false });
  });
});

it('a doubtful answer is no reason to hold a call back', async () => {
  const call = chunk({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] });
  const gateway = escalating({ script: [streamReply(role, call, chunk({}, 'tool_calls'), done)] });
  const answer = await gateway.ask({ ...asks.streamed, tools: [{ type: 'function', function: { name: 'f' } }] });
  expect(readEvents(answer.events)).toMatchObject({ finish: 'tool_calls', isDone: true });
  expect(gateway.upstream.calls).toHaveLength(1);
});
