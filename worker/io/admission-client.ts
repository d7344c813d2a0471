/**
 * An isolate's door to the models: a place from its own lease where there is one, else a ticket of the admission object. When the object
 * cannot be reached the request goes on: trouble with state stops no answer.
 */
import type { ConfigTree } from '../../shared/config.ts';
import type { Failure } from '../../shared/errors.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import { type Entry, placeLeaseMs } from '../core/admission/admission.ts';
import {
  abandonRenewal,
  beginRenewal,
  closedGate,
  enterGate,
  finishRenewal,
  type GateConfig,
  knownRefusal,
  leaveGate,
  type LocalGate,
  ticketAnswered,
  ticketGranted,
  ticketLeft,
  turnAway,
} from '../core/admission/local-gate.ts';
import type { AdmissionPort, PlaceRequest, Background, Clock, LogPort, Place } from '../core/ports.ts';
import type { AdmissionObjectBase, WaitResult } from '../objects/admission-object.ts';
import { callObject } from './object-call.ts';

const openPlace: Place = { release: () => undefined, keep: () => undefined };
const askOptions = { attempts: 2, pauseMs: 30 };
/** A ticket that the object no longer knows (it was restarted) is entered anew. */
const maxEntries = 3;

export function createAdmissionClient(
  namespace: DurableObjectNamespace<AdmissionObjectBase>,
  options: { readonly isolateId: string; readonly config: ConfigTree; readonly clock: Clock; readonly log: LogPort },
): AdmissionPort {
  const { config, clock, log, isolateId } = options;
  const gates = new Map<string, LocalGate>();
  const gateOf = (modelId: string): LocalGate => gates.get(modelId) ?? closedGate;
  const stubOf = (modelId: string) => () => namespace.getByName(`model:${modelId}`);
  const configOf = (modelId: string): GateConfig => ({
    isolateId,
    cap: config.models[modelId]?.max_in_flight ?? 1,
    leaseMs: placeLeaseMs,
  });

  const renewIfDue = (modelId: string, isCalm: boolean, background: Background): void => {
    const begun = beginRenewal(gateOf(modelId), isCalm, clock.now(), configOf(modelId));
    if (begun === null) return;
    gates.set(modelId, begun.gate);
    background(
      callObject(stubOf(modelId), (object) => object.renew(modelId, begun.renewal), askOptions).then(
        (answer) => {
          gates.set(modelId, finishRenewal(gateOf(modelId), answer, configOf(modelId)));
          // Places that became free while this was under way are owed to those who wait; nobody else may come to say so.
          renewIfDue(modelId, isCalm, background);
        },
        () => void gates.set(modelId, abandonRenewal(gateOf(modelId))),
      ),
    );
  };

  const leasedPlace = (modelId: string, isCalm: boolean): Place =>
    once(
      (background) => {
        gates.set(modelId, leaveGate(gateOf(modelId)));
        renewIfDue(modelId, isCalm, background);
      },
      (background) => renewIfDue(modelId, isCalm, background),
    );

  const ticketPlace = (modelId: string, ticketId: string): Place =>
    once(
      (background) => {
        gates.set(modelId, ticketLeft(gateOf(modelId)));
        background(
          callObject(stubOf(modelId), (object) => object.leave(modelId, ticketId), { attempts: 4, pauseMs: 100 }).catch(
            () => undefined,
          ),
        );
        renewIfDue(modelId, false, background);
      },
      (background) => renewIfDue(modelId, false, background),
    );

  /** Waits for the place of a ticket in the queue. A client that leaves gives its seat up at once. */
  const wait = async (modelId: string, ticketId: string, signal: AbortSignal, background: Background): Promise<WaitResult> => {
    const giveUp = (): void => {
      background(callObject(stubOf(modelId), (object) => object.leave(modelId, ticketId), askOptions).catch(() => undefined));
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp);
    try {
      return await callObject(stubOf(modelId), async (object): Promise<WaitResult> => object.wait(ticketId), {
        ...askOptions,
        deadlineMs: config.routing.admission.max_wait_ms + 5000,
      });
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  };

  const ask = async (
    request: PlaceRequest,
    onQueued: (position: number) => void,
    signal: AbortSignal,
    background: Background,
  ): Promise<Result<Place, Failure>> => {
    const { modelId, ticketId, keyId, weight, priority } = request;
    const ticket = { ticketId, isolateId, keyId, weight, priority };
    for (let time = 0; time < maxEntries; time += 1) {
      const entry = await callObject(
        stubOf(modelId),
        async (object): Promise<Entry> => object.enter(modelId, ticket),
        askOptions,
      );
      gates.set(modelId, ticketAnswered(gateOf(modelId), entry));
      if (entry.kind === 'admitted') return ok(ticketPlace(modelId, ticketId));
      if (entry.kind === 'rejected') {
        gates.set(modelId, turnAway(gateOf(modelId), keyId, entry.retryAfterMs, clock.now()));
        return fail({ code: 'queue_full', retryAfterMs: entry.retryAfterMs });
      }
      onQueued(entry.position);
      const result = await wait(modelId, ticketId, signal, background);
      if (result.kind === 'refused') return fail({ code: 'queue_full', retryAfterMs: result.retryAfterMs });
      if (result.kind === 'granted') {
        gates.set(modelId, ticketGranted(gateOf(modelId)));
        return ok(ticketPlace(modelId, ticketId));
      }
      if (signal.aborted) return fail({ code: 'client_closed_request' });
    }
    return fail({ code: 'queue_full' });
  };

  return {
    async enter(request, onQueued, signal, background) {
      if (!config.routing.admission.enabled) return ok(openPlace);
      const { modelId, isCalm } = request;
      const entered = enterGate(gateOf(modelId), isCalm, clock.now(), configOf(modelId));
      gates.set(modelId, entered.gate);
      renewIfDue(modelId, isCalm, background);
      if (entered.decision !== 'ask') return ok(leasedPlace(modelId, isCalm));
      const retryAfterMs = knownRefusal(gateOf(modelId), request.keyId, clock.now());
      if (retryAfterMs !== null) return fail({ code: 'queue_full', retryAfterMs });
      try {
        return await ask(request, onQueued, signal, background);
      } catch (error) {
        log.write('warn', 'admission_unavailable', { error });
        return ok(openPlace);
      }
    },
  };
}

/** A place that is given back once, however often it is asked to be. */
function once(release: (background: Background) => void, keep: (background: Background) => void): Place {
  let isHeld = true;
  return {
    release(background) {
      if (isHeld) release(background);
      isHeld = false;
    },
    keep(background) {
      if (isHeld) keep(background);
    },
  };
}
