import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../../worker/core/upstreams/retry-after.ts';

describe('retryAfterMs', () => {
  const now = Date.parse('2026-11-20T10:00:00Z');

  it.each([
    ['no header', null, null],
    ['seconds', '7', 7000],
    ['seconds with white space', ' 7 ', 7000],
    ['no wait', '0', 0],
    ['an hour', '3600', 3_600_000],
    ['two hours, cut to one', '7200', 3_600_000],
    ['an absurd number', '99999999999999999999999', 3_600_000],
    ['an HTTP date', 'Fri, 20 Nov 2026 10:00:30 GMT', 30_000],
    ['an HTTP date in the old form', 'Friday, 20-Nov-26 10:00:30 GMT', 30_000],
    ['an HTTP date in the past', 'Fri, 20 Nov 2026 09:00:00 GMT', 0],
    ['an HTTP date next year', 'Sat, 20 Nov 2027 10:00:00 GMT', 3_600_000],
    ['a negative number', '-5', null],
    ['a fraction', '1.5', null],
    ['an exponent', '1e3', null],
    ['text', 'soon', null],
    ['text with a number', 'try 1 more', null],
    ['nothing', '', null],
    ['a date that is none', 'Fri, 99 Nov 2026 10:00:00 GMT', null],
  ])('reads %s', (_, header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  it.each([
    ['before the coarser header', '7', '1500', 1500],
    ['with a fraction, rounded up', null, '0.4', 1],
    ['cut to an hour', null, '99999999999', 3_600_000],
    ['no wait', '7', '0', 0],
    ['that is none, for the other header', '7', 'soon', 7000],
    ['negative, for none', null, '-5', null],
  ])('reads retry-after-ms %s', (_, header, exact, expected) => {
    expect(retryAfterMs(header, now, exact)).toBe(expected);
  });
});
