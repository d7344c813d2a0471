import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acquireLease, maxLeases, releaseLease, sweepLeases, type LeaseState } from '../../../worker/core/limits/leases.ts';

describe('leases', () => {
  it('give out as many places as there are, and one again for each given back', () => {
    let state: LeaseState = [];
    const results = ['a', 'b', 'c'].map((id) => {
      const step = acquireLease(state, { id, expiresAtMs: 1000 }, 2, 0);
      state = step.state;
      return step.isAcquired;
    });
    expect(results).toEqual([true, true, false]);
    expect(acquireLease(releaseLease(state, 'a'), { id: 'c', expiresAtMs: 1000 }, 2, 0).isAcquired).toBe(true);
  });

  it('give an id its place once', () => {
    const first = acquireLease([], { id: 'a', expiresAtMs: 1000 }, 1, 0);
    expect(acquireLease(first.state, { id: 'a', expiresAtMs: 1000 }, 1, 0)).toEqual({ state: first.state, isAcquired: true });
  });

  it('end by themselves: a leaked place is free the moment it expires, and reported once', () => {
    const { state } = acquireLease([], { id: 'a', expiresAtMs: 1000 }, 1, 0);
    expect(acquireLease(state, { id: 'b', expiresAtMs: 3000 }, 1, 999).isAcquired).toBe(false);
    const next = acquireLease(state, { id: 'b', expiresAtMs: 3000 }, 1, 1000);
    expect(next.isAcquired).toBe(true);
    const swept = sweepLeases(next.state, 1000);
    expect(swept.orphans).toEqual(['a']);
    expect(sweepLeases(swept.state, 1000).orphans).toEqual([]);
  });

  it('are bounded for a key without a limit, and never block for ever', () => {
    let state: LeaseState = [];
    for (let index = 0; index < maxLeases; index += 1)
      state = acquireLease(state, { id: `${index}`, expiresAtMs: 1000 }, null, 0).state;
    expect(acquireLease(state, { id: 'more', expiresAtMs: 2000 }, null, 0).isAcquired).toBe(false);
    const later = acquireLease(state, { id: 'more', expiresAtMs: 2000 }, null, 1000);
    expect([later.isAcquired, later.state.length]).toEqual([true, 1]);
  });

  interface Model {
    nowMs: number;
    held: Map<string, number>;
    serial: number;
  }
  const limit = 3;
  const live = (model: Model) => [...model.held.values()].filter((expiresAtMs) => expiresAtMs > model.nowMs).length;
  const command = (
    name: string,
    step: (model: Model, real: { state: LeaseState }) => void,
  ): fc.Command<Model, { state: LeaseState }> => ({
    check: () => true,
    run: (model, real) => {
      step(model, real);
      real.state = JSON.parse(JSON.stringify(real.state));
      expect(real.state.map(({ id }) => id).sort()).toEqual([...model.held.keys()].sort());
    },
    toString: () => name,
  });
  const acquire = fc.integer({ min: 1, max: 500 }).map((ttlMs) =>
    command(`acquire ${ttlMs}`, (model, real) => {
      const id = `r${model.serial++}`;
      const step = acquireLease(real.state, { id, expiresAtMs: model.nowMs + ttlMs }, limit, model.nowMs);
      real.state = step.state;
      expect(step.isAcquired).toBe(live(model) < limit);
      if (step.isAcquired) model.held.set(id, model.nowMs + ttlMs);
      expect(live(model)).toBeLessThanOrEqual(limit);
    }),
  );
  const release = fc.nat(40).map((pick) =>
    command(`release ${pick}`, (model, real) => {
      real.state = releaseLease(real.state, `r${pick}`);
      model.held.delete(`r${pick}`);
    }),
  );
  const wait = fc.nat(300).map((durationMs) =>
    command(`wait ${durationMs}`, (model) => {
      model.nowMs += durationMs;
    }),
  );
  const sweep = fc.constant(
    command('sweep', (model, real) => {
      const expired = [...model.held].filter(([, expiresAtMs]) => expiresAtMs <= model.nowMs).map(([id]) => id);
      const step = sweepLeases(real.state, model.nowMs);
      real.state = step.state;
      expect([...step.orphans].sort()).toEqual(expired.sort());
      for (const id of expired) model.held.delete(id);
    }),
  );

  it('never give out more places than there are, nor leak one, under any interleaving', () => {
    fc.assert(
      fc.property(fc.commands([acquire, release, wait, sweep], { maxCommands: 100, size: 'max' }), (commands) => {
        fc.modelRun(() => ({ model: { nowMs: 0, held: new Map(), serial: 0 }, real: { state: [] as LeaseState } }), commands);
      }),
      { numRuns: 200 },
    );
  });
});
