/** Requests and answers made to cost more than they should: refused early, or bounded. The bounds are generous; the checks prove that they exist. */
import { gzipSync } from 'node:zlib';
import { codeOf, expectEqual, expectTrue, hello, type SecurityCheck, say } from '../check.ts';
import { secrets, type Stand } from '../stand.ts';

/** Generous, for slow and busy machines. */
const boundMs = 4000;

/** Runs `send` and reports when it takes longer than the bound, or when the gateway does not answer afterwards. */
async function bounded<T>(stand: Stand, what: string, send: () => Promise<T>): Promise<{ answer: T; problems: string[] }> {
  const startedAt = performance.now();
  const answer = await send();
  const tookMs = performance.now() - startedAt;
  const alive = await stand.send('GET', '/livez');
  return {
    answer,
    problems: [
      ...expectTrue(`${what}: ${Math.round(tookMs)} ms`, tookMs < boundMs),
      ...expectEqual(`${what}: alive`, alive.status, 200),
    ],
  };
}

const nest = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

const jsonBombs: SecurityCheck = {
  id: 'json-bombs',
  threat: 'JSON bombs',
  rule: 'Size, depth and counts are checked before anything walks the body.',
  async run(stand) {
    const message = '{"role":"user","content":"Hi"}';
    const bodies: readonly (readonly [string, string, number])[] = [
      ['65 levels', `{"messages":[${message}],"metadata":${nest(65, '{"a":', '}').replace('}', '1}')}}`, 400],
      ['200,000 levels of arrays', nest(200_000, '[', ']'), 400],
      ['200,000 levels in a field', `{"messages":[${message}],"x":${nest(200_000, '[', ']')}}`, 400],
      ['200,000 open brackets', '['.repeat(200_000), 400],
      ['100,000 messages', `{"messages":[${Array.from({ length: 100_000 }, () => message).join(',')}]}`, 400],
      ['100,000 wrong messages', `{"messages":[${'1,'.repeat(100_000)}1]}`, 400],
      [
        '100,000 unknown fields',
        `{"messages":[${message}],${Array.from({ length: 100_000 }, (_, i) => `"f${i}":1`).join(',')}}`,
        200,
      ],
      [
        'a string of 3 MB',
        JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'a '.repeat(1_500_000) }] }),
        400,
      ],
      ['numbers beyond every range', `{"messages":[${message}],"temperature":1e999,"seed":99999999999999999999}`, 400],
      ['5 MB', JSON.stringify({ ...hello, user: 'x'.repeat(5_000_000) }), 413],
    ];
    const problems: string[] = [];
    for (const [what, body, status] of bodies) {
      const { answer, problems: found } = await bounded(stand, what, () => stand.chat(body));
      problems.push(...found, ...expectEqual(`${what}: status`, answer.status, status));
    }
    return problems;
  },
};

const countedBodies: SecurityCheck = {
  id: 'bodies-counted',
  threat: 'JSON bombs',
  rule: 'A body without or with a false length is counted while it is read.',
  async run(stand) {
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${secrets.clientKey}\r\ncontent-type: application/json\r\nconnection: close\r\n`;
    const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
    const { answer, problems } = await bounded(stand, '6 MB in chunks', () =>
      stand.raw(`${head}transfer-encoding: chunked\r\n\r\n${chunk.repeat(96)}0\r\n\r\n`),
    );
    return [...problems, ...expectEqual('6 MB in chunks: status', answer.status, 413)];
  },
};

const duplicateKeys: SecurityCheck = {
  id: 'duplicate-keys',
  threat: 'JSON bombs',
  rule: 'A body with a key twice is read once: the model server gets what was validated and billed.',
  async run(stand) {
    const answer = await stand.chat(
      '{"model":"large","max_tokens":9,"model":"small","max_tokens":7,"messages":[{"role":"user","content":"[[tokens:5]]Hi"}]}',
    );
    const sent = stand
      .chatCalls()
      .toSorted((a, b) => a.receivedAtMs - b.receivedAtMs)
      .at(-1);
    return [
      ...expectEqual('status', answer.status, 200),
      ...expectEqual('model', sent?.model, 'Qwen/Qwen2.5-7B-Instruct'),
      ...expectEqual('max_tokens', sent?.maxTokens, 7),
    ];
  },
};

const gzipBomb: SecurityCheck = {
  id: 'gzip-bomb',
  threat: 'Compressed bodies',
  rule: 'A compressed body is refused unread.',
  async run(stand) {
    const zipped = gzipSync(Buffer.alloc(50_000_000, 32)).toString('latin1');
    const problems: string[] = [];
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'gzip, identity', 'identity, gzip']) {
      const answer = await stand.raw(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${secrets.clientKey}\r\ncontent-type: application/json\r\ncontent-encoding: ${encoding}\r\nconnection: close\r\ncontent-length: ${zipped.length}\r\n\r\n${zipped}`,
      );
      problems.push(...expectEqual(encoding, answer.status, 415));
    }
    return problems;
  },
};

const pollution: SecurityCheck = {
  id: 'prototype-pollution',
  threat: 'Prototype pollution',
  rule: 'Keys such as __proto__ change no object but their own, here or in the next request.',
  async run(stand) {
    const hostile = '{"__proto__":{"model":"large","isAdmin":true,"stream":true},"constructor":{"prototype":{"stream":true}}';
    const message = '"model":"small","messages":[{"role":"user","content":"[[tokens:5]]Hi"}]';
    const problems: string[] = [];
    const bodies = [
      `${hostile},${message}}`,
      `{${message},"metadata":{"__proto__":"x","constructor":"y","toString":"z"}}`,
      `{${message},"logit_bias":{"__proto__":{"a":1}}}`,
      `{${message},"tools":[{"type":"function","function":{"name":"constructor","parameters":{"__proto__":{"polluted":1},"type":"object"}}}]}`,
      `{${message},"response_format":{"type":"json_schema","json_schema":{"name":"__proto__","schema":{"properties":{"__proto__":{"type":"string"}}}}}}`,
    ];
    for (const [index, body] of bodies.entries()) {
      const answer = await stand.chat(body);
      problems.push(
        ...expectTrue(
          `body ${index}: ${answer.status} ${codeOf(answer)}`,
          answer.status < 500 || codeOf(answer) === 'invalid_structured_output',
        ),
      );
    }
    for (const agent of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      problems.push(...expectEqual(`agent ${agent}`, (await stand.chat(hello, { 'x-agent-name': agent })).status, 200));
    }
    for (const model of ['__proto__', 'constructor', 'toString']) {
      problems.push(...expectEqual(`model ${model}`, (await stand.chat({ ...hello, model })).status, 404));
    }
    const after = await stand.chat(hello);
    const stats = await stand.admin('GET', '/stats');
    return [
      ...problems,
      ...expectEqual('afterwards', [after.status, after.headers.get('content-type')], [200, 'application/json']),
      ...expectEqual('the statistics can be read', stats.status, 200),
      ...expectTrue('a new request is no admin', (await stand.send('GET', '/stats')).status === 401),
    ];
  },
};

const regexBombs: SecurityCheck = {
  id: 'regex-bombs',
  threat: 'Regular expressions of ours',
  rule: 'No text of a request makes a pattern of the gateway backtrack.',
  async run(stand) {
    const texts: readonly (readonly [string, string])[] = [
      ['a', 'a'.repeat(60_000)],
      ['blanks', ' '.repeat(60_000)],
      ['blanks and an end', `${'\t '.repeat(30_000)}!`],
      ['brackets', '[[[['.repeat(15_000)],
      ['fences', '```'.repeat(20_000)],
      ['keywords', 'prove step by step '.repeat(3000)],
      ['letters with marks', 'é̀́̂'.repeat(12_000)],
      ['an address', `https://${'a.'.repeat(25_000)}`],
      ['tool markup', '<tool_call>{"name":'.repeat(3000)],
    ];
    const problems: string[] = [];
    for (const [what, text] of texts) {
      const { answer, problems: found } = await bounded(stand, what, () =>
        stand.chat({ model: 'auto', messages: [{ role: 'user', content: text }], max_tokens: 20 }),
      );
      problems.push(...found, ...expectTrue(`${what}: ${answer.status}`, answer.status === 200 || answer.status === 400));
    }
    return problems;
  },
};

const schemaBombs: SecurityCheck = {
  id: 'schema-bombs',
  threat: 'Schemas of clients',
  rule: 'A schema is bounded in size, depth and references, and its patterns in what they may cost.',
  async run(stand) {
    const deep = (depth: number): unknown =>
      depth === 0 ? { type: 'string' } : { type: 'object', properties: { a: deep(depth - 1) } };
    const schemas: readonly (readonly [string, unknown, number | null])[] = [
      ['a pattern that backtracks', { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } }, null],
      ['another one', { type: 'object', properties: { a: { type: 'string', pattern: '(x*x*)*y' } } }, null],
      ['a reference to itself', { $ref: '#' }, 400],
      ['a circle of references', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }, 400],
      ['thirty levels', deep(30), 400],
      ['40 kB', { type: 'string', enum: Array.from({ length: 4000 }, (_, i) => `value-${i}`) }, 400],
      ['allOf upon allOf', { allOf: [{ allOf: [{ allOf: [{ $ref: '#' }] }] }] }, 400],
      [
        'a pattern of 10,000 characters',
        { type: 'object', properties: { a: { type: 'string', pattern: `(${'a?'.repeat(5000)})` } } },
        null,
      ],
      ['a count of a billion', { type: 'object', properties: { a: { type: 'string', pattern: 'a{1000000000}' } } }, null],
    ];
    const problems: string[] = [];
    for (const [what, schema, status] of schemas) {
      const body = say('[[say:{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}]]', {
        response_format: { type: 'json_schema', json_schema: { name: 's', schema } },
      });
      const { answer, problems: found } = await bounded(stand, what, () => stand.chat(body));
      const isFine = status === null ? [200, 400, 502].includes(answer.status) : answer.status === status;
      problems.push(...found, ...expectTrue(`${what}: ${answer.status} ${codeOf(answer)}`, isFine));
    }
    return problems;
  },
};

const answerBombs: SecurityCheck = {
  id: 'answer-bombs',
  threat: 'JSON repair',
  rule: 'An answer that is meant to be repaired for ever, or that never ends, is given up.',
  async run(stand) {
    const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
    const format = { response_format: { type: 'json_schema', json_schema: { name: 's', schema } } };
    const problems: string[] = [];
    // The cost of repair itself is measured in test/core/structured; here every two bytes are an event, and each model is tried.
    for (const [fault, body] of [
      ['repair-bomb;bytes=4000', format],
      ['deep-json', format],
      ['repair-bomb;bytes=4000', { ...format, stream: true }],
      ['huge-event;bytes=4000000', { stream: true }],
      ['endless-line;bytes=8000000', { stream: true }],
    ] as const) {
      const { answer, problems: found } = await bounded(stand, fault, () =>
        stand.chat(say(`[[fault:${fault}]]Hi`, { ...body, max_tokens: 16_000 })),
      );
      problems.push(...found, ...expectTrue(`${fault}: ends in an error`, answer.text.includes('"error"')));
    }
    return problems;
  },
};

const consumption: SecurityCheck = {
  id: 'bounded-consumption',
  threat: 'Unbounded consumption',
  rule: 'What multiplies work is bounded, and no request goes to a model server without a limit on its answer.',
  async run(stand) {
    const problems: string[] = [];
    for (const field of [
      { n: 1_000_000 },
      { n: 5 },
      { n: 0 },
      { n: -1 },
      { n: 1.5 },
      { max_tokens: 1_000_000_000 },
      { max_tokens: 0 },
      { max_tokens: -5 },
      { max_completion_tokens: 1e300 },
      { stop: Array.from({ length: 100 }, () => 'x') },
      { stop: ['x'.repeat(2000)] },
      { logprobs: true, top_logprobs: 100 },
      { tools: Array.from({ length: 600 }, (_, i) => ({ type: 'function', function: { name: `t${i}` } })) },
      { logit_bias: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [i, 1])) },
    ]) {
      const answer = await stand.chat({ ...hello, ...field });
      problems.push(...expectEqual(JSON.stringify(field).slice(0, 40), answer.status, 400));
    }
    const { max_tokens: _, ...unlimited } = hello;
    await stand.chat(unlimited);
    const sent = stand
      .chatCalls()
      .toSorted((a, b) => a.receivedAtMs - b.receivedAtMs)
      .at(-1);
    return [...problems, ...expectTrue('a limit is sent', sent !== undefined && (sent.maxTokens ?? 0) > 0)];
  },
};

const slowBody: SecurityCheck = {
  id: 'slow-body',
  threat: 'Slow clients',
  rule: 'A body that does not arrive within its deadline is given up with 408.',
  async run(stand) {
    const answer = await stand.raw(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${secrets.clientKey}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"messages":`,
      boundMs,
    );
    return expectEqual('status', answer.status, 408);
  },
};

export const bombChecks: readonly SecurityCheck[] = [
  jsonBombs,
  countedBodies,
  duplicateKeys,
  gzipBomb,
  pollution,
  regexBombs,
  schemaBombs,
  answerBombs,
  consumption,
  slowBody,
];
