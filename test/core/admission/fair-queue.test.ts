import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type AdmissionConfig, emptyAdmission, enter, leave } from '../../../worker/core/admission/admission.ts';
import {
  emptyQueue,
  type FairQueue,
  join,
  positionOf,
  takeNext,
  type Ticket,
} from '../../../worker/core/admission/fair-queue.ts';

function ticket(ticketId: string, keyId: string, weight = 1, priority = 1): Ticket {
  return { ticketId, isolateId: 'i1', keyId, weight, priority };
}

const queueOf = (tickets: readonly Ticket[]) => tickets.reduce((queue, one) => join(queue, one, 0), emptyQueue);

function order(from: FairQueue): string[] {
  const ids: string[] = [];
  for (let taken = takeNext(from); taken !== null; taken = takeNext(taken.queue)) ids.push(taken.ticket.ticketId);
  return ids;
}

describe('who is next', () => {
  it.each([
    ['in order of arrival for one key', [ticket('a', 'x'), ticket('b', 'x'), ticket('c', 'x')], 'a b c'],
    [
      'in turn for keys of equal weight',
      [ticket('a', 'x'), ticket('b', 'x'), ticket('c', 'x'), ticket('d', 'y'), ticket('e', 'y')],
      'a d b e c',
    ],
    [
      'two to one for twice the weight',
      [...'abcd'].map((id) => ticket(id, 'x', 2)).concat([...'pq'].map((id) => ticket(id, 'y'))),
      'a p b c q d',
    ],
    ['the more urgent class first', [ticket('a', 'x'), ticket('b', 'y', 1, 0), ticket('c', 'x', 1, 2)], 'b a c'],
  ] as const)('%s', (_, tickets, expected) => {
    expect(order(queueOf(tickets)).join(' ')).toBe(expected);
  });

  it('does not make a key pay for tickets that gave up waiting', () => {
    let queue = queueOf([ticket('a', 'x'), ticket('b', 'x'), ticket('c', 'x'), ticket('d', 'y'), ticket('e', 'y')]);
    queue = { ...queue, waiting: queue.waiting.filter(({ ticketId }) => ticketId !== 'a' && ticketId !== 'b') };
    expect(order(queue)[0]).toBe('c');
  });

  it('gives a key that was away no credit for it', () => {
    let queue = queueOf(Array.from({ length: 20 }, (_, index) => ticket(`x${index}`, 'x')));
    for (let served = 0; served < 10; served += 1) queue = takeNext(queue)?.queue ?? queue;
    queue = ['y0', 'y1', 'y2'].reduce((grown, id) => join(grown, ticket(id, 'y'), 0), queue);
    expect(order(queue).slice(0, 6)).toEqual(['y0', 'x10', 'y1', 'x11', 'y2', 'x12']);
  });

  it('tells a position within two of the turn', () => {
    const keys = fc.array(fc.constantFrom('x', 'y', 'z'), { minLength: 1, maxLength: 15 });
    const property = fc.property(keys, (list) => {
      const queue = queueOf(list.map((keyId, index) => ticket(`t${index}`, keyId)));
      const turns = order(queue);
      for (const { ticketId } of queue.waiting) {
        const turn = turns.indexOf(ticketId) + 1;
        expect(Math.abs(positionOf(queue, ticketId) - turn)).toBeLessThanOrEqual(2);
      }
    });
    fc.assert(property);
    expect(positionOf(emptyQueue, 'nobody')).toBe(0);
  });
});

describe('shares over a long run', () => {
  const lines: string[] = [];
  afterAll(() => console.log(['share of grants against share of weights', ...lines].join('\n')));

  /** Every key keeps the room crowded; the oldest in flight leaves each 10 ms. Returns grants by key. */
  function serve(keys: readonly { keyId: string; weight: number; everyMs: number }[], totalMs: number) {
    const config: AdmissionConfig = { cap: 4, maxWaiting: 12, maxWaitMs: 5000, leaseMs: 1e9 };
    const served = new Map<string, number>();
    let state = emptyAdmission;
    let next = 0;
    for (let nowMs = 0; nowMs < totalMs; nowMs += 5) {
      for (const { keyId, weight, everyMs } of keys) {
        if (nowMs % everyMs !== 0) continue;
        next += 1;
        state = enter(state, ticket(`${keyId}:${next}`, keyId, weight), nowMs, config).state;
      }
      const oldest = Object.keys(state.inFlight)[0];
      if (nowMs % 10 !== 0 || oldest === undefined) continue;
      const left = leave(state, oldest, nowMs, config);
      state = left.state;
      for (const { ticketId } of left.effects.granted) {
        const keyId = ticketId.split(':')[0] ?? '';
        served.set(keyId, (served.get(keyId) ?? 0) + 1);
      }
    }
    return served;
  }

  it.each([
    [
      'equal weights, one key asks three times as often',
      [
        { keyId: 'x', weight: 1, everyMs: 5 },
        { keyId: 'y', weight: 1, everyMs: 10 },
        { keyId: 'z', weight: 1, everyMs: 15 },
      ],
    ],
    [
      'weights 1, 2 and 4',
      [
        { keyId: 'x', weight: 1, everyMs: 5 },
        { keyId: 'y', weight: 2, everyMs: 5 },
        { keyId: 'z', weight: 4, everyMs: 5 },
      ],
    ],
    [
      'weights 1 and 9',
      [
        { keyId: 'x', weight: 1, everyMs: 5 },
        { keyId: 'z', weight: 9, everyMs: 5 },
      ],
    ],
  ] as const)('%s: within 10 %% of the weights', (name, keys) => {
    const served = serve(keys, 60_000);
    const total = [...served.values()].reduce((sum, count) => sum + count, 0);
    const weights = keys.reduce((sum, { weight }) => sum + weight, 0);
    expect(total).toBeGreaterThan(5500);
    const shares = keys.map(({ keyId, weight }) => (served.get(keyId) ?? 0) / total / (weight / weights));
    lines.push(`  ${name}: ${shares.map((share) => share.toFixed(3)).join(', ')}`);
    for (const share of shares) expect(Math.abs(share - 1)).toBeLessThanOrEqual(0.1);
  });

  it('leaves what a modest key does not use to the others', () => {
    const served = serve(
      [
        { keyId: 'modest', weight: 1, everyMs: 100 },
        { keyId: 'greedy', weight: 1, everyMs: 5 },
      ],
      30_000,
    );
    expect(served.get('modest')).toBeGreaterThanOrEqual(295);
    expect(served.get('greedy')).toBeGreaterThanOrEqual(2650);
  });
});
