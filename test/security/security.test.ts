/** The checks of `npm run security`, one test each, against one gateway. The order matters: the last look at what the others left behind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { securityChecks } from '../../infra/security/checks/registry.ts';
import { type Stand, startStand } from '../../infra/security/stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startStand();
});

afterAll(() => stand.stop());

describe('the security checks', () => {
  test.each(securityChecks)('$id: $rule', async ({ run }) => {
    expect(await run(stand)).toEqual([]);
  });

  test('have a name each', () => {
    expect(new Set(securityChecks.map(({ id }) => id)).size).toBe(securityChecks.length);
  });
});
