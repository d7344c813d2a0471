/**
 * The text of an answer as far as it has come, added to a few characters at a time and seldom read. Pieces are joined as they collect: a
 * string per token, held until the end of the stream, is what the collector would spend most on.
 */
export interface KeptText {
  add(piece: string): void;
  /** Everything added so far. */
  read(): string;
}

const piecesToJoin = 64;

export function createKeptText(start: string): KeptText {
  let joined = start;
  let count = 0;
  // Never shortened: what was joined is written over.
  const pieces: string[] = [];
  return {
    add(piece) {
      pieces[count] = piece;
      count += 1;
      if (count < piecesToJoin) return;
      joined += pieces.join('');
      count = 0;
    },
    read: () => (count === 0 ? joined : joined + pieces.slice(0, count).join('')),
  };
}
