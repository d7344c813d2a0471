import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AdmissionConfig,
  type AdmissionState,
  emptyAdmission,
  enter,
  expire,
  leave,
  placesHeld,
  renew,
  type Renewal,
  type RenewalAnswer,
} from '../../../worker/core/admission/admission.ts';
import {
  abandonRenewal,
  beginRenewal,
  closedGate,
  enterGate,
  finishRenewal,
  type GateConfig,
  isCalm,
  keepsByPeak,
  knownRefusal,
  leaveGate,
  type LocalGate,
  optimisticPlaces,
  ticketAnswered,
  ticketGranted,
  ticketLeft,
  turnAway,
  usablePlaces,
} from '../../../worker/core/admission/local-gate.ts';
import { candidate, health } from '../route/attempts.ts';

const config: GateConfig = { isolateId: 'i1', cap: 16, leaseMs: 30_000 };
const object: AdmissionConfig = { cap: 16, maxWaiting: 32, maxWaitMs: 5000, leaseMs: 30_000 };

/** One renewal there and back, without delay. */
function renewNow(gate: LocalGate, state: AdmissionState, nowMs: number, isClusterCalm = true) {
  const begun = beginRenewal(gate, isClusterCalm, nowMs, config);
  if (begun === null) return null;
  const renewed = renew(state, begun.renewal, nowMs, object);
  return { gate: finishRenewal(begun.gate, renewed.answer, config), state: renewed.state, want: begun.renewal.want };
}

describe('a gate', () => {
  it('lets the first requests of a cold isolate in at once in calm times, up to its bound, and then asks', () => {
    let gate = closedGate;
    const decisions: string[] = [];
    for (let index = 0; index < 3; index += 1) {
      const entered = enterGate(gate, true, 0, config);
      gate = entered.gate;
      decisions.push(entered.decision);
    }
    expect(decisions).toEqual(['optimistic', 'optimistic', 'ask']);
    expect(optimisticPlaces(config.cap)).toBe(2);
    expect(enterGate(closedGate, false, 0, config).decision).toBe('ask');
  });

  it('gets a block in the background and then asks nobody', () => {
    let gate = enterGate(closedGate, true, 0, config).gate;
    const renewed = renewNow(gate, emptyAdmission, 10);
    expect(renewed?.want).toBe(2);
    gate = renewed?.gate ?? gate;
    expect(enterGate(gate, false, 20, config).decision).toBe('leased');
    expect(beginRenewal(gate, true, 20, config)).toBeNull();
  });

  it('ends its lease before the object does', () => {
    const gate = renewNow(enterGate(closedGate, true, 0, config).gate, emptyAdmission, 1000)?.gate ?? closedGate;
    expect([usablePlaces(gate, 29_999), usablePlaces(gate, 30_000)]).toEqual([2, 0]);
  });

  it.each([
    ['a third of the lease in calm times', true, 10_000],
    ['two seconds in busy times', false, 2000],
  ] as const)('renews after %s while something is in flight', (_, isClusterCalm, dueMs) => {
    const gate = renewNow(enterGate(closedGate, true, 0, config).gate, emptyAdmission, 0)?.gate ?? closedGate;
    expect(beginRenewal(gate, isClusterCalm, dueMs - 1, config)).toBeNull();
    expect(beginRenewal(gate, isClusterCalm, dueMs, config)?.renewal).toEqual({ isolateId: 'i1', sequence: 2, want: 2 });
  });

  it('lets an idle lease run out in silence, and keeps the leases of its tickets alive', () => {
    const gate = leaveGate(renewNow(enterGate(closedGate, true, 0, config).gate, emptyAdmission, 0)?.gate ?? closedGate, 0);
    expect(beginRenewal(gate, true, 60_000, config)).toBeNull();
    const holding = ticketAnswered(gate, { kind: 'admitted', untilMs: 0 });
    expect(beginRenewal(holding, true, 60_000, config)).not.toBeNull();
    expect(beginRenewal(ticketLeft(holding), true, 60_000, config)).toBeNull();
  });

  it('turns the requests of a key away for a moment after the object did, and nobody else', () => {
    const gate = turnAway(turnAway(closedGate, 'k1', 1000, 0), 'k2', 2000, 40);
    expect([knownRefusal(gate, 'k1', 49), knownRefusal(gate, 'k2', 49), knownRefusal(gate, 'k3', 49)]).toEqual([
      1000,
      2000,
      null,
    ]);
    expect([knownRefusal(gate, 'k1', 50), knownRefusal(gate, 'k2', 50)]).toEqual([null, 2000]);
    expect(Object.keys(turnAway(gate, 'k3', 1000, 60).turnedAway)).toEqual(['k2', 'k3']);
  });

  it('wants a block for the tickets it has in flight, so that one that began in busy times need not ask for ever', () => {
    let gate = closedGate;
    for (let index = 0; index < 8; index += 1) gate = ticketAnswered(gate, { kind: 'admitted', untilMs: 30_000 });
    const begun = beginRenewal(gate, false, 0, config);
    expect(begun?.renewal.want).toBe(2);
    gate = finishRenewal(begun?.gate ?? closedGate, { sequence: 1, places: 2, isContended: false }, config);
    expect(enterGate(gate, false, 10, config).decision).toBe('leased');
  });

  it('grows at once as long as it gets what it asks for, and else after a pause', () => {
    const full = { ...closedGate, places: 2, granted: 2, wanted: 2, inUse: 2, tickets: 30, leaseUntilMs: 30_000, sentAtMs: 0 };
    expect(beginRenewal(full, true, 1, config)?.renewal.want).toBeGreaterThan(2);
    const short = { ...full, wanted: 10 };
    expect(beginRenewal(short, true, 999, config)).toBeNull();
    expect(beginRenewal(short, true, 1000, config)?.renewal.want).toBeGreaterThan(2);
  });

  it('keeps a block for the most that was in use at once in the last one to two seconds', () => {
    let gate: LocalGate = { ...closedGate, places: 14, granted: 14, leaseUntilMs: 30_000, sequence: 1, sentAtMs: 0 };
    for (let index = 0; index < 12; index += 1) gate = enterGate(gate, true, 100, config).gate;
    for (let index = 0; index < 12; index += 1) gate = leaveGate(gate, 200);
    expect(gate.inUse).toBe(0);
    expect(keepsByPeak(gate, 200, config)).toBe(true);
    expect(beginRenewal(gate, true, 2099, config)).toBeNull();
    const begun = beginRenewal(gate, true, 2100, config);
    expect(begun?.renewal.want).toBe(0);
    expect(
      keepsByPeak(finishRenewal(begun?.gate ?? gate, { sequence: 2, places: 0, isContended: false }, config), 2100, config),
    ).toBe(false);
  });

  it('keeps nothing for a peak while others wait', () => {
    let gate: LocalGate = { ...closedGate, places: 14, granted: 14, leaseUntilMs: 30_000, sequence: 1, sentAtMs: 0 };
    for (let index = 0; index < 12; index += 1) gate = enterGate(gate, true, 100, config).gate;
    gate = ticketAnswered(gate, { kind: 'queued', position: 1, expiresAtMs: 5000 });
    for (let index = 0; index < 12; index += 1) gate = leaveGate(gate, 200);
    expect(beginRenewal(gate, true, 200, config)?.renewal.want).toBe(0);
  });

  it('gives a large block back as soon as less than half of it is used, and keeps a small one', () => {
    const block = { ...closedGate, places: 14, granted: 14, leaseUntilMs: 30_000, sequence: 1, sentAtMs: 0 };
    expect(beginRenewal({ ...block, inUse: 6 }, true, 10, config)).toBeNull();
    expect(beginRenewal({ ...block, inUse: 5 }, true, 10, config)?.renewal.want).toBe(6);
    expect(beginRenewal({ ...block, inUse: 0 }, true, 10, config)?.renewal.want).toBe(0);
    expect(beginRenewal({ ...block, inUse: 0, places: 2, granted: 2 }, true, 10, config)).toBeNull();
  });

  it('has one renewal under way, gives it up after five seconds, and believes only the newest answer', () => {
    const first = beginRenewal(enterGate(closedGate, true, 0, config).gate, true, 0, config);
    const gate = first?.gate ?? closedGate;
    expect(beginRenewal(gate, true, 4999, config)).toBeNull();
    const second = beginRenewal(gate, true, 5000, config);
    expect(second?.renewal.sequence).toBe(2);
    const answer: RenewalAnswer = { sequence: 1, places: 9, isContended: false };
    expect(finishRenewal(second?.gate ?? closedGate, answer, config).places).toBe(0);
    expect(beginRenewal(abandonRenewal(gate), true, 1000, config)?.renewal.sequence).toBe(2);
  });

  it('keeps nothing spare and queues with the rest while others wait, until a ticket finds a free place', () => {
    let gate = renewNow(enterGate(closedGate, true, 0, config).gate, emptyAdmission, 0)?.gate ?? closedGate;
    gate = ticketAnswered(gate, { kind: 'queued', position: 1, expiresAtMs: 5000 });
    expect(enterGate(gate, true, 100, config).decision).toBe('ask');
    expect(beginRenewal(gate, true, 100, config)?.renewal.want).toBe(1);
    gate = leaveGate(gate, 100);
    expect(beginRenewal(gate, true, 100, config)?.renewal.want).toBe(0);
    expect(enterGate(gate, true, 100, config).decision).toBe('ask');
    gate = ticketAnswered(ticketGranted(gate), { kind: 'admitted', untilMs: 0 });
    expect(gate).toMatchObject({ isContended: false, tickets: 2 });
    expect(enterGate(gate, true, 100, config).decision).toBe('optimistic');
  });

  it('gives the spare place of a renewal up at once when the answer says that others wait', () => {
    const asking = beginRenewal(enterGate(closedGate, true, 0, config).gate, true, 0, config)?.gate ?? closedGate;
    const gate = finishRenewal(asking, { sequence: 1, places: 2, isContended: true }, config);
    expect(enterGate(gate, true, 1, config).decision).toBe('ask');
    expect(beginRenewal(gate, true, 1, config)?.renewal.want).toBe(1);
  });

  it.each([
    ['nothing is known', null, true],
    ['it runs at half of its cap', health([candidate('small'), 'up', { running: 8, waiting: 0 }]), true],
    ['it runs above that', health([candidate('small'), 'up', { running: 9, waiting: 0 }]), false],
    ['its server has a queue', health([candidate('small'), 'up', { running: 1, waiting: 1 }]), false],
    [
      'two instances together run above that',
      health([candidate('small'), 'up', { running: 5 }], [candidate('small', { upstreamId: 'u2' }), 'up', { running: 5 }]),
      false,
    ],
    ['another model is busy', health([candidate('large'), 'up', { running: 16, waiting: 9 }]), true],
  ] as const)('when %s, a model counts as calm: %o', (_, snapshot, expected) => {
    expect(isCalm(snapshot, 'small', 16)).toBe(expected);
  });
});

describe('gates and object together', () => {
  type Message =
    | { readonly to: 'object'; readonly renewal: Renewal; readonly from: number }
    | { readonly to: 'gate'; readonly index: number; readonly answer: RenewalAnswer };
  const leases = { cap: 10, leaseMs: 6000 };
  const rules: AdmissionConfig = { ...leases, maxWaiting: 20, maxWaitMs: 2000 };

  interface World {
    nowMs: number;
    state: AdmissionState;
    gates: { id: string; gate: LocalGate; tickets: string[] }[];
    /** Under way: any may be lost, doubled, or overtaken by another. */
    post: Message[];
    next: number;
    most: { usable: number; held: number; leased: number; queued: number; lost: number };
  }

  const gateConfig = (world: World, index: number): GateConfig => ({ ...leases, isolateId: world.gates[index]?.id ?? '' });

  function maintain(world: World, index: number, isClusterCalm: boolean): void {
    const isolate = world.gates[index];
    if (!isolate) return;
    const begun = beginRenewal(isolate.gate, isClusterCalm, world.nowMs, gateConfig(world, index));
    if (begun === null) return;
    isolate.gate = begun.gate;
    world.post.push({ to: 'object', renewal: begun.renewal, from: index });
  }

  function request(world: World, index: number, isClusterCalm: boolean): void {
    const isolate = world.gates[index];
    if (!isolate) return;
    const { gate, decision } = enterGate(isolate.gate, isClusterCalm, world.nowMs, gateConfig(world, index));
    isolate.gate = gate;
    if (decision === 'leased') world.most.leased += 1;
    if (decision === 'ask') {
      world.next += 1;
      const ticketId = `t${world.next}`;
      const entered = enter(
        world.state,
        { ticketId, isolateId: isolate.id, keyId: `k${index}`, weight: 1, priority: 1 },
        world.nowMs,
        rules,
      );
      world.state = entered.state;
      isolate.gate = ticketAnswered(isolate.gate, entered.entry);
      if (entered.entry.kind === 'admitted') isolate.tickets.push(ticketId);
      if (entered.entry.kind === 'queued') world.most.queued += 1;
    }
    maintain(world, index, isClusterCalm);
  }

  function end(world: World, index: number): void {
    const isolate = world.gates[index];
    if (!isolate) return;
    const ticketId = isolate.tickets.pop();
    if (ticketId !== undefined) {
      world.state = leave(world.state, ticketId, world.nowMs, rules).state;
      isolate.gate = ticketLeft(isolate.gate);
    } else if (isolate.gate.inUse > 0) isolate.gate = leaveGate(isolate.gate, world.nowMs);
    maintain(world, index, false);
  }

  function deliver(world: World, pick: number, fate: 'deliver' | 'double' | 'lose'): void {
    const at = pick % Math.max(1, world.post.length);
    const message = world.post[at];
    if (message === undefined) return;
    if (fate !== 'double') world.post.splice(at, 1);
    if (fate === 'lose') return;
    if (message.to === 'object') {
      const renewed = renew(world.state, message.renewal, world.nowMs, rules);
      world.state = renewed.state;
      const isSame = world.gates[message.from]?.id === message.renewal.isolateId;
      if (isSame) world.post.push({ to: 'gate', index: message.from, answer: renewed.answer });
    } else {
      const isolate = world.gates[message.index];
      if (isolate) isolate.gate = finishRenewal(isolate.gate, message.answer, gateConfig(world, message.index));
    }
  }

  /** An isolate dies with all it holds; a new one takes its slot under a new id. */
  function lose(world: World, index: number): void {
    world.next += 1;
    world.gates[index] = { id: `i${index}.${world.next}`, gate: closedGate, tickets: [] };
    world.post = world.post.filter((message) => message.to === 'object' || message.index !== index);
    world.most.lost += 1;
  }

  function check(world: World): void {
    const held = placesHeld(expire(world.state, world.nowMs, rules).state);
    const tickets = Object.keys(world.state.inFlight).length;
    const usable = world.gates.reduce((sum, { gate }) => sum + usablePlaces(gate, world.nowMs), 0);
    expect(held).toBeLessThanOrEqual(rules.cap);
    for (const { id, gate } of world.gates) {
      expect(usablePlaces(gate, world.nowMs)).toBeLessThanOrEqual(world.state.blocks[id]?.places ?? 0);
    }
    expect(usable).toBeLessThanOrEqual(rules.cap);
    world.most.usable = Math.max(world.most.usable, usable);
    world.most.held = Math.max(world.most.held, placesHeld(world.state), tickets);
  }

  const index = fc.nat(3);
  const actions = fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(index, fc.boolean())
        .map(([at, calm]) => ({ name: `request ${at}`, run: (world: World) => request(world, at, calm) })),
    },
    { weight: 4, arbitrary: index.map((at) => ({ name: `end ${at}`, run: (world: World) => end(world, at) })) },
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.nat(9), fc.constantFrom('deliver', 'deliver', 'deliver', 'double', 'lose'))
        .map(([pick, fate]) => ({ name: `${fate} ${pick}`, run: (world: World) => deliver(world, pick, fate) })),
    },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom(1, 300, 1000, 2500, 6000)
        .map((ms) => ({ name: `+${ms} ms`, run: (world: World) => void (world.nowMs += ms) })),
    },
    { weight: 1, arbitrary: index.map((at) => ({ name: `lose isolate ${at}`, run: (world: World) => lose(world, at) })) },
    { weight: 2, arbitrary: index.map((at) => ({ name: `ping ${at}`, run: (world: World) => maintain(world, at, false) })) },
  );

  it('never use more places than the object has handed out, whatever is lost, late or doubled', () => {
    const reached = { usable: 0, held: 0, leased: 0, queued: 0, lost: 0 };
    const property = fc.property(fc.array(actions, { size: '+1', maxLength: 120 }), (list) => {
      const gates = Array.from({ length: 4 }, (_, at) => ({ id: `i${at}`, gate: closedGate, tickets: [] }));
      const world: World = {
        nowMs: 0,
        state: emptyAdmission,
        gates,
        post: [],
        next: 0,
        most: { usable: 0, held: 0, leased: 0, queued: 0, lost: 0 },
      };
      for (const action of list) {
        action.run(world);
        check(world);
      }
      for (const name of ['usable', 'held'] as const) reached[name] = Math.max(reached[name], world.most[name]);
      for (const name of ['leased', 'queued', 'lost'] as const) reached[name] += world.most[name];
    });
    fc.assert(property, { numRuns: 500 });
    console.log(
      `gates: at most ${reached.usable} usable and ${reached.held} held of ${rules.cap}; ${reached.leased} leased entries, ${reached.queued} queued, ${reached.lost} isolates lost`,
    );
    expect(reached.held).toBe(rules.cap);
    expect(Math.min(reached.leased, reached.queued, reached.lost)).toBeGreaterThan(100);
  });
});
