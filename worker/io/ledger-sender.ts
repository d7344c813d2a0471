/**
 * Sends what an isolate has counted to its shard of the ledger, in batches. One request carries a batch for the others: the one that fills
 * it, or the one that opened it (see `carrier.ts`).
 */
import {
  addCalls,
  type Batch,
  type BatcherState,
  type BatcherStep,
  confirmBatch,
  createBatcher,
  failBatch,
  flushWhenDue,
  hasUnsent,
} from '../core/ledger/batch.ts';
import type { Background, Clock, LogPort } from '../core/ports.ts';
import type { LedgerObjectBase } from '../objects/ledger-object.ts';
import { Carrier } from './carrier.ts';
import { callObject } from './object-call.ts';
import type { ObjectCalls } from './object-calls.ts';

/** A little more than the batch's age limit, so that the timer finds it due. */
const carryMs = 520;

export interface SenderOptions {
  readonly senderId: string;
  readonly clock: Clock;
  readonly log: LogPort;
  readonly calls: Pick<ObjectCalls, 'take'>;
}

export class LedgerSender {
  readonly #shard: () => DurableObjectStub<LedgerObjectBase>;
  readonly #clock: Clock;
  readonly #log: LogPort;
  readonly #calls: Pick<ObjectCalls, 'take'>;
  #state: BatcherState;
  readonly #carrier: Carrier;

  constructor(shard: () => DurableObjectStub<LedgerObjectBase>, { senderId, clock, log, calls }: SenderOptions) {
    this.#shard = shard;
    this.#clock = clock;
    this.#log = log;
    this.#calls = calls;
    this.#state = createBatcher(senderId);
    this.#carrier = new Carrier(clock, carryMs, {
      hasUnsent: () => hasUnsent(this.#state),
      send: () => this.#send(this.#take(flushWhenDue(this.#state, this.#clock.now()))),
    });
  }

  /**
   * What the next addition is made to. Calls of objects go along with the first of a batch: by themselves they would make a batch, and so
   * another call.
   */
  begun(): BatcherState {
    if (this.#state.openedAtMs !== null) return this.#state;
    const made = this.#calls.take();
    return made.length === 0 ? this.#state : addCalls(this.#state, made, this.#clock.now());
  }

  /** Takes an addition to `begun()`, and sees to it that somebody carries it. */
  add(step: BatcherStep, background: Background): void {
    const batch = this.#take(step);
    if (batch !== null) background(this.#send(batch));
    this.#carrier.see(background);
  }

  /** Delivers what there is, however young. */
  async sendAll(): Promise<void> {
    const openedAtMs = this.#state.openedAtMs === null ? null : 0;
    await this.#send(this.#take(flushWhenDue({ ...this.#state, openedAtMs }, this.#clock.now())));
  }

  #take(step: BatcherStep): Batch | null {
    this.#state = step.state;
    return step.flush;
  }

  /** Delivers a batch and those that came together meanwhile; when the object cannot be reached they stay. */
  async #send(batch: Batch | null): Promise<void> {
    for (let next = batch; next !== null;) {
      const current = next;
      try {
        const verdict = await callObject(this.#shard, (ledger) => ledger.bookForRoot(current), { attempts: 4, pauseMs: 100 });
        if (verdict === 'too_old') this.#log.write('error', 'ledger_batch_too_old', { sequence: current.sequence });
        next = this.#take(confirmBatch(this.#state, current.sequence, this.#clock.now()));
      } catch (error) {
        this.#log.write('warn', 'ledger_unavailable', { error });
        this.#state = failBatch(this.#state, current.sequence);
        return;
      }
    }
  }
}
