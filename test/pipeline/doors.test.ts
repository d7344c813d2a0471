/** Doors that clients knock at: other headers for the key, other spellings of a path, paths of other APIs, pages in a browser. */
import { describe, expect, it } from 'vitest';
import { adminToken, clientKey, createFakeApp, expiredKey, usageKey } from '../support/fakes/app.ts';
import { completion, hello } from './wire.ts';

const chatPath = '/v1/chat/completions';
const body = JSON.stringify(hello);
const json = { 'content-type': 'application/json' };
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const placeholder = 'sk-placeholder-of-enough-length';
const app = (config: object = {}) => createFakeApp({ script: [], last: completion('hi'), config });
const post = (headers: Readonly<Record<string, string>>, path = chatPath) =>
  app().send('POST', path, { ...json, ...headers }, body);

async function errorOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return error;
}

describe('the key', () => {
  it.each([
    ['x-api-key', { 'x-api-key': clientKey }],
    ['api-key', { 'api-key': clientKey }],
    ['x-api-key with the scheme in it', { 'x-api-key': `Bearer ${clientKey}` }],
    ['x-api-key beside a placeholder', { ...bearer(placeholder), 'x-api-key': clientKey }],
    ['api-key beside what could be no key', { ...bearer('dummy'), 'api-key': clientKey }],
    ['api-key beside an empty header', { authorization: '', 'api-key': clientKey }],
    ['authorization beside a wrong one', { ...bearer(clientKey), 'x-api-key': placeholder }],
    ['x-api-key beside one that has expired', { ...bearer(expiredKey), 'x-api-key': clientKey }],
    ['x-api-key beside one without the scope', { ...bearer(usageKey), 'x-api-key': clientKey }],
  ])('may stand in %s', async (_, headers) => {
    expect((await post(headers)).status).toBe(200);
  });

  it.each([
    ['none at all', {}, 401, 'missing_api_key'],
    ['empty ones', { authorization: '', 'x-api-key': '' }, 401, 'missing_api_key'],
    ['two that nobody knows', { ...bearer(placeholder), 'x-api-key': `${clientKey}x` }, 401, 'invalid_api_key'],
    ['one with a space', { 'x-api-key': `${clientKey} ${clientKey}` }, 401, 'invalid_api_key'],
    ['a placeholder and an expired one', { ...bearer(placeholder), 'x-api-key': expiredKey }, 401, 'expired_api_key'],
    ['a placeholder and one without the scope', { ...bearer(placeholder), 'api-key': usageKey }, 403, 'forbidden'],
    ['another header', { 'x-goog-api-key': clientKey }, 401, 'missing_api_key'],
  ] as const)('is refused with %s', async (_, headers, status, code) => {
    const response = await post(headers);
    expect([response.status, (await errorOf(response)).code]).toEqual([status, code]);
  });

  it('of an operator counts in its own header only', async () => {
    expect((await app().send('GET', '/admin/keys', bearer(adminToken))).status).toBe(200);
    for (const name of ['x-api-key', 'api-key']) {
      expect((await app().send('GET', '/admin/keys', { [name]: adminToken })).status).toBe(401);
    }
  });
});

describe('a path', () => {
  it.each(['//v1/chat/completions', '/v1//chat/completions', '/v1/chat/completions/', '//v1//chat//completions//'])(
    'with surplus slashes is the same: %s',
    async (path) => {
      expect((await post(bearer(clientKey), path)).status).toBe(200);
      expect((await post({}, path)).status).toBe(401);
    },
  );

  it.each([
    ['/v1/models/', 200],
    ['/v1//models//Qwen/Qwen2.5-7B-Instruct/', 200],
    ['/v1/models/nope/', 404],
    ['/livez/', 200],
    ['//health', 200],
  ])('of any client may have them: %s', async (path, status) => {
    expect((await app().send('GET', path, bearer(clientKey))).status).toBe(status);
  });

  it.each(['//admin/keys', '/admin//keys', '/admin/keys/', '/v1/..//admin/keys', '//stats', '/stats/', '/router//info'])(
    'of operators may not: %s',
    async (path) => {
      expect((await app().send('GET', path, bearer(adminToken))).status).toBe(404);
    },
  );

  it.each([
    ['/chat/completions', chatPath],
    ['/v1/v1/chat/completions', chatPath],
    ['/openai/v1/chat/completions', chatPath],
    ['/api/v1/chat/completions/', chatPath],
    ['/V1/Chat/Completions', chatPath],
    ['/openai/deployments/gpt-4o/chat/completions', chatPath],
    ['/v1/engines/davinci/completions', '/v1/completions'],
    ['/openai/responses', '/v1/responses'],
    ['/v1/chat/completion', chatPath],
    ['/api/chat', chatPath],
    ['/api/generate', chatPath],
    ['/v1', chatPath],
    ['/models', '/v1/models'],
    ['/v1/v1/models', '/v1/models'],
    ['/v1/engines', '/v1/models'],
    ['/api/tags', '/v1/models'],
    ['/v1/health', '/health'],
    ['/healthz', '/health'],
  ])('that does not exist says which one was meant: %s', async (path, meant) => {
    const response = await post({}, path);
    expect(response.status).toBe(404);
    expect((await errorOf(response)).message).toContain(`Did you mean ${meant}?`);
  });

  it.each(['/', '/v1/moderations', '/v1/audio/speech', '/admin', '/v1/keys', '/.env', `/${'a/'.repeat(2000)}b`])(
    'that resembles none names none: %s',
    async (path) => {
      expect((await errorOf(await post({}, path))).message).toBe('There is no such path.');
    },
  );

  it.each([
    ['GET', chatPath, 'POST'],
    ['GET', `${chatPath}/`, 'POST'],
    ['POST', '//v1/models', 'GET'],
    ['PUT', '/v1/usage', 'GET'],
    ['OPTIONS', chatPath, 'POST'],
  ])('with another method names the right one: %s %s', async (method, path, allow) => {
    const response = await app().send(method, path, bearer(clientKey));
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect((await errorOf(response)).message).toContain(`Use ${allow}.`);
  });
});

describe('a page in a browser', () => {
  const listed = { cors: { allowed_origins: ['https://app.example.com', 'http://localhost:3000'] } };
  const origin = 'https://app.example.com';
  const ask = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,x-stainless-os' };
  const corsOf = ({ headers }: Response) =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

  it('of a listed origin has its preflight answered without a key', async () => {
    const response = await app(listed).send('OPTIONS', chatPath, { origin, ...ask });
    expect(response.status).toBe(204);
    expect(corsOf(response)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'authorization,x-stainless-os',
      'access-control-max-age': '7200',
    });
    expect(response.headers.get('vary')).toBe('origin');
    expect(response.headers.get('x-request-id')).not.toBeNull();
  });

  it.each([
    ['an answer', chatPath, bearer(clientKey), 200],
    ['a refusal', chatPath, bearer(placeholder), 401],
    ['a path that does not exist', '/chat/completions', {}, 404],
  ] as const)('of a listed origin may read %s', async (_, path, headers, status) => {
    const response = await app(listed).send('POST', path, { ...json, ...headers, origin }, body);
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-expose-headers')).toContain('x-routing-metadata');
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
  });

  it.each([
    ['an origin that is not listed', listed, 'https://evil.example'],
    ['a listed host with another scheme', listed, 'http://app.example.com'],
    ['a host below a listed one', listed, 'https://x.app.example.com'],
    ['no origin at all in a file', listed, 'null'],
    ['any origin as long as none is listed', {}, origin],
  ])('is told nothing with %s', async (_, config, from) => {
    const preflight = await app(config).send('OPTIONS', chatPath, { origin: from, ...ask });
    const answer = await app(config).send('POST', chatPath, { ...json, ...bearer(clientKey), origin: from }, body);
    expect([preflight.status, answer.status]).toEqual([405, 200]);
    expect([corsOf(preflight), corsOf(answer)]).toEqual([{}, {}]);
  });

  it('of any origin may call where the list says so', async () => {
    const config = { cors: { allowed_origins: ['*'] } };
    const preflight = await app(config).send('OPTIONS', '/v1/models', { origin: 'https://any.example', ...ask });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  });

  it.each(['/admin/keys', '//admin/keys', '/stats', '/router/info', '/admin/nothing'])(
    'never gets at what is for operators: %s',
    async (path) => {
      const config = { cors: { allowed_origins: ['*'] } };
      const preflight = await app(config).send('OPTIONS', path, { origin, ...ask });
      const answer = await app(config).send('GET', path, { origin, ...bearer(adminToken) });
      expect(preflight.status).toBeGreaterThanOrEqual(400);
      expect([corsOf(preflight), corsOf(answer)]).toEqual([{}, {}]);
    },
  );
});
