/** Answers that repeat themselves without end: another model answers where nothing was shown yet, else the client is told. */
import { describe, expect, it } from 'vitest';
import { createGateway } from '../support/fakes/gateway.ts';
import { done, goodStream, hello, readEvents, role, stop, streamed, streamReply, text } from './wire.ts';

const runaway = streamReply(role, text('Well: '), ...Array.from({ length: 1000 }, () => text('!')), stop, done);
/** Long enough that its answer is read as a stream. */
const long = { ...hello, max_tokens: 4000 };
const rescuing = { routing: { rescue: { enabled: true, max_rescues: 1 } } };

describe('an answer that repeats itself without end', () => {
  it('is asked for elsewhere while nothing of it is shown, and is counted', async () => {
    const gateway = createGateway({ script: [runaway, goodStream('Hello')] });
    const answer = await gateway.ask(long);
    expect(JSON.parse(answer.text).choices[0].message.content).toBe('Hello');
    expect(gateway.health.reports.filter((report) => report.kind === 'failure')).toMatchObject([{ cause: 'degenerate' }]);
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 2, runaways: ['qwen2.5-7b'], servedModel: 'qwen2.5-32b' });
    expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
  });

  it('ends with an error of its own once it is shown, even where answers are rescued', async () => {
    const gateway = createGateway({ script: [runaway], last: goodStream('never'), config: rescuing });
    const answer = await gateway.ask(streamed);
    const seen = readEvents(answer.events);
    expect(seen).toMatchObject({ finish: null, error: 'upstream_degenerate', isDone: false });
    expect(seen.content.length).toBeLessThanOrEqual('Well: '.length + 256);
    expect(gateway.entry()).toMatchObject({ errorCode: 'upstream_degenerate', attempts: 1, runaways: ['qwen2.5-7b'] });
    expect(gateway.upstream.calls.map(({ end }) => end)).not.toContain('open');
  });

  it('is an error where every model runs away', async () => {
    const gateway = createGateway({ script: [], last: runaway });
    expect(await gateway.ask(long)).toMatchObject({ kind: 'failed', code: 'upstream_degenerate' });
    expect(gateway.entry()).toMatchObject({
      ending: 'upstream_error',
      runaways: expect.arrayContaining(['qwen2.5-7b', 'qwen2.5-32b']),
    });
  });

  it('is shown to an agent that wants it, and to a request that asks for it', async () => {
    const config = { routing: { agents: { echo: { runaway_guard: false } } } };
    const agent = createGateway({ script: [runaway], config });
    expect(readEvents((await agent.ask(streamed, {}, { agent: 'echo' })).events)).toMatchObject({
      finish: 'stop',
    });
    const asked = createGateway({ script: [runaway] });
    const body = { ...streamed, messages: [{ role: 'user', content: 'Write ! 1000 times' }] };
    expect(readEvents((await asked.ask(body)).events)).toMatchObject({ finish: 'stop', error: null });
  });

  it.each<readonly [string, object]>([
    ['deployment', { routing: { runaway_guard: { enabled: false } } }],
    ['model', { models: { 'qwen2.5-7b': { runaway_guard: false } } }],
  ])('is shown where the %s allows it', async (_, config) => {
    const gateway = createGateway({ script: [runaway], config });
    expect(readEvents((await gateway.ask(streamed)).events)).toMatchObject({ finish: 'stop', error: null });
    expect(gateway.entry().runaways).toBeUndefined();
  });
});
