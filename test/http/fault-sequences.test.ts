/** Which model is asked after a failure, which is blamed, and what the next client sees: the sequences of `npm run faults`. */
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { sequences } from '../../infra/faults/sequences.ts';
import { breakerRig } from '../../infra/rig/configs.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';

let gateway: Rig;

beforeAll(async () => {
  gateway = await startRig({ on: inject('bundle'), ...breakerRig });
});

afterAll(() => gateway.stop());
beforeEach(() => gateway.resetState());

test.each(sequences.map((sequence) => [sequence.promise, sequence] as const))('%s', { timeout: 60_000 }, async (_, sequence) => {
  expect(await sequence.run(gateway)).toEqual([]);
});
