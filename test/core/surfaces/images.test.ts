/** Image addresses that may not reach a model server, which would fetch them. The ones that may stand in good-bodies.test.ts. */
import { describe, expect, it } from 'vitest';
import { parseChatRequest } from '../../../worker/core/surfaces/chat/chat-request.ts';
import { image, limits } from './chat-bodies.ts';

describe('an image address', () => {
  it.each([
    ['plain http', 'http://images.example.com/a.png'],
    ['another scheme', 'ftp://images.example.com/a.png'],
    ['a file', 'file:///etc/passwd'],
    ['embedded text', 'data:text/html;base64,PGI+'],
    ['an embedded drawing, which can hold scripts', 'data:image/svg+xml;base64,PHN2Zz4='],
    ['an embedded picture that is not base64', 'data:image/png,abc'],
    ['no address', 'a.png'],
    ['an address without host', 'https://'],
    ['loopback', 'https://127.0.0.1/a.png'],
    ['a private address', 'https://10.0.0.7/a.png'],
    ['the metadata address', 'https://169.254.169.254/latest/meta-data/'],
    ['a public literal address', 'https://93.184.216.34/a.png'],
    ['IPv6 loopback', 'https://[::1]/a.png'],
    ['IPv6 with IPv4 inside', 'https://[::ffff:127.0.0.1]/a.png'],
    ['a decimal address', 'https://2130706433/a.png'],
    ['a hexadecimal address', 'https://0x7f000001/a.png'],
    ['an octal address', 'https://0177.0.0.1/a.png'],
    ['a short address', 'https://127.1/a.png'],
    ['localhost', 'https://localhost/a.png'],
    ['localhost with a dot', 'https://localhost./a.png'],
    ['a name below localhost', 'https://a.localhost/a.png'],
    ['the metadata host', 'https://metadata.google.internal/computeMetadata/v1/'],
    ['a host inside a cluster', 'https://vllm.default.svc/a.png'],
    ['a host in a local domain', 'https://printer.local/a.png'],
    ['a host without a dot', 'https://vllm/a.png'],
    ['another port', 'https://images.example.com:8001/a.png'],
    ['a user name', 'https://user@images.example.com/a.png'],
    ['a password alone', 'https://:secret@images.example.com/a.png'],
    ['a backslash, which two parsers read as two hosts', 'https://images.example.com\\@10.0.0.7/a.png'],
    ['a line break, which one parser drops', 'https://images.example.com\n.internal/a.png'],
    ['full-width digits, which one parser maps to an address', 'https://１２７.0.0.1/a.png'],
    ['an encoded host', 'https://%6cocalhost/a.png'],
    ['a space in front', ' https://10.0.0.7/a.png'],
    ['one slash', 'https:/images.example.com/a.png'],
    ['2,049 characters', `https://images.example.com/${'a'.repeat(2049)}`],
  ])('may not be %s', (_, url) => {
    const result = parseChatRequest(JSON.stringify(image(url)), limits);
    expect(result).toMatchObject({ ok: false, failure: { code: 'invalid_value', param: 'messages.0.content.1.image_url.url' } });
  });
});
