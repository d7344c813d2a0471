/**
 * Who sends what an isolate has collected: one request carries for the others, after a moment in its own background time (measured: half the
 * CPU of every request waiting).
 */
import type { Background, Clock } from '../core/ports.ts';

/** A carrier that has not come back by then is gone with its request; the next request carries instead. */
const carrierLostMs = 5000;
/** A carrier gives up before its request's background time (30 s) does; what is left stays for the next request. */
const maxCarriedMs = 20_000;

export interface Load {
  hasUnsent(): boolean;
  /** Never rejects. What could not be sent is unsent again. */
  send(): Promise<void>;
}

export class Carrier {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #load: Load;
  #carriedSinceMs: number | null = null;

  /** @param pauseMs how long it is collected */
  constructor(clock: Clock, pauseMs: number, load: Load) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
    this.#load = load;
  }

  /** Sees to it that somebody carries what there is. */
  see(background: Background): void {
    if (!this.#isCarried() && this.#load.hasUnsent()) background(this.#carry());
  }

  #isCarried(): boolean {
    return this.#carriedSinceMs !== null && this.#clock.now() - this.#carriedSinceMs < carrierLostMs;
  }

  /**
   * Waits, then sends, until nothing is left: what came together while something was under way would wait for the next request otherwise.
   * From waking on, something new finds itself another carrier.
   */
  async #carry(): Promise<void> {
    const startedAtMs = this.#clock.now();
    do {
      this.#carriedSinceMs = this.#clock.now();
      await new Promise((resolve) => setTimeout(resolve, this.#pauseMs));
      this.#carriedSinceMs = null;
      await this.#load.send();
    } while (!this.#isCarried() && this.#load.hasUnsent() && this.#clock.now() - startedAtMs < maxCarriedMs);
  }
}
