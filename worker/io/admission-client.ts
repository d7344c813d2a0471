/**
 * An isolate's door to the models: a place from its own lease where there is one, else a ticket of the admission object. When the object
 * cannot be reached the request goes on: trouble with state stops no answer.
 */
import type { ConfigTree } from '../../shared/config.ts';
import type { Failure } from '../../shared/errors.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import { type Entry, type Occupancy, placeLeaseMs, type Renewal, type RenewalAnswer } from '../core/admission/admission.ts';
import {
  abandonRenewal,
  beginRenewal,
  closedGate,
  enterGate,
  finishRenewal,
  keepsByPeak,
  knownRefusal,
  leaveGate,
  peakStretchMs,
  ticketAnswered,
  ticketGranted,
  ticketLeft,
  turnAway,
} from '../core/admission/local-gate.ts';
import type { AdmissionPort, PlaceRequest, Background, Clock, LaneRequest, LogPort, Place, Turn, Waiter } from '../core/ports.ts';
import type { AdmissionObjectBase, WaitResult } from '../objects/admission-object.ts';
import { type Door, type Doorkeeper, HeldPlace } from './held-place.ts';
import { enterLane, openLane } from './lane-client.ts';
import { callObject, type CallOptions } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

const openDoor = ok<Place>({ release: () => undefined, keep: () => undefined });
const askOptions = { attempts: 2, pauseMs: 30 };
/** How often a ticket enters the queue: after a restart the object does not know those that waited. */
const maxEntries = 3;
/** When a peak is over for good: `LocalGate` counts in two stretches. */
const lookAfterMs = 2 * peakStretchMs;
/** A request's background time is 30 s; the next request that ends goes on looking. */
const maxLooks = 10;

interface ClientOptions {
  readonly isolateId: string;
  readonly config: ConfigTree;
  readonly clock: Clock;
  readonly log: LogPort;
}

export function createAdmissionClient(namespace: Namespace<AdmissionObjectBase>, options: ClientOptions): AdmissionPort {
  return new AdmissionClient(namespace, options);
}

class AdmissionClient implements AdmissionPort, Doorkeeper {
  readonly #namespace: Namespace<AdmissionObjectBase>;
  readonly #options: ClientOptions;
  readonly #isEnabled: boolean;
  readonly #doors = new Map<string, Door>();

  constructor(namespace: Namespace<AdmissionObjectBase>, options: ClientOptions) {
    this.#namespace = namespace;
    this.#options = options;
    this.#isEnabled = options.config.routing.admission.enabled;
  }

  enter(request: PlaceRequest, waiter: Waiter, background: Background): Result<Place, Failure> | Promise<Result<Place, Failure>> {
    if (!this.#isEnabled) return openDoor;
    const door = this.#doorTo(request.modelId);
    const { gate, decision } = enterGate(door.gate, request.isCalm, this.#now(), door.config);
    door.gate = gate;
    this.renewIfDue(door, request.isCalm, background);
    return decision === 'ask'
      ? this.#queue(door, request, waiter, background)
      : ok(new HeldPlace(this, door, request.isCalm, null));
  }

  enterLane(request: LaneRequest, waiter: Waiter, background: Background): Promise<Result<Turn, Failure>> {
    if (!this.#isEnabled) return Promise.resolve(openLane);
    return enterLane((modelId, call, options) => this.#ask(modelId, call, options), this.#options, request, waiter, background);
  }

  partOf(modelId: string): number {
    return this.#doors.get(modelId)?.part ?? 1;
  }

  async read(): Promise<Readonly<Record<string, Occupancy>>> {
    if (!this.#isEnabled) return {};
    const look = async (modelId: string) => {
      const options = { attempts: 3, pauseMs: 50 };
      const occupancy = await this.#ask(modelId, async (object): Promise<Occupancy> => object.look(modelId), options);
      return [modelId, occupancy] as const;
    };
    return Object.fromEntries(await Promise.all(Object.keys(this.#options.config.models).map(look)));
  }

  leaveLeased(door: Door, isCalm: boolean, background: Background): void {
    door.gate = leaveGate(door.gate, this.#now());
    this.renewIfDue(door, isCalm, background);
    this.#lookAfterPeak(door, isCalm, background);
  }

  leaveTicket(door: Door, ticketId: string, background: Background): void {
    door.gate = ticketLeft(door.gate);
    background(this.#leave(door, ticketId, { attempts: 4, pauseMs: 100 }));
    this.renewIfDue(door, false, background);
  }

  #now(): number {
    return this.#options.clock.now();
  }

  #doorTo(modelId: string): Door {
    const known = this.#doors.get(modelId);
    if (known !== undefined) return known;
    const { isolateId, config } = this.#options;
    const cap = config.models[modelId]?.max_in_flight ?? 1;
    const door = {
      modelId,
      config: { isolateId, cap, leaseMs: placeLeaseMs },
      gate: closedGate,
      part: 1,
      lookingSinceMs: Number.NEGATIVE_INFINITY,
    };
    this.#doors.set(modelId, door);
    return door;
  }

  #ask<Answer>(
    modelId: string,
    call: (object: DurableObjectStub<AdmissionObjectBase>) => Promise<Answer>,
    options: CallOptions = askOptions,
  ): Promise<Answer> {
    return callObject(() => this.#namespace.getByName(`model:${modelId}`), call, options);
  }

  async #leave({ modelId }: Door, ticketId: string, options: CallOptions = askOptions): Promise<void> {
    await this.#ask(modelId, async (object) => object.leave(modelId, ticketId), options).catch(() => undefined);
  }

  renewIfDue(door: Door, isCalm: boolean, background: Background): void {
    const begun = beginRenewal(door.gate, isCalm, this.#now(), door.config);
    if (begun === null) return;
    door.gate = begun.gate;
    background(this.#renew(door, begun.renewal, isCalm, background));
  }

  async #renew(door: Door, renewal: Renewal, isCalm: boolean, background: Background): Promise<void> {
    try {
      const answer = await this.#ask(door.modelId, async (object): Promise<RenewalAnswer> => object.renew(door.modelId, renewal));
      door.gate = finishRenewal(door.gate, answer, door.config);
      door.part = answer.part ?? 1;
    } catch {
      door.gate = abandonRenewal(door.gate);
      return;
    }
    // Places that became free while this was under way are owed to those who wait; nobody else may come to say so.
    this.renewIfDue(door, isCalm, background);
  }

  /** A block that is kept because it was in use a moment ago is looked at again then: there may be no other request to do it. */
  #lookAfterPeak(door: Door, isCalm: boolean, background: Background): void {
    const nowMs = this.#now();
    if (nowMs - door.lookingSinceMs < 2 * lookAfterMs || !keepsByPeak(door.gate, nowMs, door.config)) return;
    background(this.#look(door, isCalm, background));
  }

  async #look(door: Door, isCalm: boolean, background: Background): Promise<void> {
    for (let time = 0; time < maxLooks && keepsByPeak(door.gate, this.#now(), door.config); time += 1) {
      door.lookingSinceMs = this.#now();
      await new Promise((resolve) => setTimeout(resolve, lookAfterMs));
      this.renewIfDue(door, isCalm, background);
    }
    door.lookingSinceMs = Number.NEGATIVE_INFINITY;
  }

  /** Without a place of this isolate's own. */
  async #queue(door: Door, request: PlaceRequest, waiter: Waiter, background: Background): Promise<Result<Place, Failure>> {
    const retryAfterMs = knownRefusal(door.gate, request.keyId, this.#now());
    if (retryAfterMs !== null) return fail({ code: 'queue_full', retryAfterMs });
    try {
      return await this.#askForPlace(door, request, waiter, background);
    } catch (error) {
      this.#options.log.write('warn', 'admission_unavailable', { error });
      return openDoor;
    }
  }

  async #askForPlace(
    door: Door,
    { keyId, weight, priority }: PlaceRequest,
    waiter: Waiter,
    background: Background,
  ): Promise<Result<Place, Failure>> {
    const { modelId } = door;
    const { ticketId, signal } = waiter.wait();
    const ticket = { ticketId, isolateId: this.#options.isolateId, keyId, weight, priority };
    for (let time = 0; time < maxEntries; time += 1) {
      const entry = await this.#ask(modelId, async (object): Promise<Entry> => object.enter(modelId, ticket));
      door.gate = ticketAnswered(door.gate, entry);
      if (entry.kind === 'admitted') return ok(new HeldPlace(this, door, false, ticketId));
      if (entry.kind === 'rejected') {
        door.gate = turnAway(door.gate, keyId, entry.retryAfterMs, this.#now());
        return fail({ code: 'queue_full', retryAfterMs: entry.retryAfterMs });
      }
      waiter.onQueued(entry.position);
      const result = await this.#waitForPlace(door, ticketId, signal, background);
      if (result.kind === 'refused') return fail({ code: 'queue_full', retryAfterMs: result.retryAfterMs });
      if (result.kind === 'granted') {
        door.gate = ticketGranted(door.gate);
        return ok(new HeldPlace(this, door, false, ticketId));
      }
      if (signal.aborted) return fail({ code: 'client_closed_request' });
    }
    return fail({ code: 'queue_full' });
  }

  /** Waits for the place of a ticket in the queue. A client that leaves gives its seat up at once. */
  async #waitForPlace(door: Door, ticketId: string, signal: AbortSignal, background: Background): Promise<WaitResult> {
    const giveUp = (): void => background(this.#leave(door, ticketId));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp);
    const deadlineMs = this.#options.config.routing.admission.max_wait_ms + 5000;
    try {
      return await this.#ask(door.modelId, async (object): Promise<WaitResult> => object.wait(ticketId), {
        ...askOptions,
        deadlineMs,
      });
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}
