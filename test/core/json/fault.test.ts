import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFault } from '../../../worker/core/json/fault.ts';

describe('jsonFault', () => {
  it.each([
    ['{"model":"small" "messages":[]}', 'At line 1, column 18, "," or the end of the object or array was expected.'],
    ['{\n  "model": "small",\n}', 'At line 3, column 1, a key in double quotes was expected.'],
    ['{\r\n\r\n  model: 1}', 'At line 3, column 3, a key in double quotes, or "}" was expected.'],
    ["{'messages':[]}", 'At line 1, column 2, a key in double quotes, or "}" was expected.'],
    ['{"messages" []}', 'At line 1, column 13, ":" was expected.'],
    ['{"temperature":NaN}', 'At line 1, column 16, a value was expected.'],
    ['{"temperature":tru}', 'At line 1, column 16, a value was expected.'],
    ['{"temperature":.5}', 'At line 1, column 16, a value was expected.'],
    ['{"temperature":1.}', 'At line 1, column 18, a digit was expected.'],
    ['{"a":01}', 'At line 1, column 7, "," or the end of the object or array was expected.'],
    ['[1,]', 'At line 1, column 4, a value was expected.'],
    ['[1}', 'At line 1, column 3, "," or the end of the object or array was expected.'],
    ['{"a":"one\ntwo"}', 'At line 1, column 10, an escape such as \\n in place of a raw control character was expected.'],
    ['{"a":"\\x"}', 'At line 1, column 8, a known character behind "\\" was expected.'],
    ['{"a":"\\u12g4"}', 'At line 1, column 11, a known character behind "\\" was expected.'],
    ['{"messages":[]} x', 'At line 1, column 17, nothing more was expected.'],
    ['{"messages":[{"content":"hel', 'It ends at line 1, column 29, where the closing quote of a text was expected.'],
    ['{"messages":[', 'It ends at line 1, column 14, where a value, or "]" was expected.'],
  ])('finds the fault of %j', (text, said) => {
    expect(jsonFault(text)).toBe(said);
  });

  const broken = fc.tuple(
    fc.json(),
    fc.nat(),
    fc.constantFrom('', ',', '"', '\\', '}', ']', '{', ':', '0', '-', '.', 'e', 'n', '\n'),
    fc.nat(2),
  );

  it('finds one exactly where JSON.parse does', () => {
    fc.assert(
      fc.property(broken, ([json, at, put, removed]) => {
        const place = at % (json.length + 1);
        const text = json.slice(0, place) + put + json.slice(place + removed);
        expect(jsonFault(text) === null).toBe(isJson(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes the deepest and the longest text in one pass', () => {
    expect(jsonFault('['.repeat(200_000))).toContain('column 200001');
    expect(jsonFault(`{"a":"${'x'.repeat(4_000_000)}`)).toContain('column 4000007');
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
