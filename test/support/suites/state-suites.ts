/**
 * What every port to the gateway's state does, whatever is behind it: the fakes of the pipeline's tests, and the clients with their Durable
 * Objects in workerd. The pipeline's tests prove as much as their fakes are like the real ones, so both run these.
 */
import { expect, it } from 'vitest';
import type { LedgerEntry } from '../../../shared/records.ts';
import type { AttemptReport } from '../../../worker/core/health/health-event.ts';
import type { InstanceSnapshot } from '../../../worker/core/health/snapshot.ts';
import type {
  AdmissionPort,
  Background,
  HealthPort,
  LedgerPort,
  PlaceRequest,
  Waiter,
  SessionPort,
} from '../../../worker/core/ports.ts';
import type { SessionMemory } from '../../../worker/core/route/session.ts';

/** The port of one isolate, and its background work. */
export interface Isolate<Port> {
  readonly port: Port;
  readonly background: Background;
  /** All background work so far is done. */
  settled(): Promise<void>;
}

/** Collects background work. */
export function isolateOf<Port>(port: Port): Isolate<Port> {
  const works: Promise<unknown>[] = [];
  return {
    port,
    background: (work) => void works.push(work),
    async settled() {
      for (const work of works) await work;
    },
  };
}

const small = { modelId: 'qwen2.5-7b', upstreamId: 'small' };
const smallKey = 'qwen2.5-7b@small';

/** @param open an isolate on fresh state, with the shipped configuration @param now its time */
export function healthSuite(open: () => Isolate<HealthPort>, now: () => number): void {
  const failure = (change: Partial<AttemptReport> = {}): AttemptReport =>
    ({
      ...small,
      startedAtMs: now(),
      count: 1,
      kind: 'failure',
      cause: 'server_error',
      retryAfterMs: null,
      ...change,
    }) as AttemptReport;
  const success: () => AttemptReport = () => ({ ...small, startedAtMs: now(), count: 1, kind: 'success' });
  const after = async (...reports: readonly AttemptReport[]) => {
    const { port, background, settled } = open();
    await port.snapshot(background);
    for (const report of reports) port.report(report, background);
    const own = await port.snapshot(background);
    await settled();
    return { own, all: await port.read() };
  };
  const five = () => Array.from({ length: 5 }, () => failure());

  it.each<[string, () => readonly AttemptReport[], Partial<InstanceSnapshot>]>([
    ['up before anything was reported', () => [], { status: 'up', consecutiveFailures: 0 }],
    ['up after failures that are too few', () => five().slice(1), { status: 'up', consecutiveFailures: 4 }],
    ['down after failures in a row', five, { status: 'down' }],
    [
      'up where a success came between them',
      () => [...five().slice(1), success(), failure()],
      { status: 'up', consecutiveFailures: 1 },
    ],
    [
      'throttled for as long as it asked for',
      () => [failure({ cause: 'rate_limited', retryAfterMs: 5000 })],
      { status: 'throttled' },
    ],
    ['missing after one call that did not find it', () => [failure({ cause: 'model_missing' })], { status: 'missing' }],
  ])('a model is %s, for the isolate at once and for all others', async (_, reports, expected) => {
    const { own, all } = await after(...reports());
    expect(own.instances[smallKey]).toMatchObject(expected);
    expect(all.instances[smallKey]).toMatchObject(expected);
  });

  it('a model that is not configured stays unknown', async () => {
    const { all } = await after(failure({ modelId: 'gpt-17' }));
    expect(Object.keys(all.instances)).toEqual([smallKey, 'qwen2.5-32b@large']);
  });
}

export interface LedgerCounts {
  readonly requests: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly replays: number;
}

export function ledgerSuite(open: () => Isolate<LedgerPort> & { counted(): Promise<LedgerCounts> }, entry: LedgerEntry): void {
  it('counts every ending, refusal and replay once', async () => {
    const { port, background, settled, counted } = open();
    for (const requestId of ['r-1', 'r-2', 'r-3']) port.record({ ...entry, requestId }, background);
    port.refuse('invalid_json', background);
    port.refuse('rate_limit_exceeded', background);
    port.refuse('invalid_json', background);
    port.replay('key', 'an-agent', background);
    await settled();
    expect(await counted()).toEqual({ requests: 3, refusals: { invalid_json: 2, rate_limit_exceeded: 1 }, replays: 1 });
  });
}

export interface Queue extends Isolate<AdmissionPort> {
  /** Lets the next one in. */
  free(): Promise<unknown>;
}

/** @param open places as they are for a request that comes now */
export function admissionSuite(open: (places: 'free' | 'taken' | 'full') => Promise<Queue>): void {
  const request: PlaceRequest = { modelId: 'qwen2.5-32b', keyId: 'key', weight: 1, priority: 1, isCalm: false };
  const enter = async (places: 'free' | 'taken' | 'full', onQueued?: (queue: Queue, leaving: AbortController) => void) => {
    const queue = await open(places);
    const leaving = new AbortController();
    const positions: number[] = [];
    const waiter: Waiter = {
      wait: () => ({ ticketId: 't', signal: leaving.signal }),
      onQueued(position) {
        positions.push(position);
        onQueued?.(queue, leaving);
      },
    };
    const place = await queue.port.enter(request, waiter, queue.background);
    await queue.settled();
    return { place, positions };
  };

  it('gives a free place without a wait', async () => {
    const { place, positions } = await enter('free');
    expect([place.ok, positions]).toEqual([true, []]);
  });

  it('tells a request that has to wait its position, and gives it the place that becomes free', async () => {
    const { place, positions } = await enter('taken', (queue) => void queue.free());
    expect([place.ok, positions.length]).toEqual([true, 1]);
    expect(positions[0]).toBeGreaterThanOrEqual(1);
  });

  it('gives no place to a request that has left the queue', async () => {
    const { place } = await enter('taken', (_, leaving) => leaving.abort());
    expect(place.ok).toBe(false);
  });

  it('refuses where the queue is full, and says when to come back', async () => {
    const { place } = await enter('full');
    expect(place).toMatchObject({ ok: false, failure: { code: 'queue_full', retryAfterMs: expect.any(Number) } });
  });
}

/** @param open an isolate on state that is fresh the first time */
export function sessionSuite(open: () => Isolate<SessionPort>): void {
  const large: SessionMemory = { modelId: 'qwen2.5-32b', tier: 'large', isEscalated: true };
  const arm = { keyId: 'key', modelId: 'qwen2.5-7b', arm: 'trial:small' };

  it('knows nothing of a conversation that is new', async () => {
    expect(await open().port.get('new')).toBeNull();
  });

  it.each(['put', 'putAfter'] as const)('gives back, here and elsewhere, what was kept by %s last', async (put) => {
    const { port, background, settled } = open();
    port[put](put, { ...large, tier: 'small' }, background);
    await settled();
    port[put](put, large, background);
    await settled();
    expect(await port.get(put)).toEqual(large);
    expect(await open().port.get(put)).toEqual(large);
  });

  it('keeps nothing for a conversation that is not worth a memory', async () => {
    const { port, background, settled } = open();
    port.putAfter('none', null, background);
    await settled();
    expect(await port.get('none')).toBeNull();
    expect(await open().port.get('none')).toBeNull();
  });

  it('rates an answer of an experiment once per rating, and only for its own key', async () => {
    const { port, background, settled } = open();
    port.putArm('r-1', arm, background);
    await settled();
    expect(await port.rateArm('other-key', 'r-1', 1, 'a')).toBeNull();
    expect(await port.rateArm('key', 'r-2', 1, 'a')).toBeNull();
    expect(await port.rateArm('key', 'r-1', 0.2, 'a')).toMatchObject({ ...arm, before: null });
    expect(await port.rateArm('key', 'r-1', 0.2, 'a')).toMatchObject({ before: null });
    expect(await port.rateArm('key', 'r-1', 0.9, 'b')).toMatchObject({ before: 0.2 });
  });
}
