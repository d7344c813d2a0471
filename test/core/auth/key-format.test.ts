import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBearer } from '../../../worker/core/auth/bearer.ts';
import { formatKey, keyRandomBytes, parseKey, type ApiKey } from '../../../worker/core/auth/key-format.ts';

const bytes = fc.uint8Array({ minLength: keyRandomBytes, maxLength: keyRandomBytes });
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_';
const make = (random: Uint8Array, env = 'live'): ApiKey => {
  const key = formatKey(env, random);
  if (!key.ok) throw new Error(key.failure);
  return key.value;
};

describe('API keys', () => {
  it('are written as pm_<env>_<33 characters>_<6 characters>', () => {
    expect(make(new Uint8Array(keyRandomBytes)).token.slice(0, 42)).toBe(`pm_live_${'0'.repeat(33)}_`);
    expect(make(new Uint8Array(keyRandomBytes).fill(255), 'test').token).toMatch(/^pm_test_[0-9A-Za-z]{33}_[0-9A-Za-z]{6}$/);
  });

  it('check with the CRC-32 everyone has', () => {
    // zlib's crc32 of "pm_live_" and 33 zeros, in base62.
    expect(make(new Uint8Array(keyRandomBytes)).token.slice(-6)).toBe('0WdGiR');
  });

  it('read back as they were written, and pass as bearer tokens', () => {
    fc.assert(
      fc.property(bytes, fc.constantFrom('live', 'test', 'staging'), (random, env) => {
        const key = make(random, env);
        expect(parseKey(key.token)).toEqual(key);
        expect(parseBearer(`Bearer ${key.token}`)).toEqual({ ok: true, value: key.token });
        expect(key.prefix).toMatch(/^[0-9A-Za-z]{8}$/);
      }),
    );
  });

  it('differ wherever their bytes do', () => {
    fc.assert(
      fc.property(bytes, fc.nat(keyRandomBytes - 1), fc.integer({ min: 1, max: 255 }), (random, index, change) => {
        const other = random.slice();
        other[index] = (other[index] ?? 0) ^ change;
        expect(make(other).token).not.toBe(make(random).token);
      }),
    );
  });

  it('are refused with any one character changed', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.constantFrom(...alphabet), (random, position, character) => {
        const { token } = make(random);
        const index = position % token.length;
        fc.pre(token[index] !== character);
        expect(parseKey(token.slice(0, index) + character + token.slice(index + 1))).toBeNull();
      }),
    );
  });

  it.each(['', 'pm_', 'sk-abcdefghijklmnop', 'pm_live_short_abcdef', `pm_LIVE_${'0'.repeat(33)}_000000`])(
    'are not %j',
    (token) => {
      expect(parseKey(token)).toBeNull();
    },
  );

  it('are not made of too few bytes or for an environment that cannot be read back', () => {
    expect(formatKey('live', new Uint8Array(23))).toEqual({ ok: false, failure: 'wrong_byte_count' });
    for (const env of ['', 'x', 'Live', 'pre_prod', 'a'.repeat(13)]) {
      expect(formatKey(env, new Uint8Array(keyRandomBytes))).toEqual({ ok: false, failure: 'bad_env' });
    }
  });
});
