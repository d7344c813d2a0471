/** Tells by its first bytes whether an answer is an event stream or one text, whatever the server calls it. */

/** `unknown`: it begins with something that neither begins with. */
export type Shape = 'events' | 'text' | 'unknown';

const byteOrderMark = '\xEF\xBB\xBF';
const fields = ['data:', 'event:', 'id:', 'retry:', ':'];

/** Takes the bytes in order, cut anywhere; null while there are too few to tell. */
export function createSniffer(): (bytes: Uint8Array) => Shape | null {
  let beginning = '';
  return (bytes) => {
    for (const byte of bytes) {
      const isBlank = byte === 32 || (byte >= 9 && byte <= 13);
      if (beginning === '' && isBlank) continue;
      beginning += String.fromCharCode(byte);
      if (beginning === byteOrderMark) beginning = '';
      const shape = shapeOf(beginning);
      if (shape !== null) return shape;
    }
    return null;
  };
}

function shapeOf(beginning: string): Shape | null {
  if (byteOrderMark.startsWith(beginning)) return null;
  if (beginning === '{' || beginning === '[' || beginning === '<') return 'text';
  if (fields.includes(beginning)) return 'events';
  return fields.some((field) => field.startsWith(beginning)) ? null : 'unknown';
}
