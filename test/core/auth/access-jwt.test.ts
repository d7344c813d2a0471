/** Tokens that Access would issue, and everything that only looks like one; each verdict is also jose's, for tokens it can be asked about. */
import { createLocalJWKSet, exportJWK, jwtVerify, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAccessVerifier } from '../../../worker/io/access-jwt.ts';

const issuer = 'https://team.cloudflareaccess.com';
const audience = 'a'.repeat(64);
const nowSeconds = 1_790_000_000;
const rs256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) };
const generate = async (modulusLength: number): Promise<CryptoKeyPair> =>
  (await crypto.subtle.generateKey({ ...rs256, modulusLength }, true, ['sign', 'verify'])) as CryptoKeyPair;
const [own, foreign, short] = [await generate(2048), await generate(2048), await generate(1024)];
const jwks = { keys: [{ ...(await exportJWK(own.publicKey)), kid: 'k1', use: 'sig', alg: 'RS256' }] };
const claims = { iss: issuer, aud: [audience], exp: nowSeconds + 60, iat: nowSeconds, email: 'ada@example.com', sub: 'u1' };
let answerKeys: () => Response;
const fetched = vi.fn(async (_url: unknown, _init: unknown) => answerKeys());

beforeEach(() => {
  vi.useFakeTimers({ now: nowSeconds * 1000, toFake: ['Date'] });
  fetched.mockClear();
  vi.stubGlobal('fetch', fetched);
  answerKeys = () => Response.json(jwks);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

async function sign(payload: unknown, header: object = {}, key = own): Promise<string> {
  const signed = `${encode({ alg: 'RS256', kid: 'k1', typ: 'JWT', ...header })}.${encode(payload)}`;
  return `${signed}.${Buffer.from(await crypto.subtle.sign(rs256, key.privateKey, Buffer.from(signed))).toString('base64url')}`;
}

const verify = (token: string): Promise<string | null> => createAccessVerifier({ issuer, audience })(token);

async function verdictOfJose(token: string): Promise<boolean> {
  const options = { issuer, audience, algorithms: ['RS256'], requiredClaims: ['exp'] };
  return jwtVerify(token, createLocalJWKSet(jwks), options).then(
    () => true,
    () => false,
  );
}

describe('createAccessVerifier', () => {
  it.each([
    ['a person by e-mail', claims, 'ada@example.com'],
    ['a service by its name', { ...claims, email: undefined, common_name: 'ci.access', sub: '' }, 'ci.access'],
    ['anybody else by subject', { ...claims, email: '' }, 'u1'],
    ['an audience that is one text', { ...claims, aud: audience }, 'ada@example.com'],
    ['one audience of several', { ...claims, aud: ['other', audience] }, 'ada@example.com'],
    ['a token that is valid since now', { ...claims, nbf: nowSeconds }, 'ada@example.com'],
  ])('lets in %s', async (_, payload, who) => {
    const token = await sign(payload);
    expect(await verify(token)).toBe(who);
    expect(await verdictOfJose(token)).toBe(true);
  });

  const secret = crypto.subtle.importKey('raw', Buffer.from(JSON.stringify(jwks)), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  const flip = (text: string, at: number): string => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

  it.each<[string, () => Promise<string>]>([
    ['a foreign key under a known id', () => sign(claims, {}, foreign)],
    ['an unknown key', () => sign(claims, { kid: 'k2' })],
    ['no key id', () => sign(claims, { kid: undefined, alg: 'RS256', jwk: jwks.keys[0] }, foreign)],
    ['no algorithm', async () => `${encode({ alg: 'none', kid: 'k1' })}.${encode(claims)}.`],
    ['no algorithm in the header at all', () => sign(claims, { alg: undefined })],
    [
      'a signature with the public key as secret',
      async () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(await secret),
    ],
    ['another algorithm', () => sign(claims, { alg: 'RS512' })],
    ['an extension it must understand', () => sign(claims, { crit: ['b64'], b64: false })],
    ['another issuer', () => sign({ ...claims, iss: `${issuer}.evil.example` })],
    ['no issuer', () => sign({ ...claims, iss: undefined })],
    ['another audience', () => sign({ ...claims, aud: ['b'.repeat(64)] })],
    ['no audience', () => sign({ ...claims, aud: undefined })],
    ['an expiry just now', () => sign({ ...claims, exp: nowSeconds })],
    ['an expiry that is text', () => sign({ ...claims, exp: '9999999999' })],
    ['no expiry', () => sign({ ...claims, exp: undefined })],
    ['a beginning in the future', () => sign({ ...claims, nbf: nowSeconds + 60 })],
    ['claims that are no object', () => sign([claims])],
    ['claims that are no JSON', () => sign('{"iss":')],
    [
      'a changed claim',
      async () => (await sign(claims)).replace(/\.[^.]+\./, `.${encode({ ...claims, email: 'eve@example.com' })}.`),
    ],
    ['a changed signature', async () => flip(await sign(claims), (await sign(claims)).length - 9)],
    ['no signature', async () => (await sign(claims)).replace(/[^.]+$/, '')],
    ['a fourth part', async () => `${await sign(claims)}.x`],
    ['two parts', async () => 'e30.e30'],
    ['spaces inside', async () => (await sign(claims)).replace('.', '. ')],
    [
      'the other alphabet',
      async () => (await sign(claims)).replace(/[^.]+$/, (part) => part.replaceAll('-', '+').replaceAll('_', '/') + '=='),
    ],
    ['nothing', async () => ''],
  ])('refuses a token with %s', async (_, make) => {
    const token = await make();
    expect(await verify(token)).toBeNull();
    expect(await verdictOfJose(token)).toBe(false);
  });

  it.each<[string, () => Response]>([
    ['an error', () => new Response('', { status: 500 })],
    ['a redirect', () => new Response('', { status: 302, headers: { location: 'https://evil.example' } })],
    ['no JSON', () => new Response('<html>')],
    ['no key set', () => Response.json([])],
  ])('says that nobody knows when the team answers with %s: that is no verdict on the token', async (_, answer) => {
    answerKeys = answer;
    await expect(verify(await sign(claims))).rejects.toMatchObject({ code: 'state_unavailable' });
  });

  it('says that nobody knows when the team cannot be reached', async () => {
    answerKeys = () => {
      throw new TypeError('Network connection lost.');
    };
    await expect(verify(await sign(claims))).rejects.toMatchObject({ code: 'state_unavailable' });
  });

  it('lets nobody in when the team has no key', async () => {
    answerKeys = () => Response.json({ keys: [] });
    expect(await verify(await sign(claims))).toBeNull();
  });

  it('refuses a key that is too short', async () => {
    const key = { ...(await exportJWK(short.publicKey)), kid: 'k1' };
    answerKeys = () => Response.json({ keys: [key] });
    expect(await verify(await sign(claims, {}, short))).toBeNull();
  });

  it('reads the RSA keys of a set that has others, too', async () => {
    answerKeys = () =>
      Response.json({ keys: [{ kid: 'ec', kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }, ...jwks.keys], public_certs: [] });
    expect(await verify(await sign(claims))).toBe('ada@example.com');
  });

  it('asks the team once, without following redirects, and again for a new key or after ten minutes', async () => {
    const check = createAccessVerifier({ issuer, audience });
    const later = async (seconds: number, header = {}): Promise<number> => {
      vi.setSystemTime((nowSeconds + seconds) * 1000);
      await check(await sign({ ...claims, exp: nowSeconds + 9999 }, header));
      return fetched.mock.calls.length;
    };
    expect(await later(0)).toBe(1);
    expect(await later(29, { kid: 'new' })).toBe(1);
    expect(await later(31)).toBe(1);
    expect(await later(31, { kid: 'new' })).toBe(2);
    expect(await later(60, { kid: 'new' })).toBe(2);
    expect(await later(632)).toBe(3);
    expect(String(fetched.mock.calls[0]?.[0])).toBe(`${issuer}/cdn-cgi/access/certs`);
    expect(fetched.mock.calls[0]?.[1]).toMatchObject({ redirect: 'manual' });
  });

  it('asks again at once after the team did not answer', async () => {
    const check = createAccessVerifier({ issuer, audience });
    answerKeys = () => new Response('', { status: 503 });
    await expect(check(await sign(claims))).rejects.toMatchObject({ code: 'state_unavailable' });
    answerKeys = () => Response.json(jwks);
    expect(await check(await sign(claims))).toBe('ada@example.com');
  });
});
