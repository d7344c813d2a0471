/** The values of `format` that are asserted. */
import { describe, expect, it } from 'vitest';
import { formatTest } from '../../../worker/core/structured/string-formats.ts';

describe('formats', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['date', ['2024-02-29', '1999-12-31'], ['2023-02-29', '1999-13-01', '1999-1-1', '', '1900-02-29']],
    [
      'time',
      ['12:00:00Z', '23:59:60z', '01:29:60+01:30', '12:00:00.123-05:00'],
      ['12:00:00', '24:00:00Z', '22:59:60Z', '12:00Z'],
    ],
    [
      'date-time',
      ['2024-02-29T12:00:00Z', '2024-02-29t12:00:00+02:00'],
      ['2024-02-29', '2024-02-30T12:00:00Z', '2024-02-29T12:00:00'],
    ],
    ['duration', ['P1D', 'PT5M', 'P1Y2M3DT4H5M6S', 'P3W'], ['P', 'PT', '1D', 'P1D2M', 'P1W1D']],
    [
      'email',
      ['a@b.co', "o'x+y@a-b.example", '"a b"@c.d', 'a@[127.0.0.1]', 'a@[IPv6:::1]'],
      ['a', '@b', 'a@', '.a@b', 'a..b@c', 'a@-b.c', `${'a'.repeat(65)}@b.c`],
    ],
    ['hostname', ['a', 'a-b.example', `${'a'.repeat(63)}.b`], ['', '-a', 'a-', 'a..b', `${'a'.repeat(64)}.b`, 'a_b']],
    ['ipv4', ['0.0.0.0', '255.1.20.3'], ['256.1.1.1', '1.1.1', '01.1.1.1', '1.1.1.1.1']],
    [
      'ipv6',
      ['::', '::1', '1::', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4', '1:2:3:4:5:6:1.2.3.4'],
      [':::', '1::2::3', '12345::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8', '::1.2.3', ':1', '1:'],
    ],
    [
      'uuid',
      ['123e4567-E89b-12d3-a456-426614174000'],
      ['123e4567e89b12d3a456426614174000', '123e4567-e89b-12d3-a456-42661417400g'],
    ],
    ['uri', ['https://a.b/c?d#e', 'mailto:a@b', 'urn:x:%20'], ['/a', 'a b:c', 'https://a b', 'x:%zz']],
    ['uri-reference', ['/a', '', '#x', 'https://a'], ['a b', '\\\\x', '%']],
    ['json-pointer', ['', '/a~0~1', '/'], ['a', '/~', '/~2']],
  ])('know %s', (format, valid, invalid) => {
    const test = formatTest(format);
    for (const value of valid) expect(test?.(value), value).toBe(true);
    for (const value of invalid) expect(test?.(value), value).toBe(false);
  });
});
