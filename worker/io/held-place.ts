/** A place on a model while a call holds it. */
import type { GateConfig, LocalGate } from '../core/admission/local-gate.ts';
import type { Background, Place } from '../core/ports.ts';

/** This isolate's gate to one model. */
export interface Door {
  readonly modelId: string;
  readonly config: GateConfig;
  gate: LocalGate;
  /** This isolate's part of all places handed out, as of the last renewal. */
  part: number;
  /** When somebody last promised to look whether the peak is over; see `admission-client.ts`. */
  lookingSinceMs: number;
}

/** Whom places are given back to: see `admission-client.ts`. */
export interface Doorkeeper {
  leaveLeased(door: Door, isCalm: boolean, background: Background): void;
  leaveTicket(door: Door, ticketId: string, background: Background): void;
  renewIfDue(door: Door, isCalm: boolean, background: Background): void;
}

/** A place that is given back once, however often it is asked to be. */
export class HeldPlace implements Place {
  readonly #keeper: Doorkeeper;
  readonly #door: Door;
  readonly #isCalm: boolean;
  /** Of a place that the object itself has given out; null for one of this isolate's block, or let in in calm times. */
  readonly #ticketId: string | null;
  #isHeld = true;

  constructor(keeper: Doorkeeper, door: Door, isCalm: boolean, ticketId: string | null) {
    this.#keeper = keeper;
    this.#door = door;
    this.#isCalm = isCalm;
    this.#ticketId = ticketId;
  }

  release(background: Background): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.#ticketId === null) this.#keeper.leaveLeased(this.#door, this.#isCalm, background);
    else this.#keeper.leaveTicket(this.#door, this.#ticketId, background);
  }

  keep(background: Background): void {
    if (this.#isHeld) this.#keeper.renewIfDue(this.#door, this.#isCalm, background);
  }
}
