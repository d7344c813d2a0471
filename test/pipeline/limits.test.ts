/** Time limits, with the clock moved by hand: what a slow but healthy server may take, and when a dead one is left. */
import { describe, expect, it } from 'vitest';
import type { BodyStep, Reply } from '../support/fakes/fake-upstream.ts';
import { type ClientReply, createGateway } from '../support/fakes/gateway.ts';
import { chunk, completion, done, goodStream, hello, readEvents, role, stop, streamed, streamReply, text } from './wire.ts';

const long = { ...hello, max_tokens: 4000 };
const ways = [
  ['streamed', streamed],
  ['whole, read as a stream', long],
] as const;
/** The shipped limits, and nothing waits for a retry. */
const shipped = {
  upstreams: {
    small: { timeouts_ms: { connect: 3000, first_event: 12_000, idle: 15_000, total: 300_000 } },
    large: { timeouts_ms: { connect: 3000, first_event: 30_000, idle: 15_000, total: 300_000 } },
  },
  routing: {
    streaming: { hold_status_ms: 10_000, ping_ms: 10_000, plain_json_max_ms: 2000 },
    runaway_guard: { enabled: false },
  },
};
const contentOf = (answer: ClientReply): string | null =>
  answer.kind === 'stream'
    ? readEvents(answer.events).content
    : answer.kind !== 'failed'
      ? JSON.parse(answer.text).choices[0].message.content
      : null;
const later = (reply: Reply, afterMs: number): Reply => ({ ...reply, afterMs }) as Reply;
const every = (ms: number, times: number, step: string): BodyStep[] =>
  Array.from({ length: times }, (): BodyStep[] => [{ waitMs: ms }, step]).flat();

describe.each(ways)('a server that is asked for a stream (%s)', (_, body) => {
  it('may send its headers with its first token', async () => {
    const gateway = createGateway({ script: [later(goodStream('a'), 10_000)], config: shipped });
    const answer = await gateway.ask(body);
    expect(contentOf(answer)).toBe('a');
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 1 });
  });

  it('has as long for headers and first token together as for one of them', async () => {
    const script = [later(streamReply({ waitMs: 7000 }, role, text('late'), stop, done), 7000), goodStream('saved')];
    const answer = await createGateway({ script, config: shipped }).ask(body);
    expect(contentOf(answer)).toBe('saved');
    expect(answer.tookMs).toBe(12_000);
  });

  it.each<readonly [string, Reply]>([
    ['no headers', { kind: 'hang' }],
    ['headers and nothing else', streamReply('stall')],
    ['a comment every second', streamReply(...every(1000, 200, ': ping\n\n'))],
    ['an empty delta every second', streamReply(...every(1000, 200, chunk({})))],
    ['its role over and over', streamReply(...every(1000, 200, role))],
    ['a call without a name or arguments', streamReply(...every(1000, 200, chunk({ tool_calls: [{ index: 0, id: 'c' }] })))],
    ['JSON that does not come', { kind: 'stream', steps: ['stall'], mediaType: 'application/json' }],
    ['a page that does not come', { kind: 'stream', steps: ['stall'], mediaType: 'text/html' }],
    ['the beginning of JSON and no more', { kind: 'stream', steps: ['{"choices":[', 'stall'], mediaType: 'application/json' }],
  ])('and sends %s is left after `first_event`', async (__, bad) => {
    const gateway = createGateway({ script: [bad], last: goodStream('saved'), config: shipped });
    const answer = await gateway.ask({ ...body, tools: [{ type: 'function', function: { name: 'f' } }] });
    expect(contentOf(answer)).toBe('saved');
    expect(answer.tookMs).toBe(12_000);
    expect(gateway.upstream.calls).toHaveLength(2);
    expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
  });

  it('is left after `first_event` whatever the token limit is', async () => {
    const gateway = createGateway({ script: [{ kind: 'hang' }], last: goodStream('saved'), config: shipped });
    const answer = await gateway.ask({ ...body, max_tokens: 16_000 });
    expect(contentOf(answer)).toBe('saved');
    expect(answer.tookMs).toBe(12_000);
  });

  it.each([
    ['comments', ': ping\n\n'],
    ['empty deltas', chunk({})],
    ['empty content', text('')],
    ['its role', role],
    [
      'usage without choices',
      `data: ${JSON.stringify({ id: 'c', choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } })}\n\n`,
    ],
    ['calls without a name or arguments', chunk({ tool_calls: [{ index: 0, function: { arguments: '' } }] })],
  ])('and falls silent but for %s is left after `idle`', async (__, sign) => {
    const dead = streamReply(role, text('a'), ...every(1000, 400, sign));
    const gateway = createGateway({ script: [dead], last: goodStream('saved'), config: shipped });
    const answer = await gateway.ask(body);
    if (answer.kind === 'stream') expect(readEvents(answer.events)).toMatchObject({ content: 'a', error: 'upstream_timeout' });
    else expect(contentOf(answer)).toBe('saved');
    expect(answer.tookMs).toBeGreaterThanOrEqual(14_000);
    expect(answer.tookMs).toBeLessThanOrEqual(16_500);
  });

  it.each([
    ['text', text('a')],
    ['thinking', chunk({ reasoning: 'hm ' })],
  ])('and goes on with %s every 14 s is not left', async (__, token) => {
    const gateway = createGateway({
      script: [streamReply(role, text('a'), ...every(14_000, 10, token), stop, done)],
      config: shipped,
    });
    const answer = await gateway.ask(body);
    expect(contentOf(answer)).toMatch(/^a/);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 1 });
  });

  it('and writes all its tokens at the slow rate is not cut off by `total`', async () => {
    const tokens = 4096;
    const gateway = createGateway({
      script: [streamReply(role, ...every(1000 / 6, tokens, text('x')), stop, done)],
      config: { ...shipped, models: { 'qwen2.5-7b': { slow_tokens_per_second: 6 } } },
    });
    const answer = await gateway.ask({ ...body, max_tokens: tokens });
    expect(contentOf(answer)).toBe('x'.repeat(tokens));
    expect(answer.tookMs).toBeGreaterThan(680_000);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 1 });
  }, 30_000);

  it.each([
    ['ever more slowly than the slow rate', every(5000, 200, text('x')), 4000],
    ['more tokens than were asked for', every(100, 8000, text('x')), 100],
  ])(
    'and writes %s is cut off by `total`',
    async (__, steps, max_tokens) => {
      const endless = streamReply(role, text('a'), ...steps);
      const gateway = createGateway({ script: [endless], last: goodStream('saved'), config: shipped });
      const answer = await gateway.ask({ ...body, max_tokens });
      if (answer.kind === 'stream') expect(readEvents(answer.events)).toMatchObject({ error: 'upstream_timeout', isDone: false });
      else expect(contentOf(answer)).toBe('saved');
      expect(answer.tookMs).toBeGreaterThanOrEqual(299_000);
      expect(answer.tookMs).toBeLessThanOrEqual(302_000);
    },
    30_000,
  );

  it('and sends several tokens in one event is paced by its characters', async () => {
    const few = every(3000, 150, text('about fifty tokens, all in one event; '.repeat(5)));
    const gateway = createGateway({ script: [streamReply(role, ...few, stop, done)], config: shipped });
    await gateway.ask({ ...body, max_tokens: 4000 });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 1 });
  });
});

describe('a server that is asked for plain JSON', () => {
  const short = { ...hello, max_tokens: 30 };

  it('has `first_event`, and the time its few tokens can take', async () => {
    const gateway = createGateway({ script: [later(completion('late'), 13_900)], config: shipped });
    expect(contentOf(await gateway.ask(short))).toBe('late');
    expect(gateway.upstream.calls).toMatchObject([{ accept: 'application/json' }]);
  });

  it.each<readonly [string, Reply]>([
    ['no headers', { kind: 'hang' }],
    ['headers and no body', { kind: 'stream', steps: ['stall'], mediaType: 'application/json' }],
    ['a stream without a token', streamReply('stall')],
  ])('and sends %s is left in time for another one', async (_, bad) => {
    const gateway = createGateway({ script: [bad], last: completion('saved'), config: shipped });
    const answer = await gateway.ask(short);
    expect(contentOf(answer)).toBe('saved');
    expect(answer.tookMs).toBe(14_000);
  });
});

it('a client that reads nothing is dropped at `total`, for then nothing keeps the pace', async () => {
  const many = Array.from({ length: 1000 }, (_, i) => text(`word ${i} `));
  const gateway = createGateway({ script: [streamReply(role, ...many, stop, done)] });
  const answer = await gateway.ask({ ...streamed, max_tokens: 4000 }, { stopsReadingAfterChars: 2000 });
  expect(answer.tookMs).toBeLessThanOrEqual(66_000);
  expect(gateway.entry().ending).toBe('client_abort');
});
