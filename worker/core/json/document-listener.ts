/** What the reader of a document tells of it, and is told in turn. */
import type { JsonType } from './value.ts';

/** Told of every value as it is read. Each step returns whether the document is still wanted; after the first false none follows. */
export interface DocumentListener {
  /** A value of that type begins; a container stays open until `close`. */
  begin(type: JsonType): boolean;
  key(key: string): boolean;
  scalar(value: string | number | boolean | null): boolean;
  close(): boolean;
  /** The text at the present place is no JSON. */
  fail(message: string): false;
}
