import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snapshot } from '../../../worker/core/health/take-snapshot.ts';
import { unknownHealth } from '../../../worker/core/health/health-state.ts';
import type { HealthState } from '../../../worker/core/health/health-state.ts';
import { step } from '../../../worker/core/health/step.ts';
import { eventOf, type Happening, pair, rules } from './fleet.ts';

/** The promise in its simplest form: what is counted, until when it is out, and who holds the permit. */
interface Model {
  nowMs: number;
  path: number;
  server: number;
  openedAtMs: number | null;
  trialsFromMs: number;
  needsTrial: boolean;
  sawBadProbe: boolean;
  ejections: number;
  closedAtMs: number;
  goodProbes: number;
  badProbes: number;
  permit: { holder: string; untilMs: number; isUsed: boolean } | null;
}

interface Real {
  state: HealthState;
}

const isolates = ['i1', 'i2', 'i3'];

function eject(model: Model, needsTrial: boolean, sawBadProbe: boolean): void {
  const calm = model.openedAtMs === null ? Math.floor((model.nowMs - model.closedAtMs) / 10_000) : 0;
  model.ejections = Math.min(30, Math.max(0, model.ejections - calm) + 1);
  model.needsTrial = needsTrial || (model.openedAtMs !== null && model.needsTrial);
  model.sawBadProbe = sawBadProbe;
  model.openedAtMs = model.nowMs;
  model.trialsFromMs = model.nowMs + Math.min(300_000, 10_000 * model.ejections);
  model.path = model.server = model.goodProbes = 0;
  model.permit = null;
}

function recover(model: Model): void {
  if (model.openedAtMs !== null) model.closedAtMs = model.nowMs;
  model.openedAtMs = null;
  model.goodProbes = 0;
  model.permit = null;
}

const statusOf = (model: Model) => (model.openedAtMs === null ? 'up' : model.nowMs < model.trialsFromMs ? 'down' : 'half_open');

function check(model: Model, real: Real): void {
  const seen = isolates.map((id) => snapshot(real.state, model.nowMs, pair, id).instances['small@u-small']);
  expect(seen[0]?.status).toBe(statusOf(model));
  const holders = isolates.filter((_, index) => seen[index]?.hasPermit);
  const expected =
    model.permit !== null && !model.permit.isUsed && model.nowMs < model.permit.untilMs ? [model.permit.holder] : [];
  expect(holders).toEqual(expected);
}

function command(name: string, happening: Happening, change: (model: Model) => void): fc.Command<Model, Real> {
  return {
    check: () => true,
    run(model, real) {
      const { startedAtMs } = happening;
      const age = startedAtMs === undefined ? {} : { startedAtMs: model.nowMs + startedAtMs };
      real.state = step(real.state, eventOf({ ...happening, ...age }, model.nowMs), model.nowMs, pair);
      change(model);
      check(model, real);
    },
    toString: () => name,
  };
}

const advance = (ms: number): fc.Command<Model, Real> => ({
  check: () => true,
  run(model, real) {
    model.nowMs += ms;
    check(model, real);
  },
  toString: () => `+${ms} ms`,
});

/** `ageMs`: how long before its report the attempt was sent. */
const failure = (is: 'reset' | 'server_error', count: number, ageMs: number): fc.Command<Model, Real> =>
  command(`${is} ×${count}, ${ageMs} ms old`, { is, on: 'small', count, startedAtMs: -ageMs }, (model) => {
    const needsTrial = is === 'server_error';
    if (model.openedAtMs !== null) {
      if (model.nowMs - ageMs >= model.trialsFromMs && statusOf(model) === 'half_open')
        eject(model, needsTrial, model.badProbes > 0);
      return;
    }
    if (is === 'reset') model.path += count;
    else model.server += count;
    if (model.path / 3 + model.server / 5 >= 1) eject(model, needsTrial, model.badProbes > 0);
  });

const success = (ageMs: number): fc.Command<Model, Real> =>
  command(`success, ${ageMs} ms old`, { is: 'success', on: 'small', startedAtMs: -ageMs }, (model) => {
    model.path = model.server = model.badProbes = 0;
    if (model.openedAtMs !== null && model.nowMs - ageMs >= model.openedAtMs) recover(model);
  });

const goodProbe = command('good probe', { is: 'probe', on: 'small' }, (model) => {
  model.badProbes = 0;
  if (model.openedAtMs === null || !model.sawBadProbe) return;
  model.goodProbes += 1;
  if (model.goodProbes >= rules.healthy_threshold && !model.needsTrial) recover(model);
  else model.trialsFromMs = Math.min(model.trialsFromMs, model.nowMs);
});

const badProbe = command('bad probe', { is: 'probe', on: 'small', cause: 'unreachable' }, (model) => {
  model.badProbes += 1;
  if (statusOf(model) === 'half_open' || (statusOf(model) === 'up' && model.badProbes >= rules.unhealthy_threshold))
    eject(model, false, true);
  else if (model.openedAtMs !== null) {
    model.goodProbes = 0;
    model.sawBadProbe = true;
  }
});

const read = (by: string): fc.Command<Model, Real> =>
  command(`${by} reads`, { is: 'read', by }, (model) => {
    if (statusOf(model) !== 'half_open') return;
    const { permit } = model;
    const isTaken = permit !== null && model.nowMs < permit.untilMs && (permit.isUsed || permit.holder !== by);
    if (!isTaken) model.permit = { holder: by, untilMs: model.nowMs + 3000, isUsed: false };
  });

const trial = (by: string): fc.Command<Model, Real> =>
  command(`${by} tries`, { is: 'trial', on: 'small', by }, (model) => {
    if (model.permit?.holder === by) model.permit = { holder: by, untilMs: model.nowMs + 31_000, isUsed: true };
  });

const ignored = command('a 400', { is: 'client', on: 'small', startedAtMs: -100 }, (model) => {
  if (model.openedAtMs !== null && model.nowMs - 100 >= model.trialsFromMs) model.permit = null;
});

describe('the breaker against a simple model', () => {
  it('agrees on status and permit after every sequence of reports, probes, reads and pauses', () => {
    const someMs = fc.oneof(fc.constantFrom(0, 1, 500, 9999, 10_000, 20_000, 300_000), fc.nat(40_000));
    const ageMs = fc.constantFrom(0, 1, 2000, 15_000);
    const by = fc.constantFrom(...isolates);
    const commands = [
      someMs.map(advance),
      fc.tuple(fc.constantFrom('reset', 'server_error'), fc.integer({ min: 1, max: 4 }), ageMs).map((args) => failure(...args)),
      ageMs.map(success),
      fc.constantFrom(goodProbe, badProbe, ignored),
      by.map(read),
      by.map(trial),
    ];
    let longest = 0;
    const property = fc.property(fc.commands(commands, { size: '+1', maxCommands: 60 }), (run) => {
      longest = Math.max(longest, [...run].length);
      fc.modelRun(() => {
        const model: Model = {
          nowMs: 1_000_000,
          path: 0,
          server: 0,
          openedAtMs: null,
          trialsFromMs: 0,
          needsTrial: false,
          sawBadProbe: false,
          ejections: 0,
          closedAtMs: 0,
          goodProbes: 0,
          badProbes: 0,
          permit: null,
        };
        return { model, real: { state: unknownHealth } };
      }, run);
    });
    fc.assert(property, { numRuns: 500 });
    expect(longest).toBeGreaterThan(20);
  });
});
