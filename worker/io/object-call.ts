/**
 * Calls a Durable Object with what the platform asks of a caller: a new stub for every attempt (one that has failed stays broken), no
 * repeat when the object is overloaded, repeats only for calls that are safe to repeat.
 */

export interface RetryOptions {
  /** How many times the call may be made. */
  readonly attempts: number;
  readonly pauseMs: number;
}

/** Makes `call` with a fresh stub each time. The call must be idempotent. Rejects with the last error. */
export async function callObject<Stub, Answer>(
  stub: () => Stub,
  call: (stub: Stub) => Promise<Answer>,
  { attempts, pauseMs }: RetryOptions,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(stub());
    } catch (error) {
      if (attempt >= attempts || isOverloaded(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs * attempt));
    }
  }
}

function isOverloaded(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'overloaded' in error && error.overloaded === true;
}
