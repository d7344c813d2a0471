/** Runs whose answers are kept, on time moved by hand: who may leave, who stops them, and what happens when the log cannot be written. */
import { describe, expect, it } from 'vitest';
import { createReplay } from '../../worker/core/kept/frames.ts';
import { leaseMs } from '../../worker/core/kept/log.ts';
import { chatSurface } from '../../worker/core/surfaces/chat/chat-surface.ts';
import type { BodyStep } from '../support/fakes/fake-upstream.ts';
import { createGateway, type FakeGateway } from '../support/fakes/gateway.ts';
import { done, role, stop, streamed, streamReply, text } from './wire.ts';

const resumable = { isResumable: true };
const repeatable = { idempotency: { id: 'under-a-key', fingerprint: 'f' } };

/** So many words, one a second. */
const words = (count: number): BodyStep[] => [
  role,
  ...Array.from({ length: count }, (_, index) => [text(` w${index}`), { waitMs: 1000 }]).flat(),
  stop,
  done,
];
const gatewayFor = (...steps: BodyStep[]) => createGateway({ script: [streamReply(...steps)] });

/** The one answer that is kept, and how it is read again. */
function keptIn({ kept }: FakeGateway) {
  const [only] = [...kept.records.values()];
  if (only === undefined) throw new Error('nothing is kept');
  const { record, pieces } = only;
  const replay = createReplay(chatSurface.openStream(record.opening.request, 'request-1'), record.opening.hasIds ? 0 : null);
  const again = () => replay.write(pieces) + (record.ending === null ? '' : replay.end(record.ending));
  return { record, pieces, again };
}

describe('a resumable stream whose client leaves', () => {
  it('goes on to its end, and is booked as the success that it is', async () => {
    const gateway = gatewayFor(...words(15));
    const { text: had } = await gateway.ask(streamed, { leavesAfterChars: 600 }, resumable);
    const { record, again } = keptIn(gateway);
    expect(record.ending?.kind).toBe('complete');
    expect(again().startsWith(had.replaceAll(': ping\n\n', ''))).toBe(true);
    expect(again()).toContain('[DONE]');
    expect(gateway.entry().ending).toBe('ok');
    expect(gateway.upstream.calls).toHaveLength(1);
  });

  it('ends when nobody comes back within the grace period, as a client that left', async () => {
    const gateway = gatewayFor(...words(200));
    const { tookMs } = await gateway.ask(streamed, { leavesAfterMs: 3000 }, resumable);
    expect(tookMs).toBeGreaterThanOrEqual(28_000);
    expect(tookMs).toBeLessThan(33_000);
    expect(gateway.entry().ending).toBe('client_abort');
    expect(gateway.upstream.calls[0]?.end).toMatch(/aborted|cancelled/);
    expect(keptIn(gateway).record.ending).toMatchObject({ kind: 'failed', failure: { code: 'client_closed_request' } });
  });

  it('without the platform’s notice counts as gone when it takes nothing for half a minute, and holds nobody up', async () => {
    const gateway = gatewayFor(...words(60));
    await gateway.ask(streamed, { stopsReadingAfterChars: 300, isUnheard: true }, resumable);
    expect(['ok', 'client_abort']).toContain(gateway.entry().ending);
    expect(keptIn(gateway).record.ending).not.toBeNull();
  });
});

describe('a stream with an idempotency key and nothing else', () => {
  it('ends with its client, and its key is free', async () => {
    const gateway = gatewayFor(...words(60));
    const { tookMs } = await gateway.ask(streamed, { leavesAfterMs: 2500 }, repeatable);
    expect(tookMs).toBeLessThan(4000);
    expect(gateway.entry().ending).toBe('client_abort');
    expect(keptIn(gateway).record.ending).toMatchObject({ kind: 'failed', isFinal: false });
  });

  it('has no numbers, and is the same again', async () => {
    const gateway = gatewayFor(...words(3));
    const { text: sent } = await gateway.ask(streamed, {}, repeatable);
    expect(sent).not.toMatch(/^id: /m);
    expect(keptIn(gateway).again()).toBe(sent.replaceAll(': ping\n\n', ''));
  });
});

describe('a run that is to be stopped', () => {
  it.each([
    ['while tokens come', words(200)],
    ['while nothing comes', [{ waitMs: 60_000 }, ...words(1)]],
  ] as const)('%s: ends within some seconds, with an error event, and is booked as cancelled', async (_, steps) => {
    const gateway = createGateway({
      script: [streamReply(...steps)],
      config: {
        upstreams: { small: { timeouts_ms: { first_event: 90_000 } } },
        routing: { streaming: { hold_status_ms: 500 } },
      },
    });
    let state: unknown;
    gateway.time.timers.once(5000, () => {
      const [name = ''] = gateway.kept.records.keys();
      void gateway.kept.cancel({ tenantId: 'key-1', id: name.split(' ')[1] ?? '' }, null).then((ended) => (state = ended));
    });
    const { text: sent, tookMs } = await gateway.ask(streamed, {}, resumable);
    expect(tookMs).toBeLessThan(10_000);
    expect(sent).toContain('stream_cancelled');
    expect(sent).not.toContain('[DONE]');
    expect(gateway.entry().ending).toBe('cancelled');
    await gateway.time.advance(1000);
    expect([state, keptIn(gateway).record.ending?.kind]).toEqual(['cancelled', 'cancelled']);
    expect(keptIn(gateway).again()).toBe(sent.replaceAll(': ping\n\n', ''));
  });
});

describe('a log that cannot be written', () => {
  const downFrom = (gateway: FakeGateway, atMs: number, untilMs = Number.POSITIVE_INFINITY) => {
    gateway.time.timers.once(atMs, () => (gateway.kept.isDown = true));
    if (Number.isFinite(untilMs)) gateway.time.timers.once(untilMs, () => (gateway.kept.isDown = false));
  };

  it('from the beginning: the request is refused, since nothing can be promised', async () => {
    const gateway = gatewayFor(...words(3));
    gateway.kept.isDown = true;
    expect((await gateway.ask(streamed, {}, resumable)).code).toBe('state_unavailable');
    expect(gateway.upstream.calls).toHaveLength(0);
  });

  it('for some seconds: nothing is lost, for the client or for those who read later', async () => {
    const gateway = gatewayFor(...words(20));
    downFrom(gateway, 3000, 9000);
    const { text: sent } = await gateway.ask(streamed, {}, resumable);
    expect(sent).toContain('[DONE]');
    expect(keptIn(gateway).again()).toBe(sent.replaceAll(': ping\n\n', ''));
  });

  it('for good: a resumable stream goes on for its client', async () => {
    const gateway = gatewayFor(...words(30));
    downFrom(gateway, 3000);
    const { text: sent } = await gateway.ask(streamed, {}, resumable);
    expect(sent).toContain('[DONE]');
    expect(gateway.entry().ending).toBe('ok');
  });

  it('for good: a run under an idempotency key stops before another may begin', async () => {
    const gateway = gatewayFor(...words(60));
    downFrom(gateway, 3000);
    const { text: sent, tookMs } = await gateway.ask(streamed, {}, repeatable);
    expect(sent).toContain('state_unavailable');
    expect(tookMs).toBeLessThan(3000 + leaseMs + 2000);
    expect(gateway.entry().ending).toBe('upstream_error');
    expect(gateway.upstream.calls[0]?.end).toMatch(/aborted|cancelled/);
  });
});

describe('a run that was given up', () => {
  const takenAfter = (gateway: FakeGateway, atMs: number) =>
    gateway.time.timers.once(atMs, () => {
      for (const kept of gateway.kept.records.values())
        kept.record = { ...kept.record, opening: { ...kept.record.opening, writerId: 'another' } };
    });

  it('under an idempotency key stops at its next word', async () => {
    const gateway = gatewayFor(...words(60));
    takenAfter(gateway, 3200);
    const { text: sent, tookMs } = await gateway.ask(streamed, {}, repeatable);
    expect(tookMs).toBeLessThan(7000);
    expect(sent).toContain('state_unavailable');
  });

  it('and is only resumable goes on for its client', async () => {
    const gateway = gatewayFor(...words(10));
    takenAfter(gateway, 3200);
    expect((await gateway.ask(streamed, {}, resumable)).text).toContain('[DONE]');
  });
});

describe('an answer that is longer than is kept', () => {
  it('goes on for its client, and its log is gone', async () => {
    const long = Array.from({ length: 6 }, (_, index) => [text(`${index}`.repeat(200_000)), { waitMs: 1000 }]).flat();
    const gateway = createGateway({
      script: [streamReply(role, ...long, stop, done)],
      config: {
        limits: { max_answer_bytes: 5_000_000, max_event_bytes: 1_000_000 },
        routing: { runaway_guard: { enabled: false } },
      },
    });
    const { text: sent } = await gateway.ask(streamed, {}, resumable);
    expect(sent).toContain('[DONE]');
    expect(sent.length).toBeGreaterThan(1_200_000);
    expect(keptIn(gateway).record).toMatchObject({ isTooLong: true, bytes: 0, ending: { kind: 'complete' } });
    expect(gateway.entry().ending).toBe('ok');
  });
});
