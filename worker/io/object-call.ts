/**
 * Calls a Durable Object with what the platform asks of a caller: a new stub for every attempt (one that has failed stays broken), no
 * repeat soon when the object is overloaded, repeats only for calls that are safe to repeat. And with what a client asks of us: no call
 * waits forever, and every failure is the same one, the gateway's own, on every path.
 */
import { GatewayError } from '../../shared/errors.ts';
import type { Timers } from '../core/ports.ts';
import { timers as platformTimers } from './timers.ts';

export interface CallOptions {
  /** How many times the call may be made. */
  readonly attempts: number;
  readonly pauseMs: number;
  /** An overloaded object is asked again no sooner than this; left out, it is not asked again, since a client would wait for it. */
  readonly overloadedPauseMs?: number;
  /** Of each attempt. */
  readonly deadlineMs?: number;
  /** For the deadline: those of the request that asks, where there are any, since a timer of the platform's own costs as much as the call's data. */
  readonly timers?: Pick<Timers, 'once'>;
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
  { attempts, pauseMs, overloadedPauseMs, deadlineMs = defaultDeadlineMs, timers = platformTimers }: CallOptions,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await within(deadlineMs, call(stub()), timers);
    } catch (cause) {
      const nextMs = isOverloaded(cause) ? overloadedPauseMs : pauseMs;
      if (attempt >= attempts || nextMs === undefined) throw new GatewayError({ code: 'state_unavailable' }, { cause });
      await new Promise((resolve) => setTimeout(resolve, nextMs * attempt));
    }
  }
}

async function within<Answer>(deadlineMs: number, answer: Promise<Answer>, timers: Pick<Timers, 'once'>): Promise<Answer> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = timers.once(deadlineMs, () => reject(new Error(`no answer within ${deadlineMs} ms`)));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancel();
  }
}

function isOverloaded(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'overloaded' in error && error.overloaded === true;
}
