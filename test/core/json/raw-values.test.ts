import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementsAt, membersAt, startOf } from '../../../worker/core/json/raw-values.ts';

const spaced = fc.tuple(fc.jsonValue(), fc.constantFrom(0, 1, 2, '\t')).map(([value, space]) => {
  const text = ` \n${JSON.stringify(value, null, space)}`;
  // JSON.stringify writes -0 as 0.
  return { value: JSON.parse(text) as unknown, text };
});

describe('the values of a JSON text as they are written', () => {
  it('are those that JSON.parse finds, for any object and list', () => {
    fc.assert(
      fc.property(spaced, ({ value, text }) => {
        const read = ({ from, to }: { from: number; to: number }): unknown => JSON.parse(text.slice(from, to));
        if (Array.isArray(value)) expect(elementsAt(text, startOf(text))?.map(read)).toEqual(value);
        else if (typeof value === 'object' && value !== null) {
          const members = [...(membersAt(text, startOf(text)) ?? [])].map(([name, span]) => [
            JSON.parse(`"${name}"`),
            read(span),
          ]);
          expect(members).toEqual(Object.entries(value));
        } else expect(membersAt(text, startOf(text)) ?? elementsAt(text, startOf(text))).toBeNull();
      }),
    );
  });

  it('are not found in a text that breaks off anywhere', () => {
    const text = '{"a": [1, {"b": "\\"]"}], "c": -1.5e+10}';
    for (let end = 0; end < text.length; end += 1) expect(membersAt(text.slice(0, end), 0)).toBeNull();
    expect([...(membersAt(text, 0)?.keys() ?? [])]).toEqual(['a', 'c']);
  });

  it.each(['{"a" 1}', '{"a": }', '{"a": 1 "b": 2}', '{,}', '[1 2]', '[NaN]', '[,]', '{a: 1}'])('are none in %s', (text) => {
    expect(membersAt(text, 0) ?? elementsAt(text, 0)).toBeNull();
  });
});
