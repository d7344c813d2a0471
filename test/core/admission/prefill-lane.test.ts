import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyLane,
  enterLane,
  leaveLane,
  nextSweepAtMs,
  type PrefillConfig,
  type PrefillState,
  type PrefillTicket,
  sweepLane,
  tokensPerMs,
  tokensReading,
} from '../../../worker/core/admission/prefill-lane.ts';

const config: PrefillConfig = { maxTokens: 10_000, maxWaitMs: 30_000, tokensPerSecond: 1000 };

const ticket = (ticketId: string, cost: number, keyId = 'key', weight = 1): PrefillTicket => {
  return { ticketId, isolateId: 'isolate', keyId, weight, priority: 1, cost, holdMs: 60_000 };
};

/** Enters one after the other at the time 0, and says what each heard. */
function entered(...tickets: readonly PrefillTicket[]): { state: PrefillState; entries: string[] } {
  let state = emptyLane();
  const entries = tickets.map((one) => {
    const stepped = enterLane(state, one, 0, config);
    state = stepped.state;
    return stepped.entry.kind === 'queued' ? `queued ${stepped.entry.position}` : stepped.entry.kind;
  });
  return { state, entries };
}

describe('long prompts', () => {
  it.each<[what: string, lengths: number[], heard: string[]]>([
    ['are read at the same time while their tokens fit', [4000, 6000], ['admitted', 'admitted']],
    ['wait in their order where they do not', [8000, 4000, 5000], ['admitted', 'queued 1', 'queued 2']],
    ['that are longer than the bound are read, alone', [30_000, 5000], ['admitted', 'queued 1']],
    ['that would fit are not let past one that waits', [8000, 4000, 1000], ['admitted', 'queued 1', 'queued 2']],
    ['are refused where the wait would be too long', [30_000, 5000, 5000], ['admitted', 'queued 1', 'rejected']],
  ])('%s', (_, lengths, heard) => {
    expect(entered(...lengths.map((tokens, at) => ticket(`t${at}`, tokens))).entries).toEqual(heard);
  });

  it.each([true, false])('make room when they are read, and when their call has ended without an answer (read: %s)', (isRead) => {
    const { state } = entered(ticket('first', 8000), ticket('second', 8000));
    const { effects } = leaveLane(state, 'first', isRead, 8000, config);
    expect(effects.granted).toEqual(['second']);
  });

  it('give a seat up that they had in the queue', () => {
    const { state } = entered(ticket('first', 8000), ticket('second', 8000), ticket('third', 2000));
    const left = leaveLane(state, 'second', false, 10, config);
    // With the second gone the third fits beside the first.
    expect(left.effects.granted).toEqual(['third']);
  });

  it('that are entered twice are counted once', () => {
    const { state, entries } = entered(ticket('t', 8000), ticket('t', 8000), ticket('u', 8000), ticket('u', 8000));
    expect([entries, tokensReading(state)]).toEqual([['admitted', 'admitted', 'queued 1', 'queued 1'], 8000]);
  });

  it('of an isolate that died come back when their time is over', () => {
    const { state } = entered(ticket('dead', 8000), ticket('next', 8000));
    const dueAtMs = Math.min(nextSweepAtMs(state, config), 31_000);
    expect(dueAtMs).toBe(31_000);
    const late = { ...config, maxWaitMs: 100_000 };
    expect(sweepLane(state, 59_999, late).effects.granted).toEqual([]);
    expect(sweepLane(state, 60_000, late).effects.granted).toEqual(['next']);
  });

  it('that waited too long are told when to come back', () => {
    const { state } = entered(ticket('slow', 8000), ticket('next', 8000));
    const { effects } = sweepLane(state, 31_000, config);
    expect(effects.refused).toEqual([{ ticketId: 'next', retryAfterMs: expect.any(Number) }]);
  });
});

describe('keys share the lane', () => {
  it('by tokens, not by requests', () => {
    const of = (key: string, tokens: number, count: number) =>
      Array.from({ length: count }, (_, at) => ticket(`${key}${at}`, tokens, key));
    const roomy = { ...config, maxWaitMs: 1_000_000 };
    let { state } = enterLane(emptyLane(), ticket('first', 10_000), 0, roomy);
    for (const one of [...of('big', 8000, 4), ...of('small', 4000, 8)]) state = enterLane(state, one, 0, roomy).state;
    const order: string[] = [];
    for (let next: string | undefined = 'first'; next !== undefined;) {
      const left: ReturnType<typeof leaveLane> = leaveLane(state, next, true, 0, roomy);
      state = left.state;
      order.push(...left.effects.granted);
      next = Object.keys(state.reading)[0];
    }
    // Of the first 32,000 tokens each key has half.
    const firsts = order.slice(0, 6);
    expect([firsts.filter((id) => id.startsWith('big')).length, firsts.filter((id) => id.startsWith('small')).length]).toEqual([
      2, 4,
    ]);
  });

  it('also when the lane is full: one that waits for less gets a seat of one that waits for more', () => {
    const { state, entries } = entered(
      ticket('a1', 10_000, 'a'),
      ticket('a2', 10_000, 'a'),
      ticket('a3', 10_000, 'a'),
      ticket('a4', 10_000, 'a'),
    );
    expect(entries.at(-1)).toBe('queued 3');
    const stepped = enterLane(state, ticket('b', 5000, 'b'), 0, config);
    expect(stepped.entry.kind).toBe('queued');
    expect(stepped.effects.refused).toEqual([{ ticketId: 'a4', retryAfterMs: 40_000 }]);
  });
});

describe('waits', () => {
  it('are computed from the configured speed as long as nothing was read', () => {
    const { state } = entered(ticket('a', 10_000), ticket('b', 20_000), ticket('c', 10_000));
    const stepped = enterLane(state, ticket('d', 5000), 0, config);
    expect(stepped.entry).toEqual({ kind: 'rejected', retryAfterMs: 40_000 });
  });

  it('follow what was measured', () => {
    let state = emptyLane();
    for (let at = 0; at < 20; at += 1) {
      state = enterLane(state, ticket(`t${at}`, 10_000), at * 10_000, config).state;
      // Four times as fast as configured.
      state = leaveLane(state, `t${at}`, true, at * 10_000 + 2500, config).state;
    }
    expect(tokensPerMs(state, config)).toBeGreaterThan(3);
    expect(tokensPerMs(state, config)).toBeLessThan(4.1);
  });

  it('count the time of prompts that were read together once', () => {
    let { state } = entered(ticket('a', 5000), ticket('b', 5000));
    state = leaveLane(state, 'a', true, 4990, config).state;
    state = leaveLane(state, 'b', true, 5000, config).state;
    expect(state.readMs).toBeLessThan(5001);
    expect(state.readTokens).toBeGreaterThan(8000);
  });

  it('get shorter while a prompt is being read', () => {
    const { state } = entered(ticket('a', 30_000), ticket('b', 5000));
    const after = (nowMs: number) => enterLane(state, ticket('c', 5000), nowMs, { ...config, maxWaitMs: 0 }).entry;
    expect(after(0)).toMatchObject({ retryAfterMs: 35_000 });
    expect(after(900)).toMatchObject({ retryAfterMs: 34_100 });
  });
});

it('never reads more than the bound but one longer prompt alone, keeps each key in its order, and serves everybody in the end', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('enter' as const),
      tokens: fc.integer({ min: 1, max: 25_000 }),
      key: fc.constantFrom('a', 'b', 'c'),
    }),
    fc.record({ kind: fc.constantFrom('read' as const, 'abort' as const, 'leave' as const), pick: fc.nat() }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 5000 }) }),
  );
  const patient = { ...config, maxWaitMs: 10_000_000 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let [state, nowMs, number] = [emptyLane(), 0, 0];
      const servedOf = new Map<string, number[]>();
      const serve = (ids: readonly string[]): void => {
        for (const id of ids) {
          const [key = '', at = '0'] = id.split(':');
          servedOf.set(key, [...(servedOf.get(key) ?? []), Number(at)]);
        }
      };
      const check = (): void => {
        const held = Object.keys(state.reading).length;
        expect(tokensReading(state) <= config.maxTokens || held === 1).toBe(true);
        expect(held > 0 || state.queue.waiting.length === 0).toBe(true);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      };
      const end = (id: string | undefined, isRead: boolean): void => {
        if (id === undefined) return;
        const left = leaveLane(state, id, isRead, nowMs, patient);
        state = left.state;
        serve(left.effects.granted);
      };
      for (const one of steps) {
        if (one.kind === 'enter') {
          const id = `${one.key}:${(number += 1)}`;
          const stepped = enterLane(state, { ...ticket(id, one.tokens, one.key), holdMs: 10_000_000 }, nowMs, patient);
          state = stepped.state;
          serve([...stepped.effects.granted, ...(stepped.entry.kind === 'admitted' ? [id] : [])]);
        } else if (one.kind === 'wait') nowMs += one.ms;
        else if (one.kind === 'leave')
          end(state.queue.waiting[one.pick % Math.max(1, state.queue.waiting.length)]?.ticketId, false);
        else end(Object.keys(state.reading)[one.pick % Math.max(1, Object.keys(state.reading).length)], one.kind === 'read');
        check();
      }
      while (Object.keys(state.reading).length > 0) end(Object.keys(state.reading)[0], true);
      expect(state.queue.waiting).toEqual([]);
      for (const order of servedOf.values()) expect(order).toEqual(order.toSorted((a, b) => a - b));
    }),
  );
});
