/** A call between the text it is read from and the sink that shows it. */

/** A call as written in the text; `id` is the model's own, if it wrote one. */
export interface ParsedCall {
  readonly id: string | null;
  readonly name: string;
  /** JSON text of an object. */
  readonly arguments: string;
}

/** A call that is shown while its arguments still come in. */
export interface LiveCall {
  append(piece: string): void;
  /** The arguments are whole; a call that never gets here was cut. */
  finish(): void;
}

export type BeginCall = (name: string, id: string | null) => LiveCall;
