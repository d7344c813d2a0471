import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodedAs, floatsOf, vectorLength } from '../../../worker/core/pooling/vectors.ts';

const floats = fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1, maxLength: 50 });
const base64Of = (values: Float32Array): string =>
  `"${Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')}"`;

describe('a vector', () => {
  it('keeps every bit from base64 to numbers and back, the sign of zero included', () => {
    fc.assert(
      fc.property(floats, (values) => {
        const raw = base64Of(values);
        expect(vectorLength(raw)).toBe(values.length);
        const numbers = encodedAs(raw, 'float');
        expect(vectorLength(numbers)).toBe(values.length);
        expect(encodedAs(numbers, 'base64')).toBe(raw);
        expect(Object.is(floatsOf(numbers)[0], values[0]) && Object.is(floatsOf(raw)[0], values[0])).toBe(true);
      }),
    );
  });

  it.each(['[0.1, -0.0, 1e-05]', '[1.50,\n 2.0]', '"AACAPw=="'])(
    'is not written anew where its form is the one asked for: %s',
    (raw) => {
      expect(encodedAs(raw, raw.startsWith('"') ? 'base64' : 'float')).toBe(raw);
    },
  );

  it.each([
    '[]',
    '[NaN]',
    '[null]',
    '[1, "2"]',
    '[1,]',
    '[.5]',
    '[01]',
    '[1 2]',
    '[[1]]',
    '{}',
    '"AACAPw="',
    '"AACAP"',
    '"AAA="',
    '""',
    '"AAC\\u0041Pw=="',
    '1',
    '',
  ])('is none: %s', (raw) => {
    expect(vectorLength(raw)).toBeNull();
  });
});
