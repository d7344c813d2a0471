/** API keys: looked up by the hash of the whole token, only by bound parameters, compared in constant time, refused once they end. */
import { randomBytes } from 'node:crypto';
import { formatKey } from '../../../worker/core/auth/key-format.ts';
import { codeOf, expectEqual, expectTrue, hello, type SecurityCheck } from '../check.ts';
import { secrets, type Stand } from '../stand.ts';
import { linesIn, linesMatching } from './source.ts';

const ask = (stand: Stand, token: string, model = 'small') =>
  stand.send('POST', '/v1/chat/completions', {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...hello, model }),
  });

const sqlInKeys: SecurityCheck = {
  id: 'sql-in-keys',
  threat: 'SQL injection before authentication',
  rule: 'SQL in a key, an id or a name is a key, an id or a name like any other.',
  async run(stand) {
    const problems: string[] = [];
    const words = [
      "'OR'1'='1'--aaaaaaaa",
      '";DROP/**/TABLE/**/keys;--',
      "x')/**/UNION/**/SELECT/**/record/**/FROM/**/keys--",
      '%27%20OR%201=1--aaaa',
    ];
    for (const word of words) {
      const asKey = await ask(stand, word);
      const asId = await stand.admin('POST', `/admin/keys/${encodeURIComponent(word)}/revoke`, {});
      const asIdempotency = await stand.chat(hello, { 'idempotency-key': word });
      const asAgent = await stand.chat(hello, { 'x-agent-name': word });
      problems.push(
        ...expectEqual(`${word} as key`, [asKey.status, codeOf(asKey)], [401, 'invalid_api_key']),
        ...expectEqual(`${word} as id`, asId.status, 404),
        ...expectEqual(`${word} as idempotency key`, asIdempotency.status, 200),
        ...expectEqual(`${word} as agent`, asAgent.status, 400),
      );
    }
    const keys = await stand.admin('GET', '/admin/keys');
    return [...problems, ...expectEqual('the keys are still there', keys.status, 200)];
  },
};

/** A SQL statement with an interpolated value. */
export function isBuiltSql(line: string): boolean {
  return /\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE)\b/.test(line) && (/\$\{/.test(line) || /['"`]\s*\+|\+\s*['"`]/.test(line));
}

const sqlByConstruction: SecurityCheck = {
  id: 'sql-by-construction',
  threat: 'SQL injection before authentication',
  rule: 'No SQL is put together from strings: statements are literals, values are parameters.',
  async run() {
    return linesIn('worker/objects')
      .filter(({ text }) => isBuiltSql(text))
      .map(({ path, number, text }) => `${path}:${number}: ${text.trim()}`);
  },
};

const nearKeys: SecurityCheck = {
  id: 'near-keys',
  threat: 'Collision in the cache of keys',
  rule: 'Keys that differ in one character share nothing, however warm the cache is.',
  async run(stand) {
    const { key } = await stand.makeKey();
    const problems = expectEqual('the real key', (await ask(stand, key)).status, 200);
    for (let position = key.length - 1; position >= 0; position -= 6) {
      const other = key.slice(0, position) + (key[position] === 'x' ? 'y' : 'x') + key.slice(position + 1);
      problems.push(...expectEqual(`changed at ${position}`, (await ask(stand, other)).status, 401));
    }
    problems.push(
      ...expectEqual('with something behind it', (await ask(stand, `${key}x`)).status, 401),
      ...expectEqual('without its last character', (await ask(stand, key.slice(0, -1))).status, 401),
      ...expectEqual('in upper case', (await ask(stand, key.toUpperCase())).status, 401),
      ...expectEqual('the bootstrap key and one more', (await ask(stand, `${secrets.clientKey}1`)).status, 401),
    );
    return problems;
  },
};

const revoked: SecurityCheck = {
  id: 'revoked-keys',
  threat: 'A key outlives its end',
  rule: 'A revoked, rotated or expired key is refused; scopes, models and agents are held to.',
  async run(stand) {
    const { id, key } = await stand.makeKey();
    const before = (await ask(stand, key)).status;
    await stand.admin('POST', `/admin/keys/${id}/revoke`, {});
    const after = await ask(stand, key);
    const rotated = await stand.makeKey();
    await stand.admin('POST', `/admin/keys/${rotated.id}/rotate`, {});
    const past = await stand.admin('POST', '/admin/keys', { name: 'late', expires_at: '2020-01-01T00:00:00Z' });
    const scoped = await stand.makeKey({ scopes: ['usage'] });
    const bound = await stand.makeKey({ allowed_models: ['qwen2.5-32b'] });
    return [
      ...expectEqual('before', before, 200),
      ...expectEqual('after', [after.status, codeOf(after)], [401, 'invalid_api_key']),
      ...expectEqual('rotated', (await ask(stand, rotated.key)).status, 401),
      ...expectEqual('made with a past expiry', past.status, 400),
      ...expectEqual('without the scope', (await ask(stand, scoped.key)).status, 403),
      ...expectEqual('for another model', (await ask(stand, bound.key, 'qwen2.5-7b')).status, 403),
      ...expectEqual('for another tier', (await ask(stand, bound.key, 'small')).status, 403),
    ];
  },
};

const malformed: SecurityCheck = {
  id: 'malformed-credentials',
  threat: 'A key outlives its end',
  rule: 'Every other way to write an Authorization header is refused alike, and says nothing about the key.',
  async run(stand) {
    const values = [
      '',
      'Bearer',
      'Bearer ',
      `bearer  ${secrets.clientKey}`,
      `Basic ${Buffer.from(`a:${secrets.clientKey}`).toString('base64')}`,
      secrets.clientKey,
      `Bearer ${secrets.clientKey}, Bearer x`,
      `Bearer ${'x'.repeat(5000)}`,
      'Bearer undefined',
      'Bearer null',
      'Bearer [object Object]',
      `Token ${secrets.clientKey}`,
    ];
    const problems: string[] = [];
    for (const authorization of values) {
      const answer = await stand.send('GET', '/v1/models', { headers: authorization === '' ? {} : { authorization } });
      problems.push(...expectEqual(`"${authorization.slice(0, 40)}"`, answer.status, 401));
    }
    const inQuery = await stand.send('GET', `/v1/models?api_key=${secrets.clientKey}&key=${secrets.clientKey}`);
    const inHeaders = { 'x-api-key': `${secrets.clientKey}x`, 'api-key': `${secrets.clientKey}, ${secrets.clientKey}` };
    const inHeader = await stand.send('GET', '/v1/models', { headers: inHeaders });
    const asOperator = await stand.send('GET', '/stats', { headers: { 'x-api-key': secrets.adminToken } });
    return [
      ...problems,
      ...expectEqual('in the query', inQuery.status, 401),
      ...expectEqual('a wrong one in the headers of other APIs', inHeader.status, 401),
      ...expectEqual('the admin token in a header for keys', asOperator.status, 401),
    ];
  },
};

/** A well-formed key with valid check characters. */
function madeUpKey(): string {
  const key = formatKey('live', randomBytes(24));
  if (!key.ok) throw new Error(key.failure);
  return key.value.token;
}

const flood: SecurityCheck = {
  id: 'made-up-keys',
  threat: 'Floods of made-up keys',
  rule: 'While hundreds of well-formed keys that nobody has are tried, keys that exist are served, and no made-up one ever is.',
  async run(stand) {
    const { key } = await stand.makeKey();
    const before = await ask(stand, key);
    const tries = Array.from({ length: 400 }, () =>
      stand.send('GET', '/v1/models', { headers: { authorization: `Bearer ${madeUpKey()}` } }),
    );
    const real = await Promise.all(Array.from({ length: 20 }, () => ask(stand, key)));
    const refused = await Promise.all(tries);
    // Later keys are looked up again.
    const deadline = Date.now() + 5000;
    const late = await stand.makeKey();
    while ((await ask(stand, late.key)).status === 503 && Date.now() < deadline) await new Promise((go) => setTimeout(go, 200));
    return [
      ...expectEqual('before', before.status, 200),
      ...expectEqual('answers to the real key', [...new Set(real.map(({ status }) => status))], [200]),
      ...expectTrue(
        'a made-up key is 401, or 503 beyond the bound of look-ups',
        refused.every(({ status }) => status === 401 || status === 503),
      ),
      ...expectTrue(
        'look-ups are bounded',
        refused.some(({ status }) => status === 503),
      ),
      ...expectEqual('a new key afterwards', (await ask(stand, late.key)).status, 200),
    ];
  },
};

/** Whether one side is named like a secret and the other is a value. */
export function isOfSecrets([, left = '', right = '']: RegExpExecArray): boolean {
  const isSecret = (side: string) => /(?:secret|password|token|apikey|clientkey|upstreamkey)$/i.test(side);
  const isConstant = (side: string) => /^(?:null|undefined|true|false|\d.*|['"`].*)$/.test(side);
  return (isSecret(left) && !isConstant(right)) || (isSecret(right) && !isConstant(left));
}

const constantTime: SecurityCheck = {
  id: 'constant-time-by-construction',
  threat: 'Timing of comparisons',
  rule: 'Secrets are compared by their digests in constant time; nothing compares one with ===.',
  async run() {
    const compares = ['worker/middleware', 'worker/io', 'worker/routes', 'worker/core/auth', 'worker/objects']
      .flatMap(linesIn)
      .filter(({ text }) => [...text.matchAll(/([\w.]+)\s*[!=]==?\s*([\w.'"`]+)/g)].some(isOfSecrets))
      .map(({ path, number, text }) => `${path}:${number}: ${text.trim()}`);
    const safe = linesMatching('worker/io', /timingSafeEqual\(/);
    return [...compares, ...expectTrue('timingSafeEqual is used', safe.length > 0)];
  },
};

export const keyChecks: readonly SecurityCheck[] = [
  sqlInKeys,
  sqlByConstruction,
  nearKeys,
  revoked,
  malformed,
  flood,
  constantTime,
];
