import { describe, expect, it } from 'vitest';
import { errorEnvelope, errors, retryAfterSeconds, shouldRetry, type ErrorCode } from '../../shared/errors.ts';

const codes = Object.keys(errors) as ErrorCode[];

describe('the error table', () => {
  it.each(codes)('answers %s in the OpenAI envelope with all four keys', (code) => {
    const { error } = errorEnvelope({ code, param: 'messages' });
    expect(Object.keys(error)).toEqual(['message', 'type', 'param', 'code']);
    expect(error.code).toBe(code);
    expect(error.message.length).toBeGreaterThan(10);
  });

  it.each(codes.filter((code) => [429, 503].includes(errors[code].status) && shouldRetry(code)))(
    'names an integer wait from 1 to 3600 seconds for %s, however absurd the input',
    (code) => {
      for (const retryAfterMs of [undefined, 0, -5, 1, 1500, 9e12, Number.NaN, Number.POSITIVE_INFINITY]) {
        const seconds = retryAfterSeconds(retryAfterMs === undefined ? { code } : { code, retryAfterMs });
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(1);
        expect(seconds).toBeLessThanOrEqual(3600);
      }
    },
  );

  it('never asks an official client to repeat a request whose budget is used up', () => {
    expect(shouldRetry('budget_exceeded')).toBe(false);
    expect(retryAfterSeconds({ code: 'budget_exceeded' })).toBeNull();
  });
});
