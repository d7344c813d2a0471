/**
 * Calls a Durable Object with what the platform asks of a caller: a new stub for every attempt (one that has failed stays broken), no
 * repeat when the object is overloaded, repeats only for calls that are safe to repeat. And with what a client asks of us: no call waits
 * for ever, and whatever went wrong is one failure, the gateway's own, on every path.
 */
import { GatewayError } from '../../shared/errors.ts';

export interface CallOptions {
  /** How many times the call may be made. */
  readonly attempts: number;
  readonly pauseMs: number;
  /** Of each attempt. */
  readonly deadlineMs?: number;
}

/** Objects answer in milliseconds; one that has not by then is in trouble. */
const defaultDeadlineMs = 3000;

/**
 * Makes `call` with a fresh stub each time. The call must be idempotent: one that was given up may still be carried out.
 *
 * @throws GatewayError state_unavailable, with the last error as its cause
 */
export async function callObject<Stub, Answer>(
  stub: () => Stub,
  call: (stub: Stub) => Promise<Answer>,
  { attempts, pauseMs, deadlineMs = defaultDeadlineMs }: CallOptions,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await within(deadlineMs, call(stub()));
    } catch (cause) {
      if (attempt >= attempts || isOverloaded(cause)) throw new GatewayError({ code: 'state_unavailable' }, { cause });
      await new Promise((resolve) => setTimeout(resolve, pauseMs * attempt));
    }
  }
}

async function within<Answer>(deadlineMs: number, answer: Promise<Answer>): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isOverloaded(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'overloaded' in error && error.overloaded === true;
}
