import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonScan, type JsonListener, type JsonStatus } from '../../../worker/core/json/scan.ts';
import { closeMissing, scanJson } from '../../../worker/core/json/scanner.ts';
import { randomPieces, seeded } from '../tools/cuts.ts';

function scan(pieces: readonly string[], closes = false): { status: JsonStatus; text: string; rest: string } {
  let text = '';
  const state = createJsonScan();
  const listener: JsonListener = {
    onValue: (kind) => (kind === 'object' ? 'take' : 'refuse'),
    onKey: () => true,
    onText: (piece) => {
      text += piece;
    },
    onEnd: () => true,
  };
  let rest = '';
  for (const piece of pieces) {
    if (state.status === 'open') rest = piece.slice(scanJson(state, listener, piece, 0));
    else rest += piece;
  }
  if (closes && closeMissing(state, listener)) return { status: state.status, text, rest };
  return { status: state.status, text, rest };
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const object = fc
  .tuple(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }), fc.constantFrom(0, 1, '\t'))
  .map(([value, indent]) => JSON.stringify(value, null, indent));

describe('scanning JSON', () => {
  it('passes valid objects through as they are spelled, however they are cut', () => {
    fc.assert(
      fc.property(object, fc.nat(), (text, seed) => {
        expect(scan([text])).toEqual({ status: 'done', text, rest: '' });
        expect(scan(randomPieces(text, seeded(seed), 3))).toEqual({ status: 'done', text, rest: '' });
      }),
    );
  });

  it('accepts what JSON.parse accepts, and otherwise only what its repairs make valid', () => {
    const edits = fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom('', '', '{', '}', '[', ']', ',', ':', '"', '\\', '0', '-', 'e', '.', 't', ' ', '\n', '\\u12'),
      ),
      {
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(object, edits, fc.nat(), (original, changes, seed) => {
        const text = changes.reduce((now, [at, insert]) => {
          const place = at % now.length;
          return now.slice(0, place) + insert + now.slice(place + 1);
        }, original);
        const whole = scan([text]);
        expect(scan(randomPieces(text, seeded(seed), 3))).toEqual(whole);
        if (text.trimStart().startsWith('{') && parses(text)) expect([whole.status, whole.text]).toEqual(['done', text.trim()]);
        if (whole.status !== 'done') return;
        expect(parses(whole.text)).toBe(true);
        if (!parses(text.slice(0, text.length - whole.rest.length))) expect(text).not.toContain(whole.text);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a trailing comma in an object', '{"a": 1,}', '{"a": 1}'],
    ['a trailing comma and white space', '{"a": [1 , \n ] , }', '{"a": [1  \n ]  }'],
    ['a raw newline in a string', '{"a": "x\ny"}', '{"a": "x\\ny"}'],
    ['a raw control character in a key', '{"\u0001": "\u001f"}', '{"\\u0001": "\\u001f"}'],
  ])('repairs %s', (_what, text, expected) => {
    expect(scan([text])).toEqual({ status: 'done', text: expected, rest: '' });
    expect(scan(text.split(''))).toEqual({ status: 'done', text: expected, rest: '' });
  });

  it.each([
    ['{"a": {"b": [1, 2', '{"a": {"b": [1, 2]}}'],
    ['{"a": 1, ', '{"a": 1 }'],
    ['{', '{}'],
    ['{"a": [', '{"a": []}'],
    ['{"a": [{}', '{"a": [{}]}'],
  ])('adds the closers that are missing in %j when told to', (text, expected) => {
    // A marker stops the scan; here it is any character that JSON cannot have.
    expect(scan([`${text}<`], true)).toEqual({ status: 'done', text: expected, rest: '<' });
    expect(scan([...text, '<'], true)).toEqual({ status: 'done', text: expected, rest: '<' });
  });

  it.each(['{"a"', '{"a":', '{"a": tru', '{"a": 1.', '{"a": -'])('does not invent what is missing in %j', (text) => {
    expect(scan([`${text}<`], true).status).not.toBe('done');
  });

  it.each([
    ['{a', 1],
    ['{"a" 1', 5],
    ['{"a": x', 6],
    ['{"a": [1}', 8],
    ['{"a": 01,', 8],
    ['{"a": "\\x', 8],
    ['{"a": "\\u12g', 11],
    ['{"a": 1 2', 8],
    ['{,', 1],
    ['{"a": 1,,', 8],
    ["{'a'", 1],
    ['{"a": NaN', 6],
    ['{"a": True', 6],
    ['{"a": +1', 6],
    ['{"a": .5', 6],
    ['{"a": //', 6],
  ])('fails in %j at the very character', (text, at) => {
    const { status, rest } = scan([`${text} `]);
    expect([status, rest]).toEqual(['failed', `${text} `.slice(at)]);
  });

  it('refuses nesting that would exhaust a parser', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(scan([nested(150)]).status).toBe('done');
    expect(scan([nested(500)]).status).toBe('failed');
  });
});
