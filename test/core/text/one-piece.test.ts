/** A text that is stored anew is the same text. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { onePiece } from '../../../worker/core/text/one-piece.ts';

test('a text in one piece is the same text, however it was put together', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (parts) => {
      const text = parts.join('-') + parts.join('+');
      expect(onePiece(text)).toBe(text);
      expect(onePiece(text.slice(1))).toBe(text.slice(1));
    }),
  );
});
