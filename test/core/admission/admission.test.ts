import { describe, expect, it } from 'vitest';
import {
  type AdmissionConfig,
  type AdmissionState,
  admissionConfig,
  type Effects,
  emptyAdmission,
  enter,
  expire,
  leave,
  nextExpiryAtMs,
  occupancyOf,
  placesHeld,
  renew,
} from '../../../worker/core/admission/admission.ts';
import type { Ticket } from '../../../worker/core/admission/fair-queue.ts';

const config: AdmissionConfig = { cap: 2, maxWaiting: 3, maxWaitMs: 5000, leaseMs: 30_000 };

function ticket(ticketId: string, change: Partial<Ticket> = {}): Ticket {
  return { ticketId, isolateId: 'i1', keyId: ticketId, weight: 1, priority: 1, ...change };
}

/** Lets tickets in one after the other at 0 and gathers what they were told. */
function fill(tickets: readonly Ticket[], from: AdmissionState = emptyAdmission, nowMs = 0, rules = config) {
  let state = from;
  const entries: string[] = [];
  const refused: string[] = [];
  for (const one of tickets) {
    const entered = enter(state, one, nowMs, rules);
    state = entered.state;
    const { entry } = entered;
    entries.push(entry.kind === 'queued' ? `queued ${entry.position}` : entry.kind);
    refused.push(...entered.effects.refused.map(({ ticketId, why }) => `${ticketId} ${why}`));
  }
  return { state, entries, refused };
}

const granted = (effects: Effects) => effects.granted.map(({ ticketId }) => ticketId);

describe('how full a model is', () => {
  it('counts places in blocks and in calls, and who waits; what has run out no more', () => {
    const { state } = renew(emptyAdmission, { isolateId: 'i2', sequence: 1, want: 1 }, 0, config);
    const full = fill(
      ['a', 'b', 'c'].map((id) => ticket(id)),
      state,
    ).state;
    expect(occupancyOf(full, 4999, config)).toEqual({ inUse: 2, queued: 2 });
    expect(occupancyOf(full, 5000, config)).toEqual({ inUse: 2, queued: 0 });
    expect(occupancyOf(full, config.leaseMs, config)).toEqual({ inUse: 0, queued: 0 });
  });
});

describe('entering', () => {
  it('gives places up to the cap, then seats up to the bound, then refuses with a time', () => {
    const { state, entries } = fill(['a', 'b', 'c', 'd', 'e'].map((id) => ticket(id)));
    expect(entries).toEqual(['admitted', 'admitted', 'queued 1', 'queued 2', 'queued 3']);
    const refused = enter(state, ticket('f'), 0, config).entry;
    expect(refused).toEqual({ kind: 'rejected', retryAfterMs: 2000 });
  });

  it('changes nothing for a ticket that comes again', () => {
    const { state } = fill(['a', 'b', 'c'].map((id) => ticket(id)));
    for (const id of ['a', 'c']) {
      const again = enter(state, ticket(id), 100, config);
      expect(again.state).toEqual(state);
      expect(again.entry.kind).toBe(id === 'a' ? 'admitted' : 'queued');
    }
  });

  it('reads its bounds from the configuration', () => {
    expect(admissionConfig({ max_in_flight: 5 }, { queue_ratio: 1.5, max_wait_ms: 4000 })).toEqual({
      cap: 5,
      maxWaiting: 7,
      maxWaitMs: 4000,
      leaseMs: 30_000,
    });
  });

  it.each([
    ['takes no seat away for one more of the same key', ['x', 'x', 'x'], ticket('new', { keyId: 'x' }), 'rejected', []],
    [
      'lets a key without a seat displace the newest of the key with most',
      ['x', 'x', 'x'],
      ticket('new', { keyId: 'y' }),
      'queued 2',
      ['w2 displaced'],
    ],
    [
      'takes no seat from keys that have no more than the newcomer would',
      ['x', 'y', 'z'],
      ticket('new', { keyId: 'v' }),
      'rejected',
      [],
    ],
    ['counts seats by weight', ['x', 'x', 'y'], ticket('new', { keyId: 'y', weight: 4 }), 'queued 2', ['w1 displaced']],
    [
      'lets a more urgent class displace a less urgent one',
      ['x', 'y', 'z'],
      ticket('new', { keyId: 'x', priority: 0 }),
      'queued 1',
      ['w0 displaced'],
    ],
    [
      'does not let a less urgent class displace a more urgent one',
      ['x', 'x', 'x'],
      ticket('new', { keyId: 'y', priority: 2 }),
      'rejected',
      [],
    ],
  ] as const)('when the room is full, %s', (_, keys, newcomer, expected, displaced) => {
    const seats = keys.map((keyId, index) =>
      ticket(`w${index}`, { keyId, weight: keyId === newcomer.keyId && newcomer.weight !== 1 ? newcomer.weight : 1 }),
    );
    const { entries, refused, state } = fill([ticket('a'), ticket('b'), ...seats, newcomer]);
    expect(entries.at(-1)).toBe(expected);
    expect(refused).toEqual(displaced);
    expect(state.queue.waiting.length).toBe(3);
  });
});

describe('leaving', () => {
  const { state: full } = fill(['a', 'b', 'c', 'd'].map((id) => ticket(id)));

  it.each([
    ['a place goes to the next in line', 'a', ['c']],
    ['a seat that is given up frees no place', 'c', []],
    ['a ticket that nobody knows changes nothing', 'stranger', []],
  ] as const)('%s', (_, id, expected) => {
    const left = leave(full, id, 100, config);
    expect(granted(left.effects)).toEqual(expected);
    expect(placesHeld(left.state)).toBe(2);
  });

  it('makes Retry-After longer when places are held longer, within 1 to 30 s', () => {
    const after = (heldMs: number) => {
      let state = emptyAdmission;
      for (let round = 0; round < 60; round += 1)
        state = leave(enter(state, ticket('t'), 0, config).state, 't', heldMs, config).state;
      const { entry } = enter({ ...fill([ticket('e')], full).state, meanHoldMs: state.meanHoldMs }, ticket('f'), 0, config);
      return entry.kind === 'rejected' ? Math.round(entry.retryAfterMs / 1000) : entry.kind;
    };
    expect([0, 2000, 10_000, 1_000_000].map(after)).toEqual([1, 4, 20, 30]);
  });
});

describe('time', () => {
  it('sends those who waited too long away, and only them', () => {
    const { state } = fill(['a', 'b', 'c'].map((id) => ticket(id)));
    const later = fill([ticket('d')], state, 2000).state;
    expect(expire(later, 4999, config).effects).toEqual({ granted: [], refused: [] });
    const swept = expire(later, 5000, config);
    expect(swept.effects.refused.map(({ ticketId, why }) => [ticketId, why])).toEqual([['c', 'timed_out']]);
    expect(swept.state.queue.waiting.map(({ ticketId }) => ticketId)).toEqual(['d']);
  });

  it('takes the places of an isolate that is not heard of back, and hands them on', () => {
    const { state } = fill([ticket('a', { isolateId: 'dead' }), ticket('b', { isolateId: 'alive' })]);
    const renewed = renew(state, { isolateId: 'alive', sequence: 1, want: 0 }, 20_000, config).state;
    const waiting = fill([ticket('c')], renewed, 29_999).state;
    expect(granted(expire(waiting, 29_999, config).effects)).toEqual([]);
    expect(granted(expire(waiting, 30_000, config).effects)).toEqual(['c']);
    expect(Object.keys(expire(waiting, 30_000, config).state.inFlight).toSorted()).toEqual(['b', 'c']);
  });

  it('names the moment of the next expiry', () => {
    const { state } = fill(['a', 'b'].map((id) => ticket(id)));
    expect(nextExpiryAtMs(emptyAdmission, config)).toBe(Infinity);
    expect(nextExpiryAtMs(state, config)).toBe(30_000);
    expect(nextExpiryAtMs(fill([ticket('c')], state, 1000).state, config)).toBe(6000);
  });
});

describe('blocks', () => {
  const wide: AdmissionConfig = { ...config, cap: 8, maxWaiting: 16 };
  const ask = (state: AdmissionState, isolateId: string, sequence: number, want: number, nowMs = 0) =>
    renew(state, { isolateId, sequence, want }, nowMs, wide);

  it('grow by at most half of what is free, so that others find something, too', () => {
    const first = ask(emptyAdmission, 'i1', 1, 8);
    const second = ask(first.state, 'i2', 1, 8);
    expect([first.answer.places, second.answer.places]).toEqual([4, 2]);
    expect(placesHeld(second.state)).toBe(6);
  });

  it('do not grow while somebody waits, but keep what is asked for', () => {
    const held = ask(emptyAdmission, 'i1', 1, 4).state;
    const { state } = fill(
      ['a', 'b', 'c', 'd', 'e'].map((id) => ticket(id)),
      held,
      0,
      wide,
    );
    expect(ask(state, 'i1', 2, 6).answer).toEqual({ sequence: 2, places: 4, isContended: true, part: 1 });
    expect(ask(state, 'i2', 1, 3).answer).toEqual({ sequence: 1, places: 0, isContended: true, part: 1 });
  });

  it('that shrink serve those who wait at once', () => {
    const held = ask(emptyAdmission, 'i1', 1, 4).state;
    const { state } = fill(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ticket(id)),
      held,
      0,
      wide,
    );
    const shrunk = ask(state, 'i1', 2, 2);
    expect(granted(shrunk.effects)).toEqual(['e', 'f']);
    expect(shrunk.answer).toEqual({ sequence: 2, places: 2, isContended: false, part: 1 });
    expect(placesHeld(shrunk.state)).toBe(8);
  });

  it('come back when their isolate is lost', () => {
    const held = ask(emptyAdmission, 'i1', 1, 8).state;
    expect(placesHeld(expire(held, 29_999, wide).state)).toBe(4);
    expect(placesHeld(expire(held, 30_000, wide).state)).toBe(0);
  });

  it('ignore a renewal that was overtaken by a newer one', () => {
    const { state } = ask(emptyAdmission, 'i1', 2, 4);
    const late = ask(state, 'i1', 1, 0);
    expect(late.answer.places).toBe(0);
    expect(placesHeld(late.state)).toBe(4);
  });
});
