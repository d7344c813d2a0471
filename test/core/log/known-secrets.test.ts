import { describe, expect, it } from 'vitest';
import { secretHider } from '../../../worker/core/log/known-secrets.ts';

const plain = 'canaryUpstream7Key0123';
/** With every sign that URLs, JSON, HTML, patterns or base64 treat specially. */
const signs = `a/b+c=d"e\\f&g<h>i'j$k(l)m[n]o{p}q|r?s*t^u.v-w_x%y~z!@#`;
const hide = secretHider([plain, signs, `${plain}-longer`, 'EMPTY']);

const php = (text: string) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/');
const go = (text: string) =>
  JSON.stringify(text)
    .slice(1, -1)
    .replace(/[<>&']/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
const html = (text: string) => text.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const hexHtml = (text: string) => text.replace(/[^a-z]/g, (sign) => `&#x${sign.charCodeAt(0).toString(16).toUpperCase()};`);
const allPercent = (text: string) => text.replace(/[^a-z]/gi, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);

describe('secretHider', () => {
  it.each([
    ['as it is', (text: string) => text],
    ['in lower case', (text: string) => text.toLowerCase()],
    ['in JSON', (text: string) => JSON.stringify({ text })],
    ['in JSON within JSON', (text: string) => JSON.stringify(JSON.stringify({ text }))],
    ['in the JSON of PHP', php],
    ['in the JSON of Go', go],
    ['in a URL', encodeURIComponent],
    ['in a URL, every sign', allPercent],
    ['in a URL twice', (text: string) => encodeURIComponent(encodeURIComponent(text))],
    ['in HTML', html],
    ['in HTML, in hexadecimal', hexHtml],
  ])('finds a secret %s', (_, write) => {
    const written = write(signs);
    expect(hide(`before ${written} behind`)).toMatch(/^before (?:\W*text\W*)?\[redacted\]\W*behind$/);
  });

  it.each(['', 'u', 'us', 'user:', 'Bearer ', 'Basic x:'])('finds a secret in base64 behind %j', (before) => {
    for (const secret of [plain, signs]) {
      for (const behind of ['', '.', ':x', ' and so on']) {
        const bytes = Buffer.from(before + secret + behind);
        for (const encoded of [bytes.toString('base64'), bytes.toString('base64url')]) {
          const hidden = hide(`<${encoded}>`);
          // What is left of it, decoded, holds next to nothing of the secret.
          expect(hidden).toContain('[redacted]');
          expect(hidden.length).toBeLessThan('[redacted]'.length + (before.length + behind.length) * 1.4 + 10);
        }
      }
    }
  });

  it('hides every place, and the longer of two secrets that begin alike', () => {
    expect(hide(`${plain}, ${plain}-longer, ${plain}`)).toBe('[redacted], [redacted], [redacted]');
  });

  it('leaves words alone that somebody took for a key, and what is only similar', () => {
    for (const text of ['an EMPTY answer', plain.slice(1), plain.slice(0, -1), `${plain.slice(0, 5)} ${plain.slice(5)}`]) {
      expect(hide(text)).toBe(text);
    }
  });

  it('knows nothing without secrets', () => {
    expect(secretHider(['', 'short'])(`${plain} short`)).toBe(`${plain} short`);
  });

  it('goes through 64 KiB of near misses in no time', () => {
    const near = signs.slice(0, -1).repeat(1500).slice(0, 65_536);
    const startedAt = performance.now();
    expect(hide(near)).toBe(near);
    expect(hide('\\'.repeat(65_536))).toHaveLength(65_536);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});
