/** Writes server-sent events: data frames, comments and the end mark of OpenAI streams. Does not look at the data. */

/** The last frame of a complete stream, and of no other stream. */
export const doneFrame = 'data: [DONE]\n\n';

/**
 * One event. A payload with line breaks (JSON text has none) becomes several data lines of the same event, so it cannot forge
 * another.
 */
export function encodeData(payload: string): string {
  const isOneLine = !payload.includes('\n') && !payload.includes('\r');
  return `data: ${isOneLine ? payload : payload.replace(/\r\n?|\n/g, '\ndata: ')}\n\n`;
}

/** A comment, which clients ignore: a ping, written between events. Line breaks become spaces. */
export function encodeComment(text: string): string {
  return `: ${text.replace(/[\r\n]+/g, ' ')}\n\n`;
}

/** A comment that keeps a connection alive, as bytes. */
export const pingFrame: Uint8Array = new TextEncoder().encode(encodeComment('ping'));
