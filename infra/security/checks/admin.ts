/** The operators' surface: the admin token or a valid Access token, and nothing that merely looks like one. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { expectEqual, expectTrue, type SecurityCheck } from '../check.ts';
import { secrets, type Stand } from '../stand.ts';

const threat = 'The admin surface';
const paths: readonly (readonly ['GET' | 'POST', string])[] = [
  ['GET', '/stats'],
  ['GET', '/router/info'],
  ['GET', '/metrics'],
  ['GET', '/admin/fleet'],
  ['GET', '/admin/keys'],
  ['POST', '/admin/keys'],
  ['POST', '/admin/keys/key_x/revoke'],
  ['POST', '/admin/keys/key_x/rotate'],
  ['POST', '/admin/stats/reset'],
  ['GET', '/admin/audit'],
  ['GET', '/stats/series'],
  ['GET', '/admin/requests'],
  ['GET', '/admin/requests/req_x'],
  ['GET', '/admin/budgets'],
  ['POST', '/admin/feed/ticket'],
];

const closed: SecurityCheck = {
  id: 'admin-closed',
  threat,
  rule: 'Without credentials 401, with a client’s key 403, with a wrong token 401, on every path.',
  async run(stand) {
    const { key } = await stand.makeKey();
    const problems: string[] = [];
    for (const [method, path] of paths) {
      const body = method === 'POST' ? { body: '{}' } : {};
      const as = async (headers: Record<string, string>) =>
        (await stand.send(method, path, { headers: { 'content-type': 'application/json', ...headers }, ...body })).status;
      problems.push(
        ...expectEqual(`${path} without`, await as({}), 401),
        ...expectEqual(`${path} with a client key`, await as({ authorization: `Bearer ${key}` }), 403),
        ...expectEqual(`${path} with the bootstrap key`, await as({ authorization: `Bearer ${secrets.clientKey}` }), 403),
        ...expectEqual(
          `${path} with half the token`,
          await as({ authorization: `Bearer ${secrets.adminToken.slice(0, -1)}` }),
          401,
        ),
        ...expectEqual(
          `${path} with headers that Access sends along`,
          await as({
            'cf-access-authenticated-user-email': 'root@example.com',
            'cf-access-client-id': secrets.accessClientId,
            cookie: 'CF_Authorization=x',
          }),
          401,
        ),
      );
    }
    return problems;
  },
};

interface Claims {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly key?: KeyObject;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function accessToken({ issuer }: Stand, { header = {}, payload = {}, key = issuer.privateKey }: Claims = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: issuer.origin,
    aud: [issuer.audience],
    sub: 'u1',
    email: 'ops@example.com',
    iat: now,
    exp: now + 300,
    ...payload,
  };
  const signed = `${encode({ alg: 'RS256', kid: issuer.kid, typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

const forged: SecurityCheck = {
  id: 'forged-access-tokens',
  threat,
  rule: 'An Access token is believed by its signature, issuer, audience and expiry, and by nothing else.',
  async run(stand) {
    const { issuer } = stand;
    const now = Math.floor(Date.now() / 1000);
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const good = accessToken(stand);
    const [head = '', body = '', signature = ''] = good.split('.');
    const none = `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`;
    const hmacHead = `${encode({ alg: 'HS256', kid: issuer.kid })}.${body}`;
    const asSecret = issuer.publicKey.export({ type: 'spki', format: 'pem' });
    const confused = `${hmacHead}.${createHmac('sha256', asSecret).update(hmacHead).digest('base64url')}`;
    const otherKey = {
      jwk: issuer.publicKey.export({ format: 'jwk' }),
      jku: `${stand.canary}/keys`,
      x5u: `${stand.canary}/cert`,
    };
    const tokens: readonly (readonly [string, string])[] = [
      ['alg none', none],
      ['alg nOnE with a signature', `${encode({ alg: 'nOnE' })}.${body}.${signature}`],
      ['HS256 with the public key as secret', confused],
      ['a stranger’s key', accessToken(stand, { key: stranger })],
      ['a stranger’s key, with the key in the header', accessToken(stand, { key: stranger, header: otherKey })],
      ['an unknown kid', accessToken(stand, { header: { kid: 'team-key-2' } })],
      ['another audience', accessToken(stand, { payload: { aud: ['another-application'] } })],
      ['no audience', accessToken(stand, { payload: { aud: undefined } })],
      ['another issuer', accessToken(stand, { payload: { iss: 'https://evil.cloudflareaccess.com' } })],
      ['expired', accessToken(stand, { payload: { exp: now - 10 } })],
      ['without expiry', accessToken(stand, { payload: { exp: undefined } })],
      ['not valid yet', accessToken(stand, { payload: { nbf: now + 600 } })],
      ['expiry as text', accessToken(stand, { payload: { exp: '9999999999' } })],
      [
        'changed claims',
        `${head}.${encode({ iss: issuer.origin, aud: [issuer.audience], email: 'root@example.com', exp: now + 300 })}.${signature}`,
      ],
      ['no signature', `${head}.${body}.`],
      ['nobody it was issued to', accessToken(stand, { payload: { sub: undefined, email: undefined } })],
      ['no token at all', 'x'],
      ['megabytes of it', `${head}.${'A'.repeat(7000)}.${signature}`],
    ];
    const problems: string[] = [];
    for (const [what, token] of tokens) {
      const answer = await stand.send('GET', '/admin/keys', { headers: { 'cf-access-jwt-assertion': token } });
      problems.push(...expectEqual(what, answer.status, 401));
    }
    const answer = await stand.send('GET', '/admin/keys', { headers: { 'cf-access-jwt-assertion': good } });
    const audit = await stand.admin('GET', '/admin/audit');
    return [
      ...problems,
      ...expectEqual('a good one', answer.status, 200),
      ...expectTrue('the audit log can be read', audit.status === 200),
      ...expectEqual('calls of the canary listener', stand.canaryCalls(), []),
    ];
  },
};

const crossSite: SecurityCheck = {
  id: 'cross-site-admin',
  threat,
  rule: 'Another site cannot act through an operator’s browser, though Access lets that browser in by its cookie.',
  async run(stand) {
    const { id, key } = await stand.makeKey();
    const headers = { 'cf-access-jwt-assertion': accessToken(stand) };
    const post = async (extra: Record<string, string>) =>
      (await stand.send('POST', `/admin/keys/${id}/revoke`, { headers: { ...headers, ...extra } })).status;
    const problems = [
      ...expectEqual('from another site', await post({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }), 403),
      ...expectEqual('from a sister site', await post({ 'sec-fetch-site': 'same-site' }), 403),
      ...expectEqual('from another origin', await post({ origin: 'https://evil.example' }), 403),
      ...expectEqual('from an opaque origin', await post({ origin: 'null' }), 403),
    ];
    const still = await stand.send('GET', '/v1/models', { headers: { authorization: `Bearer ${key}` } });
    problems.push(...expectEqual('the key still works', still.status, 200));
    const own = await post({ 'sec-fetch-site': 'same-origin', origin: new URL(stand.url).origin });
    return [...problems, ...expectEqual('from here', own, 200)];
  },
};

const audited: SecurityCheck = {
  id: 'admin-audit',
  threat,
  rule: 'What an operator changes is in the audit log with who did it, and no key is.',
  async run(stand) {
    const { id, key } = await stand.makeKey();
    await stand.admin('POST', `/admin/keys/${id}/revoke`, {});
    const headers = { 'cf-access-jwt-assertion': accessToken(stand), 'content-type': 'application/json' };
    const made = await stand.send('POST', '/admin/keys', { headers, body: '{"name":"by access"}' });
    const token: { key?: string } = JSON.parse(made.text);
    const audit = await stand.admin('GET', '/admin/audit');
    return [
      ...expectTrue('making is noted', audit.text.includes('"key.create"')),
      ...expectTrue('revoking is noted', audit.text.includes(`"key.revoke","subject":"${id}"`)),
      ...expectTrue('the operator is named', audit.text.includes('ops@example.com')),
      ...expectTrue('no key is in it', !audit.text.includes(key) && !audit.text.includes(token.key ?? 'no key')),
    ];
  },
};

const listing: SecurityCheck = {
  id: 'key-listing',
  threat: 'Keys at rest',
  rule: 'A key is shown once, when it is made: lists show eight of its characters, and no hash.',
  async run(stand) {
    const { id, key } = await stand.makeKey();
    const list = await stand.admin('GET', '/admin/keys');
    const revoked = await stand.admin('POST', `/admin/keys/${id}/revoke`, {});
    return [
      ...expectTrue('the list has it', list.text.includes(id)),
      ...expectTrue('the list has no key', !list.text.includes(key) && !list.text.includes(key.slice(0, 24))),
      ...expectTrue('the list has no hash', !/hash/i.test(list.text) && !/[0-9a-f]{64}/.test(list.text)),
      ...expectTrue('nor has the answer to a revocation', !revoked.text.includes(key) && !/[0-9a-f]{64}/.test(revoked.text)),
    ];
  },
};

export const adminChecks: readonly SecurityCheck[] = [closed, forged, crossSite, audited, listing];
