/** Who is asked after a failure, who is blamed, and what becomes of the next client: the sequences of `npm run faults`. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sequences } from '../../infra/faults/sequences.ts';
import { breakerOverrides, direct } from '../support/http/breaker-config.ts';
import { type OwnGateway, startHarness } from '../support/http/harness.ts';

let gateway: OwnGateway;

beforeAll(async () => {
  gateway = await startHarness({
    overrides: breakerOverrides,
    direct: [{ id: 'direct', servedName: direct.served_name, role: 'small' }],
  });
});

afterAll(() => gateway.stop());
beforeEach(() => gateway.resetState());

test.each(sequences.map((sequence) => [sequence.promise, sequence] as const))('%s', { timeout: 60_000 }, async (_, sequence) => {
  expect(await sequence.run(gateway)).toEqual([]);
});
