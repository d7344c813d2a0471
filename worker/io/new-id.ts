/** Ids of requests that bring none of their own. */

/** 122 random bits as 32 hexadecimal digits, in one piece: see `core/text/one-piece.ts`. */
export function newId(): string {
  return crypto.randomUUID().split('-').join('');
}
