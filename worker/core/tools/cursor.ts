/**
 * A place in a text that arrives in chunks: the only file that knows where chunks begin and end. What was read may be held, so
 * that a reading that turns out wrong can go back. Knows nothing of markers or calls.
 */

/** How the text ended: the model stopped by itself, or it was cut (token limit, broken stream). */
export type TextEnd = 'stop' | 'cut';

/** Positions given and taken by functions are offsets from the start of the whole text; `at` is an index of `text`. */
export interface Cursor {
  /** What can be read now. */
  text: string;
  /** The next character to read, as an index of `text`. */
  at: number;
  /** Null while more text may come. */
  ending: TextEnd | null;
  /** Offset of the first character of `text`. */
  base: number;
  /** What stood directly before `base`, as far back as it is held. */
  held: string;
  isHolding: boolean;
}

export function createCursor(): Cursor {
  return { text: '', at: 0, ending: null, base: 0, held: '', isHolding: false };
}

/**
 * Adds a chunk behind what is still unread. Costs the length of the unread rest and the chunk, never that of what is held:
 * `held` is only appended to, and joined when a reading goes back.
 */
export function pushChunk(cursor: Cursor, chunk: string): void {
  const { text, at } = cursor;
  if (cursor.isHolding) cursor.held += text.slice(0, at);
  cursor.base += at;
  cursor.text = at >= text.length ? chunk : text.slice(at) + chunk;
  cursor.at = 0;
}

/** Offset of the next character to read. */
export function offsetOf(cursor: Cursor): number {
  return cursor.base + cursor.at;
}

/** From now on keeps what is read, until `release`. */
export function hold(cursor: Cursor): void {
  cursor.held = '';
  cursor.isHolding = true;
}

export function release(cursor: Cursor): void {
  cursor.held = '';
  cursor.isHolding = false;
}

/** Moves to an offset that is held or in the present text. */
export function moveTo(cursor: Cursor, offset: number): void {
  if (offset < cursor.base) {
    const kept = cursor.held.length - (cursor.base - offset);
    cursor.text = cursor.held.slice(kept) + cursor.text;
    cursor.held = cursor.held.slice(0, kept);
    cursor.base = offset;
  }
  cursor.at = offset - cursor.base;
}
