/** An answer that is no completion: a status, a JSON or text body, and headers beyond the usual ones. */
export interface Refusal {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
