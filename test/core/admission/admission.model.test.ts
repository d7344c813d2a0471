import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type AdmissionConfig,
  type AdmissionState,
  type Effects,
  emptyAdmission,
  enter,
  expire,
  leave,
  placesHeld,
} from '../../../worker/core/admission/admission.ts';

const config: AdmissionConfig = { cap: 3, maxWaiting: 5, maxWaitMs: 1000, leaseMs: 4000 };

/** A simple model: which ticket is where since when. It leaves open which waiting ticket is next, but requires that one is. */
interface Model {
  nowMs: number;
  inFlight: Map<string, number>;
  waiting: Map<string, { sinceMs: number; priority: number }>;
  next: number;
}
interface Real {
  state: AdmissionState;
}

function follow(model: Model, effects: Effects): void {
  for (const { ticketId, why } of effects.refused) {
    const seat = model.waiting.get(ticketId);
    expect(seat).toBeDefined();
    expect(why === 'timed_out').toBe(seat !== undefined && model.nowMs - seat.sinceMs >= config.maxWaitMs);
    model.waiting.delete(ticketId);
  }
  for (const { ticketId } of effects.granted) {
    const seat = model.waiting.get(ticketId);
    const mostUrgent = Math.min(...[...model.waiting.values()].map(({ priority }) => priority));
    expect(seat?.priority).toBe(mostUrgent);
    model.waiting.delete(ticketId);
    model.inFlight.set(ticketId, model.nowMs);
  }
}

function sweep(model: Model): void {
  for (const [id, sinceMs] of model.inFlight) if (model.nowMs - sinceMs >= config.leaseMs) model.inFlight.delete(id);
}

function agree(model: Model, { state }: Real): void {
  expect(Object.keys(state.inFlight).toSorted()).toEqual([...model.inFlight.keys()].toSorted());
  expect(state.queue.waiting.map(({ ticketId }) => ticketId).toSorted()).toEqual([...model.waiting.keys()].toSorted());
  expect(placesHeld(state)).toBeLessThanOrEqual(config.cap);
  expect(state.queue.waiting.length).toBeLessThanOrEqual(config.maxWaiting);
  // Nobody waits beside a free place.
  expect(placesHeld(state) === config.cap || state.queue.waiting.length === 0).toBe(true);
  expect(JSON.parse(JSON.stringify(state))).toEqual(state);
}

const entering = (keyId: string, weight: number, priority: number): fc.Command<Model, Real> => ({
  check: () => true,
  run(model, real) {
    const ticketId = `t${model.next}`;
    model.next += 1;
    sweep(model);
    const { state, entry, effects } = enter(
      real.state,
      { ticketId, isolateId: 'i1', keyId, weight, priority },
      model.nowMs,
      config,
    );
    real.state = state;
    const displaced = effects.refused.filter(({ why }) => why === 'displaced');
    follow(model, { ...effects, refused: effects.refused.filter(({ why }) => why === 'timed_out') });
    if (entry.kind === 'rejected') expect(model.waiting.size).toBe(config.maxWaiting);
    if (entry.kind === 'admitted') model.inFlight.set(ticketId, model.nowMs);
    if (entry.kind === 'queued') {
      follow(model, { granted: [], refused: displaced });
      model.waiting.set(ticketId, { sinceMs: model.nowMs, priority });
      expect(entry.position).toBeGreaterThanOrEqual(1);
      expect(entry.position).toBeLessThanOrEqual(model.waiting.size);
    }
    agree(model, real);
  },
  toString: () => `enter ${keyId} weight ${weight} priority ${priority}`,
});

const leaving = (pick: number): fc.Command<Model, Real> => ({
  check: () => true,
  run(model, real) {
    const ids = [...model.inFlight.keys(), ...model.waiting.keys()];
    const ticketId = ids[pick % Math.max(1, ids.length)] ?? 'stranger';
    model.inFlight.delete(ticketId);
    model.waiting.delete(ticketId);
    sweep(model);
    const { state, effects } = leave(real.state, ticketId, model.nowMs, config);
    real.state = state;
    follow(model, effects);
    agree(model, real);
  },
  toString: () => `leave #${pick}`,
});

const passing = (ms: number): fc.Command<Model, Real> => ({
  check: () => true,
  run(model, real) {
    model.nowMs += ms;
    sweep(model);
    const { state, effects } = expire(real.state, model.nowMs, config);
    real.state = state;
    follow(model, effects);
    agree(model, real);
  },
  toString: () => `+${ms} ms`,
});

it('keeps the books of a plain bookkeeper: never over the cap, never over the bound, nobody waits beside a free place', () => {
  const commands = [
    fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.constantFrom(1, 2, 5), fc.constantFrom(0, 1)).map((args) => entering(...args)),
    fc.constantFrom('x', 'y').map((keyId) => entering(keyId, 1, 1)),
    fc.nat(20).map(leaving),
    fc.constantFrom(1, 100, 999, 1000, 4000).map(passing),
  ];
  const start = () => ({
    model: { nowMs: 0, inFlight: new Map(), waiting: new Map(), next: 0 },
    real: { state: emptyAdmission },
  });
  fc.assert(
    fc.property(fc.commands(commands, { size: '+1', maxCommands: 80 }), (run) => fc.modelRun(start, run)),
    { numRuns: 300 },
  );
});
