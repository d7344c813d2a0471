/**
 * An isolate's door to the lanes of long prompts. Every one of them asks the admission object: next to the seconds that reading it takes, a call
 * is nothing. When the object cannot be reached the prompt goes on: trouble with state stops no answer.
 */
import type { ConfigTree } from '../../shared/config.ts';
import type { Failure } from '../../shared/errors.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import type { PrefillEntry } from '../core/admission/prefill-lane.ts';
import type { Background, LaneRequest, LogPort, Turn, Waiter } from '../core/ports.ts';
import type { AdmissionObjectBase, WaitResult } from '../objects/admission-object.ts';
import type { CallOptions } from './object-call.ts';

/** Calls the object of a model. */
type Ask = <Answer>(
  modelId: string,
  call: (object: DurableObjectStub<AdmissionObjectBase>) => Promise<Answer>,
  options?: CallOptions,
) => Promise<Answer>;

interface LaneOptions {
  readonly isolateId: string;
  readonly config: ConfigTree;
  readonly log: LogPort;
}

/** How often a ticket enters: after a restart the object does not know those that waited. */
const maxEntries = 3;
export const openLane = ok<Turn>({ end: () => undefined });

export async function enterLane(
  ask: Ask,
  options: LaneOptions,
  request: LaneRequest,
  waiter: Waiter,
  background: Background,
): Promise<Result<Turn, Failure>> {
  const { ticketId: placeId, signal } = waiter.wait();
  const ticketId = `lane:${placeId}`;
  const leave = (isRead: boolean): Promise<unknown> =>
    ask(request.modelId, async (object) => object.leaveLane(request.modelId, ticketId, isRead), {
      attempts: 4,
      pauseMs: 100,
    }).catch(() => undefined);
  const giveUp = (): void => background(leave(false));
  signal.addEventListener('abort', giveUp);
  try {
    const refusal = await wait(ask, options, request, ticketId, waiter, signal);
    return refusal === null ? ok(turnOf(leave)) : fail(refusal);
  } catch (error) {
    options.log.write('warn', 'admission_unavailable', { error });
    return openLane;
  } finally {
    signal.removeEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
  }
}

function turnOf(leave: (isRead: boolean) => Promise<unknown>): Turn {
  let isHeld = true;
  return {
    end(isRead, background) {
      if (!isHeld) return;
      isHeld = false;
      background(leave(isRead));
    },
  };
}

/** Null when it is its turn. */
async function wait(
  ask: Ask,
  { isolateId, config }: LaneOptions,
  { modelId, keyId, weight, priority, promptTokens, holdMs }: LaneRequest,
  ticketId: string,
  waiter: Waiter,
  signal: AbortSignal,
): Promise<Failure | null> {
  const ticket = { ticketId, isolateId, keyId, weight, priority, cost: promptTokens, holdMs };
  const deadlineMs = config.routing.admission.max_prefill_wait_ms + 5000;
  for (let time = 0; time < maxEntries; time += 1) {
    const entry = await ask(modelId, async (object): Promise<PrefillEntry> => object.enterLane(modelId, ticket));
    if (entry.kind === 'admitted') return null;
    if (entry.kind === 'rejected') return { ...laneFull, retryAfterMs: entry.retryAfterMs };
    waiter.onQueued(entry.position);
    const result = await ask(modelId, async (object): Promise<WaitResult> => object.wait(ticketId), {
      attempts: 2,
      pauseMs: 30,
      deadlineMs,
    });
    if (result.kind === 'granted') return null;
    if (result.kind === 'refused') return { ...laneFull, retryAfterMs: result.retryAfterMs };
    if (signal.aborted) return { code: 'client_closed_request' };
  }
  return laneFull;
}

const laneFull: Failure = { code: 'queue_full', detail: 'Too many long prompts wait to be read.' };
