import { SELF, env, runDurableObjectAlarm } from 'cloudflare:test';
import { expect, test, vi } from 'vitest';

test('livez', async () => {
  const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => { console.log('FETCH', String(input instanceof Request ? input.url : input)); return new Response('{"data":[]}', { headers: { 'content-type': 'application/json' } }); });
  const response = await SELF.fetch('http://gateway.test/livez');
  expect(response.status).toBe(200);
  expect((await SELF.fetch('http://gateway.test/health')).status).toBe(200);
  console.log(await runDurableObjectAlarm(env.HEALTH.getByName('fleet')));
  console.log(spy.mock.calls.length, await (await SELF.fetch('http://gateway.test/health')).text());
});
