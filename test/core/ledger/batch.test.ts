import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addEntry,
  addRefusal,
  confirmBatch,
  createBatcher,
  failBatch,
  flushWhenDue,
  hasUnsent,
  maxPending,
  type Batch,
  type BatcherState,
  type BatcherStep,
} from '../../../worker/core/ledger/batch.ts';
import { bookBatch, emptyLedger, resetTotal, type LedgerState } from '../../../worker/core/ledger/seen.ts';
import { plainEntry } from './entry.ts';

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** Adds entries at one moment; the last flush given out, if any. */
function addMany(state: BatcherState, count: number, nowMs: number): { state: BatcherState; flushes: Batch[] } {
  const flushes: Batch[] = [];
  for (let index = 0; index < count; index += 1) {
    const step = addEntry(state, plainEntry, nowMs);
    state = step.state;
    if (step.flush !== null) flushes.push(step.flush);
  }
  return { state, flushes };
}

describe('the batcher', () => {
  it('flushes when it is full', () => {
    const { state, flushes } = addMany(createBatcher('a'), maxPending, 1000);
    expect(flushes.map(({ sequence, delta }) => [sequence, delta.totals.requests])).toEqual([[1, maxPending]]);
    expect(hasUnsent(state)).toBe(true);
    expect(hasUnsent(confirmBatch(state, 1, 1010).state)).toBe(false);
  });

  it('flushes half a second after the first entry, not before', () => {
    const { state, flushes } = addMany(createBatcher('a'), 3, 1000);
    expect(flushes).toEqual([]);
    expect(flushWhenDue(state, 1499).flush).toBeNull();
    expect(flushWhenDue(state, 1500).flush?.delta.totals.requests).toBe(3);
  });

  it('has nothing to flush when nothing came', () => {
    expect(flushWhenDue(createBatcher('a'), 1e9).flush).toBeNull();
    expect(hasUnsent(createBatcher('a'))).toBe(false);
  });

  it('keeps everything that comes while a batch is under way for the next one, without bound on how much or how long', () => {
    const sent = addMany(createBatcher('a'), maxPending, 1000).state;
    const waiting = addMany(sent, 1234, 1100);
    expect(waiting.flushes).toEqual([]);
    expect(waiting.state.pending.length).toBeLessThan(maxPending);
    const next = confirmBatch(waiting.state, 1, 1200);
    expect([next.flush?.sequence, next.flush?.delta.totals.requests]).toEqual([2, 1234]);
  });

  it('sends the same batch again after a failure, and after 5 s of silence', () => {
    const { state, flushes } = addMany(createBatcher('a'), maxPending, 1000);
    expect(flushWhenDue(state, 5999).flush).toBeNull();
    expect(flushWhenDue(state, 6000).flush).toEqual(flushes[0]);
    expect(flushWhenDue(failBatch(state, 1), 1001).flush).toEqual(flushes[0]);
  });

  it('ignores answers about batches that are not under way', () => {
    const { state } = addMany(createBatcher('a'), maxPending, 1000);
    expect(confirmBatch(state, 7, 1001)).toEqual({ state, flush: null });
    expect(failBatch(state, 7)).toBe(state);
  });

  it('counts refusals', () => {
    const { state } = addRefusal(createBatcher('a'), 'rate_limit_exceeded', 1000);
    expect(flushWhenDue(state, 1500).flush?.delta.refusals).toEqual([['rate_limit_exceeded', 1]]);
  });

  it('dates its batches in strictly increasing order even when the clock stands or steps back', () => {
    const dates: number[] = [];
    let state = createBatcher('a');
    for (const nowMs of [1000, 1000, 500, 2000]) {
      const step = addMany(state, maxPending, nowMs);
      const [batch] = step.flushes as [Batch];
      dates.push(batch.createdAtMs);
      state = confirmBatch(step.state, batch.sequence, nowMs).state;
    }
    expect(dates).toEqual([1000, 1001, 1002, 2000]);
  });
});

describe('bookBatch', () => {
  const [batch] = addMany(createBatcher('a'), maxPending, 1000).flushes as [Batch];

  it('books a batch once, however often it comes', () => {
    const first = bookBatch(emptyLedger, batch, 1100);
    const second = bookBatch(first.state, json(batch), 1200);
    expect([first.verdict, second.verdict]).toEqual(['booked', 'duplicate']);
    expect(second.state.total.totals.requests).toBe(maxPending);
  });

  it('still knows old batches after the statistics were reset', () => {
    const reset = resetTotal(bookBatch(emptyLedger, batch, 1100).state);
    expect(bookBatch(reset, batch, 1200)).toMatchObject({ verdict: 'duplicate', state: { total: { totals: { requests: 0 } } } });
  });

  it('refuses a batch whose sender it has forgotten, and takes the next one of that sender', () => {
    const booked = bookBatch(emptyLedger, batch, 1100).state;
    const hourLater = 1000 + 3_600_001;
    const other = { ...batch, senderId: 'b', createdAtMs: hourLater };
    const forgotten = bookBatch(booked, other, hourLater).state;
    expect(forgotten.senders.map(([senderId]) => senderId)).toEqual(['b']);
    expect(bookBatch(forgotten, batch, hourLater).verdict).toBe('too_old');
    const next = { ...batch, sequence: 2, createdAtMs: batch.createdAtMs + 1 };
    expect(bookBatch(forgotten, next, hourLater).verdict).toBe('booked');
  });

  it('remembers at most 2000 senders, and books none of their batches twice after forgetting them', () => {
    let state: LedgerState = emptyLedger;
    const batches = Array.from({ length: 2100 }, (_, index) => ({ ...batch, senderId: `s${index}`, createdAtMs: 1000 + index }));
    for (const each of batches) state = bookBatch(state, each, 5000).state;
    expect(state.senders).toHaveLength(2000);
    const before = state.total.totals.requests;
    for (const each of batches.slice(0, 200)) state = bookBatch(state, each, 5000).state;
    expect(state.total.totals.requests).toBe(before);
  });
});

describe('exactly-once counting', () => {
  /** What happens to one sending: commit and answer, commit and lose the answer, lose the call, deliver it late once more. */
  const fate = fc.constantFrom('answered', 'answer lost', 'call lost', 'answered and repeated later');

  function run(requests: number, isolates: number, fates: readonly string[], random: () => number): LedgerState {
    let ledger = emptyLedger;
    let nowMs = 1_000_000;
    const late: Batch[] = [];
    const senders = Array.from({ length: isolates }, (_, index) => ({ state: createBatcher(`isolate-${index}`) }));
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const deliver = (batch: Batch) => {
      ledger = json(bookBatch(ledger, json(batch), nowMs).state);
    };
    const send = (sender: { state: BatcherState }, step: BatcherStep): void => {
      sender.state = step.state;
      if (step.flush === null) return;
      const batch = step.flush;
      const what = pick(fates);
      if (what !== 'call lost') deliver(batch);
      if (what === 'answered and repeated later') late.push(batch);
      if (what.startsWith('answered')) send(sender, confirmBatch(sender.state, batch.sequence, nowMs));
      else sender.state = failBatch(sender.state, batch.sequence);
    };
    for (let count = 0; count < requests; count += 1) {
      nowMs += Math.floor(random() * 60);
      const sender = pick(senders);
      send(sender, addEntry(sender.state, { ...plainEntry, requestId: `r-${count}` }, nowMs));
      if (random() < 0.1 && late.length > 0) deliver(pick(late));
    }
    while (senders.some(({ state }) => hasUnsent(state))) {
      nowMs += 6000;
      for (const sender of senders) send(sender, flushWhenDue(sender.state, nowMs));
    }
    for (const batch of late) deliver(batch);
    return ledger;
  }

  const seeded = (start: number) => {
    let state = start >>> 0;
    return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  };

  it('holds under lost calls, lost answers and late repeats', () => {
    fc.assert(
      fc.property(
        fc.nat(400),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fate, { maxLength: 20 }),
        fc.nat(),
        (requests, isolates, fates, seed) => {
          const { total } = run(requests, isolates, [...fates, 'answered'], seeded(seed));
          expect(total.totals.requests).toBe(requests);
          expect(total.totals.costNanoUsd).toBe(requests * plainEntry.costNanoUsd);
        },
      ),
      { numRuns: 40 },
    );
  }, 30_000);

  it('drifts by 0 requests over 10,000', () => {
    const fates = ['answered', 'answer lost', 'answered and repeated later', 'call lost', 'answer lost', 'answered'];
    expect(run(10_000, 8, fates, seeded(7)).total.totals.requests).toBe(10_000);
  }, 30_000);
});
