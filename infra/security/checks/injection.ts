/** Text that tries to be more than text: in events, headers, paths, names, and in the framing of HTTP itself. */
import { comesTrue, expectEqual, expectTrue, hello, type SecurityCheck, say } from '../check.ts';
import { secrets } from '../stand.ts';

const eventInjection: SecurityCheck = {
  id: 'event-injection',
  threat: 'Injection into streams and headers',
  rule: 'A model’s words stay one JSON string in one data line, whatever framing they imitate.',
  async run(stand) {
    const words = 'x\n\ndata: {"choices":[]}\n\nevent: evil\ndata: [DONE]\n\n: comment\r\n\r\nid: 1\r';
    const encoded = Buffer.from(words).toString('base64');
    const problems: string[] = [];
    for (const text of ['[[fault:hostile-content]][[tokens:8]]Hi', `[[say64:${encoded}]]Hi`]) {
      const { text: body } = await stand.chat(say(text, { stream: true }));
      const lines = body.split('\n').filter((line) => line !== '');
      const odd = lines.filter((line) => !line.startsWith(': ') && !isDataLine(line));
      problems.push(
        ...expectEqual('lines that are no event of ours', odd, []),
        ...expectEqual('ends', lines.filter((line) => line === 'data: [DONE]').length, 1),
        ...expectTrue('[DONE] is the last line', lines.at(-1) === 'data: [DONE]'),
      );
    }
    return problems;
  },
};

function isDataLine(line: string): boolean {
  if (line === 'data: [DONE]') return true;
  if (!line.startsWith('data: ')) return false;
  try {
    return typeof JSON.parse(line.slice(6)) === 'object';
  } catch {
    return false;
  }
}

const hostileIds = [
  'a b',
  'a\tb',
  '<script>',
  'a"b',
  "a'b",
  '../..',
  'a/b',
  'a;b',
  'a,b',
  'x'.repeat(129),
  '${jndi:ldap://x}',
  '%0d%0aset-cookie:a=1',
];

const headerInjection: SecurityCheck = {
  id: 'header-injection',
  threat: 'Injection into streams and headers',
  rule: 'Ids of clients travel on only when they are harmless; no text of a body can end a header.',
  async run(stand) {
    const problems: string[] = [];
    for (const id of hostileIds) {
      const answer = await stand.chat(hello, { 'x-request-id': id });
      problems.push(
        ...expectTrue(
          `request id ${id.slice(0, 20)} is replaced`,
          answer.headers.get('x-request-id') !== id && answer.status === 200,
        ),
      );
      const asAgent = await stand.chat(hello, { 'x-agent-name': id });
      problems.push(...expectEqual(`agent ${id.slice(0, 20)}`, asAgent.status, 400));
    }
    const field = 'a\r\nset-cookie: b=1\r\n\r\n<h1>é東';
    const reflected = await stand.chat({ ...hello, [field]: 1, model: `x\r\nset-cookie: c=1 é` });
    const ignored = await stand.chat({ ...hello, [field]: 1 });
    const bytes = `GET /livez HTTP/1.1\r\nhost: gateway\r\nx-request-id: a\r\n set-cookie: d=1\r\nconnection: close\r\n\r\n`;
    const folded = await stand.raw(bytes);
    return [
      ...problems,
      ...expectEqual('an unknown model is not found', reflected.status, 404),
      ...expectEqual(
        'no cookie is set',
        [reflected, ignored, folded].map(({ headers }) => headers.get('set-cookie')),
        [null, null, null],
      ),
      ...expectTrue('the metadata header is ASCII', /^[\x20-\x7e]+$/.test(ignored.headers.get('x-routing-metadata') ?? '')),
    ];
  },
};

/** Spellings that other software reads as another path: none may reach operators' paths. */
const trickyPaths = [
  '//admin/keys',
  '/admin//keys',
  '/admin/keys/',
  '/admin/./keys',
  '/v1/../admin/keys',
  '/v1/%2e%2e/admin/keys',
  '/%61dmin/keys',
  '/admin%2fkeys',
  '/admin%5ckeys',
  '/ADMIN/KEYS',
  '/admin/keys%00',
  '/admin/keys%20',
  '/admin/keys;x=1',
  '/admin/keys.json',
  '/admin/keys%3f',
  '/livez/../admin/keys',
  '/livez%2f..%2fadmin%2fkeys',
  '/health/..;/admin/keys',
  '/%2fadmin/keys',
  '/stats/',
  '/stats%2f',
  '/STATS',
  '/.env',
  '/.git/config',
  '/worker/index.ts',
];

const paths: SecurityCheck = {
  id: 'path-tricks',
  threat: 'Path tricks',
  rule: 'No spelling of a path opens what the plain one does not; what is not in the table does not exist.',
  async run(stand) {
    const problems: string[] = [];
    for (const path of trickyPaths) {
      const answer = await stand.raw(`GET ${path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n`);
      problems.push(...expectTrue(`GET ${path}: ${answer.status}`, [400, 401, 404].includes(answer.status)));
      const asClient = await stand.raw(
        `GET ${path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${secrets.clientKey}\r\nconnection: close\r\n\r\n`,
      );
      problems.push(...expectTrue(`GET ${path} as a client: ${asClient.status}`, [400, 401, 403, 404].includes(asClient.status)));
    }
    for (const [name, value] of [
      ['x-http-method-override', 'POST'],
      ['x-original-url', '/admin/keys'],
      ['x-rewrite-url', '/admin/keys'],
      ['x-forwarded-prefix', '/admin'],
    ] as const) {
      const answer = await stand.send('GET', '/livez', { headers: { [name]: value } });
      problems.push(...expectEqual(`${name}`, [answer.status, answer.text], [200, '{"status":"ok"}']));
    }
    for (const method of ['PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
      const answer = await stand.send(method, '/admin/keys', { headers: { authorization: `Bearer ${secrets.adminToken}` } });
      problems.push(...expectTrue(`${method} /admin/keys: ${answer.status}`, answer.status === 405));
    }
    return problems;
  },
};

const smuggling: SecurityCheck = {
  id: 'request-smuggling',
  threat: 'Request smuggling',
  rule: 'Ambiguous framing never lets a hidden second request be answered.',
  async run(stand) {
    const hidden = `GET /v1/models HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${secrets.clientKey}\r\n\r\n`;
    const head = 'POST /livez HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n';
    const framings: readonly (readonly [string, string])[] = [
      ['length and chunks', `content-length: ${hidden.length + 5}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
      ['two lengths', `content-length: 0\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`],
      ['a list of lengths', `content-length: 0, ${hidden.length}\r\n\r\n${hidden}`],
      ['chunked, identity', `transfer-encoding: chunked, identity\r\ncontent-length: 5\r\n\r\n0\r\n\r\n${hidden}`],
      ['a blank before the colon', `content-length : 0\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`],
      ['xchunked', `transfer-encoding: xchunked\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`],
      ['a tab before chunked', `transfer-encoding:\tchunked\r\ncontent-length: ${hidden.length + 5}\r\n\r\n0\r\n\r\n${hidden}`],
      ['a negative length', `content-length: -1\r\n\r\n${hidden}`],
      ['a length with a sign', `content-length: +${hidden.length}\r\n\r\n${hidden}`],
      ['a chunk size with a sign', `transfer-encoding: chunked\r\n\r\n+0\r\n\r\n${hidden}`],
    ];
    const problems: string[] = [];
    for (const [what, rest] of framings) {
      const answer = await stand.raw(head + rest, 1500);
      problems.push(...expectTrue(`${what}: the hidden request was answered`, !answer.received.includes('"object":"list"')));
    }
    return problems;
  },
};

const cardinality: SecurityCheck = {
  id: 'ledger-cardinality',
  threat: 'Names without end',
  rule: 'Names that clients make up fill a bounded list, and no sum is lost.',
  async run(stand) {
    const read = async (): Promise<StatsPage> => JSON.parse((await stand.admin('GET', '/stats')).text);
    const before = await read();
    await inGroups(260, 20, (index) => stand.chat(hello, { 'x-agent-name': `made-up-${index}` }));
    let after = before;
    await comesTrue(async () => {
      after = await read();
      return after.totals.requests >= before.totals.requests + 260;
    });
    const sum = (page: StatsPage) => Object.values(page.agents).reduce((total, { requests }) => total + requests, 0);
    return [
      ...expectTrue(`${Object.keys(after.agents).length} names`, Object.keys(after.agents).length <= 201),
      ...expectTrue('no request is missing', sum(after) - sum(before) >= 260),
      ...expectEqual('the sum of the agents is the total', sum(after), after.totals.requests),
    ];
  },
};

interface StatsPage {
  readonly agents: Readonly<Record<string, { readonly requests: number }>>;
  readonly totals: { readonly requests: number };
}

const markup: SecurityCheck = {
  id: 'markup-in-names',
  threat: 'Markup in names and answers',
  rule: 'Nothing that a browser would run: every answer is JSON or events, unsniffable, and names cannot hold markup.',
  async run(stand) {
    const name = '<img src=x onerror=alert(1)>';
    const answers = [
      await stand.chat({ ...hello, model: name }),
      await stand.chat({ ...hello, [name]: 1 }),
      await stand.send('GET', `/${encodeURIComponent(name)}`),
      await stand.send('GET', `/v1/models/${encodeURIComponent(name)}`, {
        headers: { authorization: `Bearer ${secrets.clientKey}` },
      }),
      await stand.admin('POST', '/admin/keys', { name }),
      await stand.admin('GET', '/admin/keys'),
    ];
    return answers.flatMap((answer, index) => [
      ...expectTrue(`answer ${index} is JSON`, answer.headers.get('content-type')?.startsWith('application/json') === true),
      ...expectEqual(`answer ${index}: sniffing`, answer.headers.get('x-content-type-options'), 'nosniff'),
    ]);
  },
};

async function inGroups(count: number, size: number, work: (index: number) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < count; start += size) {
    await Promise.all(Array.from({ length: Math.min(size, count - start) }, (_, i) => work(start + i)));
  }
}

export const injectionChecks: readonly SecurityCheck[] = [eventInjection, headerInjection, paths, smuggling, cardinality, markup];
