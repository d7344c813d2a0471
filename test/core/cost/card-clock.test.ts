import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cardClock, type CardUse } from '../../../worker/core/cost/card-clock.ts';

describe('the time of a card', () => {
  it('is all of the one call that uses it, whatever its prompt was reckoned at', () => {
    for (const promptMs of [0, 300, 5000]) {
      const use = cardClock().begin(1000, promptMs, 1);
      use.noteFirstToken(1500);
      use.end(3000);
      expect(use.usedMs()).toBe(2000);
    }
  });

  it('is shared in equal parts among those that run, and nobody pays for time before or after', () => {
    const clock = cardClock();
    const one = clock.begin(0, 0, 1);
    const other = clock.begin(1000, 0, 1);
    one.end(3000);
    other.end(4000);
    expect([one.usedMs(), other.usedMs()]).toEqual([1000 + 1000, 1000 + 1000]);
  });

  it('that a long prompt takes is its own, and not that of those beside it', () => {
    const clock = cardClock();
    const shorts = Array.from({ length: 9 }, () => clock.begin(0, 0, 1));
    const long = clock.begin(0, 8000, 1);
    long.noteFirstToken(9000);
    for (const use of [...shorts, long]) use.end(10_000);
    expect(long.usedMs()).toBe(8000 + 200);
    expect(shorts.map((use) => use.usedMs())).toEqual(Array.from({ length: 9 }, () => 200));
  });

  it('that a cached prompt did not take is not charged', () => {
    const clock = cardClock();
    const short = clock.begin(0, 0, 1);
    const cached = clock.begin(0, 8000, 1);
    cached.noteFirstToken(100);
    short.end(1100);
    cached.end(1100);
    expect([short.usedMs(), cached.usedMs()]).toEqual([500, 600]);
  });

  it('counts by the part of an isolate, where others use the card as well', () => {
    const use = cardClock().begin(0, 0, 0.25);
    use.end(4000);
    expect(use.usedMs()).toBe(1000);
  });

  it('is no longer shared with a call whose end was lost', () => {
    const clock = cardClock();
    clock.begin(0, 0, 1);
    const later = clock.begin(1_000_000, 0, 1);
    later.end(1_001_000);
    expect(later.usedMs()).toBe(1000);
  });

  it('adds up to the time in which at least one call was under way', () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: 2000 }),
      kind: fc.constantFrom('begin' as const, 'first' as const, 'end' as const, 'twice' as const),
      promptMs: fc.integer({ min: 0, max: 3000 }),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = cardClock();
        const all: CardUse[] = [];
        const open = new Set<CardUse>();
        let [nowMs, busyMs, claimedMs] = [0, 0, 0];
        const wait = (ms: number): void => {
          nowMs += ms;
          if (open.size > 0) busyMs += ms;
        };
        for (const { waitMs, kind, promptMs, pick } of steps) {
          wait(waitMs);
          const use = [...open][pick % Math.max(1, open.size)];
          if (kind === 'begin') {
            const begun = clock.begin(nowMs, promptMs, 1);
            all.push(begun);
            open.add(begun);
            claimedMs += promptMs;
          } else if (kind === 'first') use?.noteFirstToken(nowMs);
          else if (use !== undefined) {
            use.end(nowMs);
            if (kind === 'twice') use.end(nowMs + 500);
            open.delete(use);
          }
        }
        wait(10);
        for (const use of open) use.end(nowMs);
        const sum = all.reduce((total, use) => total + use.usedMs(), 0);
        for (const use of all) expect(use.usedMs()).toBeGreaterThanOrEqual(0);
        expect(sum).toBeGreaterThanOrEqual(busyMs - 1e-6);
        // More only where prompts that were read side by side claim more time than there was.
        expect(sum).toBeLessThanOrEqual(busyMs + claimedMs + 1e-6);
        if (claimedMs === 0) expect(sum).toBeCloseTo(busyMs, 6);
      }),
    );
  });
});
