import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBearer } from '../../../worker/core/auth/bearer.ts';

const token = 'sixteen-chars-ok';

describe('parseBearer', () => {
  it.each([`Bearer ${token}`, `bearer ${token}`, `BEARER ${token}`])('reads the token of %j', (header) => {
    expect(parseBearer(header)).toEqual({ ok: true, value: token });
  });

  it.each([null, ''])('misses a key in %j', (header) => {
    expect(parseBearer(header)).toEqual({ ok: false, failure: { code: 'missing_api_key' } });
  });

  it.each([
    ['another scheme', `Basic ${token}`],
    ['no scheme', token],
    ['the scheme alone', 'Bearer'],
    ['an empty token', 'Bearer '],
    ['two spaces', `Bearer  ${token}`],
    ['a tab', `Bearer\t${token}`],
    ['a space before', ` Bearer ${token}`],
    ['a space after', `Bearer ${token} `],
    ['a space inside', `Bearer ${token} ${token}`],
    ['two headers joined', `Bearer ${token}, Bearer ${token}`],
    ['a line break', `Bearer ${token}\r\nx-admin: 1`],
    ['a no-break space', `Bearer\u00a0${token}`],
    ['a letter beyond ASCII', `Bearer ${token}é`],
    ['a NUL', `Bearer ${token}\0`],
    ['the scheme twice', `Bearer Bearer ${token}`],
  ])('refuses %s, and says what the header must look like', (_, header) => {
    const detail = 'The header must read "Authorization: Bearer <key>", with one space.';
    expect(parseBearer(header)).toEqual({ ok: false, failure: { code: 'invalid_api_key', detail } });
  });

  it.each([
    ['15 characters', `Bearer ${'x'.repeat(15)}`],
    ['513 characters', `Bearer ${'x'.repeat(513)}`],
    ['a megabyte', `Bearer ${'x'.repeat(1_000_000)}`],
    ['a megabyte of another scheme', 'x '.repeat(500_000)],
  ])('refuses %s', (_, header) => {
    expect(parseBearer(header)).toEqual({ ok: false, failure: { code: 'invalid_api_key' } });
  });

  it('takes 16 to 512 printable characters and gives them back unchanged', () => {
    const printable = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 16,
      maxLength: 512,
    });
    fc.assert(
      fc.property(printable, (text) => {
        expect(parseBearer(`Bearer ${text}`)).toEqual({ ok: true, value: text });
      }),
    );
  });
});
