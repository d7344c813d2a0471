/** What crosses the gateway in each direction: headers, secrets, caches, other sites. */
import { codeOf, expectEqual, expectTrue, hello, type SecurityCheck, say } from '../check.ts';
import { secrets, type Stand } from '../stand.ts';

const toServers = new Set([
  'accept',
  'accept-encoding',
  'authorization',
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'host',
  'transfer-encoding',
  'user-agent',
  'x-request-id',
  'cf-access-client-id',
  'cf-access-client-secret',
  // Added by the platform to every subrequest of a Worker.
  'cf-connecting-ip',
  'cf-ew-via',
  'cf-ray',
  'cf-visitor',
  'cf-worker',
  'cdn-loop',
  'mf-loop',
  'x-forwarded-proto',
]);

const requestHeaders: SecurityCheck = {
  id: 'headers-to-upstream',
  threat: 'Keys in the wrong hands',
  rule: 'Only listed headers travel to a model server; a client’s key, cookies and own headers never do.',
  async run(stand) {
    const mine = {
      cookie: 'session=1',
      'x-api-key': 'mine',
      'x-agent-name': 'writer',
      'x-custom': '1',
      'x-forwarded-for': '10.0.0.1',
      via: '1.1 me',
      traceparent: '00-1',
    };
    const answer = await stand.chat(hello, mine);
    const sent = stand.chatCalls().at(-1);
    const gated = stand.fleet.gate?.log().at(-1);
    return [
      ...expectEqual('status', answer.status, 200),
      ...expectEqual(
        'headers of the model server',
        sent?.headerNames.filter((name) => !toServers.has(name)),
        [],
      ),
      ...expectEqual(
        'headers at the gate',
        gated?.headerNames.filter((name) => !toServers.has(name)),
        [],
      ),
      ...expectTrue('the service token reached the gate', gated?.hasServiceToken === true),
      ...expectTrue('and stayed there', sent?.headerNames.every((name) => !name.startsWith('cf-access')) === true),
    ];
  },
};

const toClients = new Set([
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'retry-after',
  'strict-transport-security',
  'transfer-encoding',
  'vary',
  'x-cache',
  'x-content-type-options',
  'x-frame-options',
  'x-request-id',
  'x-routing-metadata',
  'x-should-retry',
]);

const responseHeaders: SecurityCheck = {
  id: 'headers-to-client',
  threat: 'Keys in the wrong hands',
  rule: 'No header of a model server reaches a client.',
  async run(stand) {
    const problems: string[] = [];
    for (const stream of [false, true]) {
      const answer = await stand.chat(say('[[fault:leaky-headers]][[tokens:6]]Hi', { stream }));
      const names = [...answer.headers.keys()];
      problems.push(
        ...expectEqual('status', answer.status, 200),
        ...expectEqual(
          'headers',
          names.filter((name) => !toClients.has(name)),
          [],
        ),
        ...expectTrue('no word of them in the body', !answer.text.includes('canary-')),
      );
    }
    return problems;
  },
};

const quietErrors: SecurityCheck = {
  id: 'upstream-errors-reshaped',
  threat: 'Keys in the wrong hands',
  rule: 'A model server’s traceback, refusal or login page is never shown: no path, no key, no HTML, and never its 401.',
  async run(stand) {
    const faults = [
      'out-of-memory',
      'unauthorized',
      'forbidden',
      'bad-gateway',
      'html-body',
      'server-error',
      'legacy-error',
      'garbage-body',
    ];
    const problems: string[] = [];
    for (const fault of faults) {
      const answer = await stand.chat(say(`[[fault:${fault}]]Hi`));
      problems.push(
        ...expectTrue(`${fault}: ${answer.status} is a 502 or 503`, [502, 503].includes(answer.status)),
        ...expectTrue(
          `${fault}: nothing of the server’s`,
          !/traceback|\/usr\/|\/home\/|\.py\b|<html|cuda|sk-|hf_|nginx/i.test(answer.text),
        ),
        ...expectTrue(`${fault}: a code`, codeOf(answer) !== null),
      );
    }
    return problems;
  },
};

function saltsOf(stand: Stand, count: number): unknown[] {
  return stand
    .chatCalls()
    .toSorted((a, b) => a.receivedAtMs - b.receivedAtMs)
    .slice(-count)
    .map(({ body }) => (typeof body === 'object' && body !== null && 'cache_salt' in body ? body.cache_salt : null));
}

const cacheSalt: SecurityCheck = {
  id: 'cache-salt',
  threat: 'Prefix cache between tenants',
  rule: 'The prefix cache of a model server is salted per key: stable, different for each, and not the client’s to choose.',
  async run(stand) {
    const [a, b] = [await stand.makeKey(), await stand.makeKey()];
    const ask = (key: string, body: object) =>
      stand.send('POST', '/v1/chat/completions', {
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await ask(a.key, hello);
    await ask(a.key, { ...hello, cache_salt: 'chosen-by-client' });
    await ask(b.key, { ...hello, cache_salt: 'chosen-by-client' });
    const [first, second, third] = saltsOf(stand, 3);
    return [
      ...expectTrue('there is a salt', typeof first === 'string' && first.length >= 32),
      ...expectEqual('the same key has the same salt', second, first),
      ...expectTrue('another key has another', third !== first && third !== 'chosen-by-client'),
      ...expectTrue('it names no key', typeof first === 'string' && !a.key.includes(first) && !first.includes(a.id)),
    ];
  },
};

const cors: SecurityCheck = {
  id: 'cors-off',
  threat: 'Other sites’ scripts',
  rule: 'As long as the configuration lists no origin, no answer allows another one anything; a preflight is refused.',
  async run(stand) {
    const problems: string[] = [];
    for (const path of ['/v1/chat/completions', '/v1/models', '/admin/keys', '/stats', '/health', '/nowhere']) {
      const headers = {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      };
      const preflight = await stand.send('OPTIONS', path, { headers });
      const plain = await stand.send('GET', path, { headers: { origin: 'https://evil.example' } });
      for (const [what, answer] of [
        ['preflight', preflight],
        ['GET', plain],
      ] as const) {
        const allowing = [...answer.headers.keys()].filter((name) => name.startsWith('access-control-'));
        problems.push(...expectEqual(`${what} ${path}`, allowing, []));
      }
      problems.push(...expectTrue(`preflight ${path} is no success (${preflight.status})`, preflight.status >= 400));
    }
    return problems;
  },
};

const isolation: SecurityCheck = {
  id: 'tenant-isolation',
  threat: 'One tenant’s data for another',
  rule: 'Request ids, idempotency keys, sessions, feedback and usage of one key mean nothing to another.',
  async run(stand) {
    const [a, b] = [await stand.makeKey(), await stand.makeKey()];
    const ask = (key: string, extra: Record<string, string>) =>
      stand.send('POST', '/v1/chat/completions', {
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...extra },
        body: JSON.stringify(hello),
      });
    const shared = { 'idempotency-key': 'shared', 'x-request-id': 'shared-request', 'x-session-id': 'shared-session' };
    await ask(a.key, shared);
    const second = await ask(b.key, shared);
    const feedback = await stand.send('POST', '/v1/feedback', {
      headers: { authorization: `Bearer ${b.key}`, 'content-type': 'application/json' },
      body: '{"request_id":"shared-request","score":0}',
    });
    const ids = stand.chatCalls().flatMap(({ id }) => (id.startsWith('shared-request') ? [id] : []));
    const usage = await stand.send('GET', `/v1/usage?key_id=${a.id}`, { headers: { authorization: `Bearer ${b.key}` } });
    return [
      ...expectEqual('two requests under one id have ids of their own at the model servers', new Set(ids).size, 2),
      ...expectTrue('usage is the caller’s own', usage.text.includes(b.id) && !usage.text.includes(a.id)),
      ...expectEqual(
        'the same idempotency key of another key is a request of its own',
        [second.status, second.headers.get('idempotent-replayed')],
        [200, null],
      ),
      ...expectEqual('another key’s answer cannot be rated', feedback.status, 404),
    ];
  },
};

const openPages: SecurityCheck = {
  id: 'open-pages',
  threat: 'Keys in the wrong hands',
  rule: 'What everybody may see names states and nothing else.',
  async run(stand) {
    const problems: string[] = [];
    const origins = Object.values(stand.fleet.urls).map((url) => new URL(url).host);
    for (const path of ['/health', '/livez', '/readyz', '/nowhere', '/']) {
      const { text } = await stand.send('GET', path);
      for (const word of [...origins, ...Object.values(secrets), 'UPSTREAM_URL', 'Bearer ey']) {
        if (text.includes(word)) problems.push(`${path} names ${word}`);
      }
    }
    return problems;
  },
};

export const hygieneChecks: readonly SecurityCheck[] = [
  requestHeaders,
  responseHeaders,
  quietErrors,
  cacheSalt,
  cors,
  isolation,
  openPages,
];
