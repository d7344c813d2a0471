/** Requests that follow another one's call, on fakes: what they get of it, and when they run by themselves. */
import { describe, expect, it } from 'vitest';
import type { KeptEnding } from '../../worker/core/kept/kept-answer.ts';
import { createPieceWriter } from '../../worker/core/kept/pieces.ts';
import type { PipelineDeps } from '../../worker/pipeline/run/deps.ts';
import { createGateway, type FakeGateway, type GatewayOptions } from '../support/fakes/gateway.ts';
import { complete, openingOf, someRouting } from '../support/suites/kept-suite.ts';
import { completion, goodStream, hello, readEvents } from './wire.ts';

const ask = { ...hello, temperature: 0 };
const asks = { whole: ask, streamed: { ...ask, stream: true } } as const;
const ways = ['whole', 'streamed'] as const;
const place = { tenantId: 'key-1', id: 'question' };

/** Every question has the same key. */
const sharing = (options: Partial<GatewayOptions> = {}, change: (deps: PipelineDeps) => PipelineDeps = (deps) => deps) =>
  createGateway({
    script: [],
    last: completion('by itself'),
    ...options,
    config: { cache: { enabled: true, ...Object(options.config) } },
    change: (deps) => change({ ...deps, digest: async () => place.id }),
  });

const usage = { promptTokens: 11, completionTokens: 3, cachedTokens: null, reasoningTokens: null, isEstimated: false };
const routing = { ...someRouting, model_id: 'qwen2.5-7b' };
const ended: KeptEnding = { ...complete, metadata: routing };
const failedWith = (failure: Extract<KeptEnding, { kind: 'failed' }>['failure']): KeptEnding => ({
  kind: 'failed',
  failure,
  metadata: routing,
  isFinal: false,
});

/** Somebody leads, and writes a piece every 100 ms, from `afterMs` on; then comes the ending. */
async function lead(gateway: FakeGateway, words: readonly string[], ending: KeptEnding | null, afterMs = 100): Promise<void> {
  const { kept, timers } = gateway.deps;
  const opened = await kept.open(place, openingOf({ writerId: 'leader', fingerprint: place.id }));
  expect(opened).toMatchObject({ ok: true, value: { kind: 'lead' } });
  const write = createPieceWriter();
  const head = { id: 'chatcmpl-leader', created: 1, model: 'served' };
  const pieces = [
    write({ head, events: [{ choice: 0, kind: 'begin' }], routing: null }),
    ...words.map((word) => write({ head, events: [{ choice: 0, kind: 'text', text: word }], routing: null })),
    write({ head, events: [{ choice: 0, kind: 'finish', reason: 'stop' }], routing }),
    write({ head, events: [{ kind: 'usage', usage }], routing: null }),
  ];
  const shown =
    ending === null || ending.kind === 'complete' ? pieces : words.length === 0 ? [] : pieces.slice(0, words.length + 1);
  for (const [at, piece] of shown.entries()) {
    timers.once(
      afterMs + at * 100,
      () => void kept.append(place, { writerId: 'leader', from: at, pieces: [piece], ending: null }),
    );
  }
  if (ending === null) return;
  timers.once(afterMs + shown.length * 100, () => {
    void kept.append(place, { writerId: 'leader', from: shown.length, pieces: [], ending });
  });
}

function contentOf(reply: { kind: string; text: string; events: readonly string[] }): string | null {
  return reply.kind === 'json' ? JSON.parse(reply.text).choices[0].message.content : readEvents(reply.events).content;
}

describe.each(ways)('a follower that reads %s', (way) => {
  it('gets the leader’s answer under an id of its own, without a call, and is booked with what it saved', async () => {
    const gateway = sharing();
    await lead(gateway, ['Par', 'is.'], ended);
    const reply = await gateway.ask(asks[way]);
    expect(contentOf(reply)).toBe('Paris.');
    expect(reply.text).not.toContain('chatcmpl-leader');
    expect(gateway.upstream.calls).toHaveLength(0);
    expect(gateway.entry()).toMatchObject({
      cache: 'shared',
      ending: 'ok',
      attempts: 0,
      costNanoUsd: 0,
      servedModel: 'qwen2.5-7b',
    });
    expect(gateway.entry().cacheSavedNanoUsd).toBeGreaterThan(0);
  });

  it.each([
    ['at the model servers', failedWith({ code: 'upstream_error' }), 'upstream_error'],
    ['for want of a place', failedWith({ code: 'queue_full' }), 'queue_full'],
    ['because the model refuses what was asked', failedWith({ code: 'upstream_rejected' }), 'upstream_rejected'],
  ])('fails with a leader that failed %s, without a call', async (_, ending, code) => {
    const gateway = sharing();
    await lead(gateway, [], ending);
    expect(await gateway.ask(asks[way])).toMatchObject({ kind: 'failed', code });
    expect(gateway.upstream.calls).toHaveLength(0);
    expect(gateway.entry()).toMatchObject({ cache: 'miss', attempts: 0, costNanoUsd: 0, errorCode: code });
  });

  it.each([
    ['whose client has left', failedWith({ code: 'client_closed_request' })],
    ['whose key had no room', failedWith({ code: 'rate_limit_exceeded' })],
    ['whose budget was used up', failedWith({ code: 'budget_exceeded' })],
    ['that somebody cancelled', { kind: 'cancelled', metadata: null } as const],
  ])('runs by itself behind a leader %s', async (_, ending) => {
    const gateway = sharing(way === 'streamed' ? { last: goodStream('by itself') } : {});
    await lead(gateway, [], ending);
    const reply = await gateway.ask(asks[way]);
    expect(contentOf(reply)).toBe('by itself');
    expect(gateway.upstream.calls).toHaveLength(1);
    expect(gateway.entry()).toMatchObject({ cache: 'miss', ending: 'ok', attempts: 1 });
  });
});

describe('a leader that is not heard of any more', () => {
  it('is given up after a while: who waits runs by itself, who has headers already gets an error', async () => {
    const whole = sharing();
    await lead(whole, [], null, 100_000);
    expect(contentOf(await whole.ask(asks.whole))).toBe('by itself');
    const streamed = sharing();
    await lead(streamed, [], null, 100_000);
    expect(readEvents((await streamed.ask(asks.streamed)).events)).toMatchObject({ content: '', error: 'upstream_truncated' });
  });
});

describe('a leader that breaks off after it has begun', () => {
  it('ends in an error for those who stream', async () => {
    const gateway = sharing();
    await lead(gateway, ['Par'], failedWith({ code: 'upstream_truncated' }));
    const { events } = await gateway.ask(asks.streamed);
    expect(readEvents(events)).toMatchObject({ content: 'Par', error: 'upstream_truncated' });
    expect(events).not.toContain('[DONE]');
    expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', costNanoUsd: 0 });
  });
});

describe('a request that cannot share', () => {
  it.each<readonly [string, (deps: PipelineDeps) => PipelineDeps]>([
    [
      'the state is down',
      (deps) => ({ ...deps, kept: { ...deps.kept, open: async () => ({ ok: false, failure: { code: 'state_unavailable' } }) } }),
    ],
    [
      'the object takes two seconds, and then lets it lead',
      (deps) => ({
        ...deps,
        kept: {
          ...deps.kept,
          open: async (...opening) => {
            await new Promise<void>((resolve) => void deps.timers.once(2000, resolve));
            return deps.kept.open(...opening);
          },
        },
      }),
    ],
    [
      'too many are under way',
      (deps) => ({ ...deps, kept: { ...deps.kept, open: async () => ({ ok: true, value: { kind: 'full' } }) } }),
    ],
  ])('runs by itself when %s', async (_, change) => {
    const gateway = sharing({}, change);
    const reply = await gateway.ask(ask);
    expect(reply).toMatchObject({ kind: 'json', metadata: { cache: 'miss' } });
    expect(reply.headersAfterMs).toBeLessThan(1000);
    // What was taken too late is given back.
    const after = await gateway.deps.kept.read(place, null, 0, 0).catch(() => null);
    expect(after?.ending ?? { kind: 'failed' }).toMatchObject({ kind: 'failed' });
    expect(gateway.upstream.calls).toHaveLength(1);
  });

  it('asks nobody where sharing is off', async () => {
    const unasked = { open: () => Promise.reject(new Error('nobody may ask')) };
    const gateway = sharing({ config: { single_flight: 'off' } }, (deps) => ({ ...deps, kept: { ...deps.kept, ...unasked } }));
    expect(await gateway.ask(ask)).toMatchObject({ kind: 'json', metadata: { cache: 'miss' } });
    expect(await gateway.ask(ask)).toMatchObject({ kind: 'json', metadata: { cache: 'hit' } });
  });
});

describe('the second level', () => {
  const forgetful = (deps: PipelineDeps): PipelineDeps => ({ ...deps, answers: { get: async () => null, put: () => undefined } });

  it('answers where the first has forgotten, with the age', async () => {
    const gateway = sharing({ script: [completion('Paris.')] }, forgetful);
    await gateway.ask(ask);
    await gateway.time.advance(7000);
    const again = await gateway.ask(asks.streamed);
    expect(contentOf(again)).toBe('Paris.');
    expect(again.metadata).toMatchObject({ cache: 'hit', cache_age_seconds: 7 });
    expect(await gateway.ask(ask, { cacheControl: 'only-if-cached' })).toMatchObject({ kind: 'json' });
    expect(gateway.upstream.calls).toHaveLength(1);
  });

  it('has nothing that may not be kept: it was for those who followed', async () => {
    const gateway = sharing({ script: [completion('Par', { finish: 'length' })] }, forgetful);
    await gateway.ask(ask);
    expect(contentOf(await gateway.ask(ask))).toBe('by itself');
  });

  it('is replaced by no-cache, and by a request for which it is too old', async () => {
    const gateway = sharing({ script: [completion('one'), completion('two'), completion('three')] }, forgetful);
    await gateway.ask(ask);
    expect(contentOf(await gateway.ask(ask, { cacheControl: 'no-cache' }))).toBe('two');
    expect(contentOf(await gateway.ask(ask))).toBe('two');
    await gateway.time.advance(10_000);
    expect(contentOf(await gateway.ask(ask, { cacheControl: 'max-age=5' }))).toBe('three');
    expect(contentOf(await gateway.ask(ask))).toBe('three');
  });

  it('of a sampled answer nothing is kept where all may share', async () => {
    const gateway = sharing({ config: { single_flight: 'all' }, script: [completion('one'), completion('two')] }, forgetful);
    expect(contentOf(await gateway.ask({ ...ask, temperature: 1 }))).toBe('one');
    expect(contentOf(await gateway.ask({ ...ask, temperature: 1 }))).toBe('two');
  });
});
