/** An answer other than a completion: a status, a JSON or text body, and additional headers. */
export interface Refusal {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
