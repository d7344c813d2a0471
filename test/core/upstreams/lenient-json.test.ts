/** JSON with the mistakes that servers make in it: what they can only have meant, and nothing else. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLenient } from '../../../worker/core/upstreams/lenient-json.ts';

describe('JSON of a server', () => {
  it('is read as JSON.parse reads it, where that can', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseLenient(text)).toEqual({ value: JSON.parse(text), isRepaired: false });
      }),
    );
  });

  it('is read with any control character raw in its strings', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '"', '\\', '\n', '\r', '\t', '\0', '\u001f', '\u0085', 'NaN', '{', '🌍'),
    });
    fc.assert(
      fc.property(text, text, (key, value) => {
        const raw = JSON.stringify({ [key]: [value, 5] }).replace(/\\\\|\\(?:n|r|t|u00..)/g, (part) =>
          part === '\\\\' ? part : String(JSON.parse(`"${part}"`)),
        );
        expect(parseLenient(raw)?.value).toEqual({ [key]: [value, 5] });
      }),
    );
  });

  it.each([
    ['{"a":NaN,"b":[-Infinity,Infinity]}', { a: null, b: [null, null] }],
    ['{"a":"NaN","b":NaN}', { a: 'NaN', b: null }],
    ['{"a":"x\ny",\n"b":1}', { a: 'x\ny', b: 1 }],
  ])('%j is read', (text, value) => {
    expect(parseLenient(text)).toEqual({ value, isRepaired: true });
  });

  it.each(['', ' ', '{"a":"x', '{"a":x}', "{'a':1}", '{"a":1}{"b":2}', 'undefined', '{"a":1,}', 'NaNa', '[DONE]'])(
    '%j is none',
    (text) => {
      expect(parseLenient(text)).toBeNull();
    },
  );

  it('takes time in proportion to its length', () => {
    expect(parseLenient('"'.repeat(500_001))).toBeNull();
    expect(parseLenient(`{"a":"${'\\'.repeat(500_001)}`)).toBeNull();
  });
});
