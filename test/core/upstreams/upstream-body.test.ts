import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { upstreamBody } from '../../../worker/core/upstreams/upstream-body.ts';

it.each([
  ['cut off at the end', { a: 'cut \ud83d' }, { a: 'cut \ufffd' }],
  ['without its beginning', { a: '\ude00 x' }, { a: '\ufffd x' }],
  ['twice', { a: '\ud83d\ud83d\ude00' }, { a: '\ufffd😀' }],
  [
    'deep inside, and in names',
    { tools: [{ 'n\udc00': { args: ['\ud800'] } }] },
    { tools: [{ 'n\ufffd': { args: ['\ufffd'] } }] },
  ],
  ['behind a backslash', { a: '\\\ud83d' }, { a: '\\\ufffd' }],
  ['behind two backslashes', { a: '\\\\\ud83d' }, { a: '\\\\\ufffd' }],
])('half an emoji becomes U+FFFD before it travels: %s', (_, body, sent) => {
  expect(JSON.parse(upstreamBody(body))).toEqual(sent);
});

it.each(['whole 😀', 'spelled \\ud83d', 'spelled \\\\ud83d', 'a \\u0041', '\\\\\\'])(
  'leaves everything else as it is: %s',
  (text) => {
    expect(upstreamBody({ text })).toBe(JSON.stringify({ text }));
  },
);

it('is JSON of the well-formed text for every text there is', () => {
  const units = fc.array(
    fc.oneof(fc.constantFrom(0x5c, 0x75, 0x64, 0x38, 0xd83d, 0xde00, 0x22), fc.integer({ min: 0, max: 0xffff })),
  );
  fc.assert(
    fc.property(units, (codes) => {
      const text = String.fromCharCode(...codes);
      expect(JSON.parse(upstreamBody({ text }))).toEqual({ text: text.toWellFormed() });
    }),
    { numRuns: 2000 },
  );
});
