/** A place on a model for the length of a call. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { isCalm } from '../../core/admission/local-gate.ts';
import type { HealthSnapshot } from '../../core/health/snapshot.ts';
import type { Waiter } from '../../core/ports.ts';
import type { Parts } from '../run/run.ts';

/** Waits until the model has a place for this call. A client that leaves meanwhile gives its seat up. */
export async function takePlace(
  run: Parts<'deps' | 'asked' | 'tried' | 'client'>,
  modelId: string,
  snapshot: HealthSnapshot,
): Promise<Result<null, Failure>> {
  const { deps, asked, tried, client } = run;
  const { config, admission, newId } = deps;
  const { key, background, trace } = asked.caller;
  trace?.enter('place');
  const { plans } = config.routing.admission;
  const { weight, priority } = plans[key.plan] ?? plans['default'] ?? { weight: 1, priority: 1 };
  const isCalmNow = isCalm(snapshot, modelId, modelOf(config, modelId).max_in_flight);
  const waiter: Waiter = {
    wait() {
      const waiting = new AbortController();
      tried.current = waiting;
      return { ticketId: newId(), signal: waiting.signal };
    },
    onQueued(position) {
      client.queuePosition = position;
    },
  };
  const entered = admission.enter({ modelId, keyId: key.id, weight, priority, isCalm: isCalmNow }, waiter, background);
  const place = entered instanceof Promise ? await entered : entered;
  client.queuePosition = null;
  if (!place.ok) return client.isGone ? fail({ code: 'client_closed_request' }) : place;
  tried.place = place.value;
  if (!client.isGone) return ok(null);
  releasePlace(run);
  return fail({ code: 'client_closed_request' });
}

export function releasePlace({ asked, tried }: Parts<'asked' | 'tried'>): void {
  tried.place?.release(asked.caller.background);
  tried.place = null;
}
