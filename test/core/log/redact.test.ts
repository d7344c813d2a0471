/** Canaries planted everywhere a secret could slip into a log line. */
import { describe, expect, it } from 'vitest';
import { secretHider } from '../../../worker/core/log/known-secrets.ts';
import { redact, redactText } from '../../../worker/core/log/redact.ts';

const canary = 'CANARY7f3a9c';
const ownKey = `pm_live_${canary}${'x'.repeat(21)}_abc123`;

describe('redact', () => {
  it.each([
    ['authorization', { authorization: canary }],
    ['Authorization in capitals', { Authorization: `Basic ${canary}` }],
    ['x-api-key', { 'x-api-key': canary }],
    ['apiKey', { apiKey: canary }],
    ['UPSTREAM_API_KEY', { UPSTREAM_API_KEY: canary }],
    ['private_key', { private_key: canary }],
    ['cf-access-client-secret', { 'cf-access-client-secret': canary }],
    ['ADMIN_TOKEN', { ADMIN_TOKEN: canary }],
    ['access_token', { access_token: canary }],
    ['password', { password: canary }],
    ['passwd', { db: { passwd: canary } }],
    ['set-cookie', { 'set-cookie': `session=${canary}` }],
    ['cf-access-jwt-assertion', { 'cf-access-jwt-assertion': canary }],
    ['credentials', { credentials: { user: canary } }],
    ['a secret that is an array', { secrets: [canary, canary] }],
    ['a secret that is an object', { clientSecret: { value: canary } }],
    ['a nested field', { request: { headers: { authorization: canary } } }],
    ['a field in an array', { calls: [{ ok: true }, { headers: { 'api-key': canary } }] }],
    ['a token in a text', { message: `sent Authorization: Bearer ${canary}.abc/def==` }],
    ['basic credentials in a text', { message: `header was "Basic ${canary}="` }],
    ['an own key in a text', { message: `no such key ${ownKey}, sorry` }],
    ['an own key as a name', { [ownKey]: true }],
    ['a vendor key in a text', { message: `key sk-proj-${canary}_x was refused` }],
    ['a JWT in a text', { message: `got eyJhbGciOiJSUzI1NiJ9.${canary}.${canary}` }],
    ['an address in a text', { message: `connect https://${canary}.example.com:8001/v1?key=${canary} failed` }],
    ['a data source in a text', { message: `postgres://user:${canary}@db.example.com/logs is down` }],
    ['an error', { error: new Error(`Bearer ${canary}`) }],
    ['the cause of an error', { error: new Error('x', { cause: new Error(`at http://${canary}/`) }) }],
    ['fields of the cause of an error', { error: new Error('x', { cause: { token: canary } }) }],
    ['an error in an array', { errors: [new Error(`pm_${canary}`)] }],
    ['a very long token', { message: `Bearer ${'a'.repeat(900)}${canary}` }],
    ['a very long key', { message: `pm_${'a'.repeat(900)}${canary}` }],
    ['the end of a long text', { message: `${'a'.repeat(1000)} ${canary}` }],
    ['deep nesting', { a: { a: { a: { a: { a: { a: { a: { a: { token: canary } } } } } } } } }],
    ['the end of a long array', { list: [...Array.from({ length: 100 }, () => 0), canary] }],
    [
      'the end of a wide object',
      { wide: Object.fromEntries([...Array.from({ length: 100 }, (_, i) => [`k${i}`, 0]), ['z', canary]]) },
    ],
  ])('takes it out of %s', (_, fields) => {
    expect(JSON.stringify(redact(fields))).not.toContain(canary);
  });

  it('keeps what operators need', () => {
    const fields = {
      requestId: 'r-1',
      keyId: 'k-1',
      status: 503,
      promptTokens: 12,
      token: 5,
      isStream: true,
      nothing: null,
      model: 'Qwen/Qwen2.5-7B-Instruct',
      message: 'the model server failed',
      list: ['a', 1],
      nested: { upstreamId: 'small' },
    };
    expect(redact(fields)).toEqual(fields);
  });

  it('keeps name and message of an error and of its causes', () => {
    const error = new TypeError('outer', { cause: new RangeError('inner') });
    expect(redact({ error })).toEqual({
      error: { name: 'TypeError', message: 'outer', cause: { name: 'RangeError', message: 'inner' } },
    });
  });

  it('cuts long texts at 1,000 characters', () => {
    expect(redactText('x'.repeat(100_000))).toHaveLength(1000);
  });

  it('finds a token behind an escaped sign of a URL, and none within a word', () => {
    expect(redactText(`key=a%20${ownKey}&b`)).toBe('key=a%20[key]&b');
    expect(redactText('authorization=Bearer%20abcdefgh')).toBe('authorization=[redacted]');
    expect(redactText('rpm_limit_exceeded for task-12345678')).toBe('rpm_limit_exceeded for task-12345678');
  });

  it('hides a known secret in names, values, errors and their causes, also where a long text is cut', () => {
    const hide = secretHider([`${canary}-known`]);
    const error = new Error(`a ${canary}-known`, { cause: new Error(`b ${canary}-known`) });
    const fields = { [`${canary}-known`]: 1, list: [{ text: `${canary}-known` }], error };
    expect(JSON.stringify(redact(fields, hide))).not.toContain(canary);
    for (let length = 980; length <= 1000; length += 1) {
      expect(redactText(`${'x'.repeat(length)}${canary}-known`, hide)).not.toContain(canary.slice(0, 3));
    }
  });

  it('ends with values that contain themselves', () => {
    const cyclic: Record<string, unknown> = { name: 'a' };
    cyclic['self'] = cyclic;
    const looped = new Error('a');
    looped.cause = looped;
    expect(JSON.stringify(redact({ cyclic, looped }))).toContain('[deep]');
  });

  it('always gives something that can be written as JSON', () => {
    const fields = {
      big: 10n,
      undefined,
      fn: () => 1,
      symbol: Symbol('s'),
      date: new Date(0),
      nan: Number.NaN,
      bytes: new Uint8Array(3),
    };
    expect(JSON.parse(JSON.stringify(redact(fields)))).toMatchObject({ big: '10' });
  });

  it('takes __proto__ for plain data', () => {
    const redacted = redact(JSON.parse('{"__proto__":{"polluted":1},"a":1}'));
    expect(Object.getPrototypeOf(redacted)).toBe(Object.prototype);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('changes nothing in what it is given', () => {
    const fields = { authorization: 'x', nested: { token: 'y' } };
    redact(fields);
    expect(fields).toEqual({ authorization: 'x', nested: { token: 'y' } });
  });
});
