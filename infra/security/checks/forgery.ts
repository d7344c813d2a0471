/** Server-side request forgery: nothing a client sends makes the gateway, or a model server, call an address of the client's choice. */
import { codeOf, expectEqual, expectTrue, hello, type SecurityCheck, say } from '../check.ts';
import { secrets, type Stand } from '../stand.ts';

const threat = 'Request forgery and key theft';

const ssrfBody: SecurityCheck = {
  id: 'ssrf-body-fields',
  threat,
  rule: 'No field of a body names a destination; unknown fields are dropped and never travel on.',
  async run(stand) {
    const fields = [
      'api_base',
      'base_url',
      'baseUrl',
      'custom_host',
      'url',
      'endpoint',
      'proxy',
      'upstream',
      'webhook',
      'callback_url',
    ];
    const objects = ['headers', 'extra_headers', 'extra_body', 'provider', 'default_headers'];
    const body = {
      ...hello,
      ...Object.fromEntries(fields.map((field) => [field, stand.canary])),
      ...Object.fromEntries(
        objects.map((field) => [field, { host: stand.canary, url: stand.canary, authorization: 'Bearer x' }]),
      ),
    };
    const answer = await stand.chat(body);
    const sent = stand.chatCalls().at(-1);
    const known = new Set(['model', 'messages', 'max_tokens', 'stream', 'cache_salt', 'stream_options']);
    return [
      ...expectEqual('status', answer.status, 200),
      ...expectEqual(
        'fields that travelled on',
        sent?.bodyKeys.filter((key) => !known.has(key)),
        [],
      ),
      ...noCalls(stand),
    ];
  },
};

const ssrfHeaders: SecurityCheck = {
  id: 'ssrf-headers',
  threat,
  rule: 'No header names a destination.',
  async run(stand) {
    const names = [
      'x-api-base',
      'x-portkey-custom-host',
      'x-base-url',
      'x-upstream',
      'x-forwarded-host',
      'x-original-url',
      'x-rewrite-url',
      'x-host',
      'forwarded',
      'x-litellm-api-base',
    ];
    const answer = await stand.chat(hello, Object.fromEntries(names.map((name) => [name, stand.canary])));
    const host = new URL(stand.canary).host;
    const body = JSON.stringify(hello);
    const asked = await stand.raw(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${secrets.clientKey}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
    const absolute = await stand.raw(`GET ${stand.canary}/v1/models HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    return [
      ...expectEqual('status', answer.status, 200),
      ...expectTrue('another Host header was refused or ignored', [200, 400, 404, 421].includes(asked.status)),
      ...expectTrue('an absolute target was refused or answered here', absolute.status === 0 || absolute.status >= 400),
      ...noCalls(stand),
    ];
  },
};

const hostileImages = (canary: string): string[] => [
  `${canary}/a.png`,
  'http://example.com/a.png',
  'https://127.0.0.1/a.png',
  'https://127.1/a.png',
  'https://2130706433/a.png',
  'https://0x7f.1/a.png',
  'https://[::1]/a.png',
  'https://[::ffff:169.254.169.254]/latest/meta-data/',
  'https://169.254.169.254/latest/meta-data/',
  'https://10.0.0.1/',
  'https://192.168.1.1/',
  'https://metadata.google.internal/computeMetadata/v1/',
  'https://localhost/a.png',
  'https://intranet/a.png',
  'https://printer.local/a.png',
  'https://user:password@example.com/a.png',
  'https://example.com:8443/a.png',
  'https://example.com\\@127.0.0.1/a.png',
  'https://example.com#@127.0.0.1/\u0000',
  'https://ex%61mple.com/a.png',
  'https://①②⑦.⓪.⓪.①/a.png',
  'file:///etc/passwd',
  'ftp://example.com/a.png',
  'gopher://127.0.0.1:6379/_FLUSHALL',
  'data:text/html;base64,PHNjcmlwdD4=',
  'data:image/svg+xml;base64,PHN2Zz4=',
  'data:image/png,notbase64',
  'javascript:alert(1)',
  '//127.0.0.1/a.png',
  ' https://127.0.0.1/a.png',
];

const images: SecurityCheck = {
  id: 'image-urls',
  threat,
  rule: 'The gateway fetches no image, and passes no private, literal or non-https address on.',
  async run(stand) {
    const calls = stand.chatCalls().length;
    const problems: string[] = [];
    for (const url of hostileImages(stand.canary)) {
      const content = [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url } },
      ];
      const answer = await stand.chat({ model: 'small', messages: [{ role: 'user', content }] });
      problems.push(...expectEqual(`${url}: answer`, [answer.status, codeOf(answer)], [400, 'invalid_value']));
    }
    return [...problems, ...expectEqual('model servers asked', stand.chatCalls().length - calls, 0), ...noCalls(stand)];
  },
};

const schemaRefs: SecurityCheck = {
  id: 'schema-remote-refs',
  threat,
  rule: 'A schema’s reference leads nowhere but into the schema itself.',
  async run(stand) {
    const problems: string[] = [];
    for (const $ref of [
      `${stand.canary}/schema.json`,
      'file:///etc/passwd',
      'https://example.com/s.json#/a',
      '../a.json',
      '//127.0.0.1/x',
    ]) {
      const schema = { type: 'object', properties: { a: { $ref } } };
      const answer = await stand.chat(say('x', { response_format: { type: 'json_schema', json_schema: { name: 's', schema } } }));
      problems.push(...expectEqual(`${$ref}: answer`, [answer.status, codeOf(answer)], [400, 'unsupported_schema']));
    }
    return [...problems, ...noCalls(stand)];
  },
};

const redirects: SecurityCheck = {
  id: 'upstream-redirects',
  threat,
  rule: 'A redirect of the tunnel is never followed, and neither it nor its page reaches a client.',
  async run(stand) {
    const { gate } = stand.fleet;
    gate?.set({ behaviour: 'access-302' });
    const answer = await stand.chat(hello);
    gate?.set({ behaviour: 'pass' });
    return [
      ...expectEqual('answer', [answer.status, codeOf(answer)], [502, 'upstream_auth']),
      ...expectEqual('location', answer.headers.get('location'), null),
      ...expectTrue('no HTML', !/<html|<!doctype/i.test(answer.text)),
      ...noCalls(stand),
    ];
  },
};

function noCalls(stand: Stand): string[] {
  return expectEqual('calls of the canary listener', stand.canaryCalls(), []);
}

export const forgeryChecks: readonly SecurityCheck[] = [ssrfBody, ssrfHeaders, images, schemaRefs, redirects];
