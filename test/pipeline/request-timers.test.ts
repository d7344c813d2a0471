import { describe, expect, it } from 'vitest';
import type { Timers } from '../../worker/core/ports.ts';
import { requestTimers } from '../../worker/pipeline/run/request-timers.ts';
import { createFakeTime } from '../support/fakes/fake-time.ts';

function setUp() {
  const time = createFakeTime();
  const startMs = time.clock.now();
  let set = 0;
  const platform: Timers = {
    every: time.timers.every,
    once(afterMs, fire) {
      set += 1;
      return time.timers.once(afterMs, fire);
    },
  };
  const timers = requestTimers(platform, time.clock);
  const rung: string[] = [];
  const ring = (name: string) => () => void rung.push(`${name} ${time.clock.now() - startMs}`);
  return { time, timers, rung, ring, timersSet: () => set };
}

describe("a request's timers", () => {
  it('go off when they are due, in order, whatever was set first', async () => {
    const { time, timers, rung, ring } = setUp();
    timers.once(12_000, ring('first event'));
    timers.once(250, ring('short'));
    timers.once(1000, ring('second'));
    await time.advance(15_000);
    expect(rung).toEqual(['short 250', 'second 1000', 'first event 12000']);
  });

  it('go off again and again until they are taken back', async () => {
    const { time, timers, rung, ring } = setUp();
    const stop = timers.every(300, ring('tick'));
    await time.advance(1000);
    stop();
    await time.advance(5000);
    expect(rung).toEqual(['tick 300', 'tick 600', 'tick 900']);
  });

  it('cost one timer of the platform for all that a short stream waits for', async () => {
    const { time, timers, rung, ring, timersSet } = setUp();
    for (const afterMs of [30_000, 12_000, 10_000, 2000]) timers.once(afterMs, ring('limit'))();
    timers.every(1000, ring('tick'))();
    await time.advance(60_000);
    expect({ set: timersSet(), rung }).toEqual({ set: 1, rung: [] });
  });

  it('are not stopped by one that throws', async () => {
    const { time, timers, rung, ring } = setUp();
    timers.once(100, () => {
      throw new Error('a mistake');
    });
    timers.once(100, ring('other'));
    await expect(time.advance(100)).rejects.toThrow('a mistake');
    await time.advance(1);
    expect(rung).toEqual(['other 100']);
  });

  it('may take back one that is due at the same moment', async () => {
    const { time, timers, rung, ring } = setUp();
    timers.once(100, () => stop());
    const stop = timers.once(100, ring('other'));
    await time.advance(1000);
    expect(rung).toEqual([]);
  });

  it('do not make up for rounds that an isolate has slept through', () => {
    let nowMs = 0;
    let fire = (): void => undefined;
    const late: Timers = { every: () => () => undefined, once: (_afterMs, go) => ((fire = go), () => undefined) };
    let ticks = 0;
    requestTimers(late, { now: () => nowMs }).every(1000, () => void (ticks += 1));
    nowMs = 60_000;
    for (let i = 0; i < 5; i += 1) fire();
    expect(ticks).toBe(1);
  });
});
