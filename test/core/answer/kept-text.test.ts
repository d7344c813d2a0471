import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { addPiece, createKeptText, readText } from '../../../worker/core/answer/kept-text.ts';

it('text kept in pieces reads at any time as everything that was added', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string(), { maxLength: 300 }), (start, pieces) => {
      const kept = createKeptText(start);
      let whole = start;
      for (const piece of pieces) {
        addPiece(kept, piece);
        whole += piece;
        expect(readText(kept)).toBe(whole);
      }
    }),
  );
});
