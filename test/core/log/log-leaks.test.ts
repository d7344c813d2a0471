import { expect, test } from 'vitest';
import { watchForLeaks } from '../../../infra/rig/log-leaks.ts';

test('a secret in a gateway’s output is seen, also when it comes in two parts', () => {
  const leaks = watchForLeaks({
    ADMIN_TOKEN: 'canary-token',
    UPSTREAM_API_KEY: 'canary-key-2',
    SMALL_UPSTREAM_URL: 'http://canary',
  });
  for (const text of ['GET http://canary 200', ' canary-', 'tok', 'en is wrong']) leaks.note(text);
  expect(leaks.found()).toEqual(['canary-token']);
});
