/** The result of checking a structured answer while it streams, and at its end. */
import type { Repair } from './answer-reader.ts';
import type { Violation } from './check-run.ts';

export interface StreamChecked {
  /** Text to show now. The concatenation of all of it is the document so far. */
  readonly emit: string;
  /** `impossible` is final: the rest is not read. */
  readonly verdict: 'possible' | 'impossible';
  readonly violations: readonly Violation[];
}

export type StreamEnded =
  | {
      readonly ok: true;
      readonly emit: string;
      /** Everything that was emitted. */
      readonly text: string;
      readonly value: unknown;
      readonly violations: readonly [];
      readonly repairs: readonly Repair[];
    }
  | {
      readonly ok: false;
      readonly emit: string;
      /** Text held back until the end, for an answer that was cut by its limit. */
      readonly rest: string;
      readonly violations: readonly Violation[];
      readonly repairs: readonly Repair[];
    };

export interface StreamCheck {
  feed(text: string): StreamChecked;
  /** `ok` only when the emitted text, with what is emitted now, satisfies the format. */
  end(): StreamEnded;
}
