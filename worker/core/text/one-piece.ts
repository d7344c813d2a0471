/**
 * The same text, stored as one piece. The engine keeps a text that was joined with `+` or cut out with `slice` as a view of others, and where
 * an object holds one, `JSON.stringify` leaves its fast way for the whole object: three times the time (docs/decisions/0012-cost-of-a-request.md).
 * For texts that are written as JSON with every request; costs a copy.
 */
export function onePiece(text: string): string {
  // Joining two parts is what copies; one part alone would be handed back as it is.
  return text.length < 2 ? text : [text.slice(0, 1), text.slice(1)].join('');
}
