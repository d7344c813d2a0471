/** The listener that receives the values of a JSON document while it is read. */
import type { JsonType } from './value.ts';

/** Receives every value as it is read. Each call returns whether to continue; after the first false there are no more calls. */
export interface DocumentListener {
  /** A value of that type begins; a container stays open until `close`. */
  begin(type: JsonType): boolean;
  key(key: string): boolean;
  scalar(value: string | number | boolean | null): boolean;
  close(): boolean;
  /** The text at this position is not JSON. */
  fail(message: string): false;
}
