import { describe, expect, test } from 'vitest';
import { PathRouter } from '../../worker/middleware/path-router.ts';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';

function routerOf(routes: readonly (readonly [method: string, path: string])[]): PathRouter<string> {
  const router = new PathRouter<string>();
  for (const [method, path] of routes) router.add(method, path, `${method} ${path}`);
  return router;
}

const router = routerOf([
  ['ALL', '/*'],
  ['GET', '/models'],
  ['GET', '/models/*'],
  ['POST', '/things/count'],
  ['GET', '/things/:id'],
  ['POST', '/things/:id/cancel'],
  ['ALL', '/things/:id'],
]);

describe('a path finds what answers it, in the order in which it was added', () => {
  test.each<readonly [method: string, path: string, found: readonly string[]]>([
    ['GET', '/models', ['ALL /*', 'GET /models']],
    ['GET', '/models/a/b', ['ALL /*', 'GET /models/*']],
    ['GET', '/models/', ['ALL /*', 'GET /models/*']],
    ['GET', '/models.x', ['ALL /*']],
    ['GET', '/things/7', ['ALL /*', 'GET /things/:id', 'ALL /things/:id']],
    ['POST', '/things/7', ['ALL /*', 'ALL /things/:id']],
    ['POST', '/things/7/cancel', ['ALL /*', 'POST /things/:id/cancel']],
    // A path of its own is nobody's parameter.
    ['POST', '/things/count', ['ALL /*', 'POST /things/count']],
    ['GET', '/things/count', ['ALL /*']],
    ['GET', '/things/', ['ALL /*']],
    ['GET', '/things/7/8', ['ALL /*']],
    ['GET', '/nothing', ['ALL /*']],
    ['GET', '/line\nfeed', ['ALL /*']],
  ])('%s %j', (method, path, found) => {
    const names = (): string[] => router.match(method, path)[0].map(([name]) => name);
    expect(names()).toEqual(found);
    expect(names()).toEqual(found);
  });

  test('a parameter is handed over as it was written', () => {
    expect(router.match('POST', '/things/a%20b/cancel')[0]).toEqual([
      ['ALL /*', {}],
      ['POST /things/:id/cancel', { id: 'a%20b' }],
    ]);
  });

  test('a route that is added later is found by a path that was asked for before', () => {
    const late = routerOf([['GET', '/a']]);
    expect(late.match('GET', '/a')[0]).toHaveLength(1);
    late.add('GET', '/a', 'later');
    expect(late.match('GET', '/a')[0]).toHaveLength(2);
  });
});

describe('the paths of the gateway', () => {
  test.each<readonly [method: string, path: string, status: number, said: RegExp]>([
    ['GET', '/v1/responses/input_tokens', 405, /Use POST/],
    ['PUT', '/v1/responses/resp_1', 405, /Use GET or DELETE/],
    ['POST', '/v1/responses/compact', 404, /client has to do it itself/],
    ['GET', '/v1/responses/resp_1', 404, /resp_1/],
    ['GET', '/v1/responses/compact', 404, /./],
    ['GET', '/v1/nothing', 404, /./],
  ])('%s %s is answered with %i', async (method, path, status, said) => {
    const response = await createFakeApp({ script: [] }).send(method, path, { authorization: `Bearer ${clientKey}` });
    expect([response.status, await response.text()]).toEqual([status, expect.stringMatching(said)]);
  });
});
