/**
 * Writes a run's answer into its log while it goes on, a batch at a time, and knows from the replies who reads it and whether it is to be
 * stopped. What is not acknowledged is sent again, so an object that restarts loses nothing. A writer that hears nothing for too long
 * stops: another one may take its place then.
 */
import type { KeptBatch, KeptEnding, KeptReply } from '../../core/kept/kept-answer.ts';
import { beatMs, leaseMs } from '../../core/kept/log.ts';
import type { Background, Clock, Timers } from '../../core/ports.ts';
import type { KeptPlace, KeptPort } from '../../core/kept/ports.ts';

/** While somebody else reads, pieces go out this often. */
const followedMs = 100;
/** Otherwise: what a reader that comes may have to wait for them, and the price of a stream in calls and rows. */
const aloneMs = 500;
/** How often it is looked whether the run has to say that it still goes on. */
const lookMs = 1000;
/** More than this goes out at once. */
const batchChars = 64_000;
/** The end must arrive. */
const endAttempts = 8;
const endPauseMs = 250;

export interface KeeperOptions {
  readonly kept: KeptPort;
  readonly place: KeptPlace;
  readonly writerId: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly background: Background;
  /** After each reply. */
  onReply(reply: Extract<KeptReply, { kind: 'taken' }>): void;
  /** Nothing more is kept: the writer was given up, or may be at any moment. */
  onLost(): void;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #stopBeat: () => void;
  #unsent: string[] = [];
  #unsentChars = 0;
  #acknowledged = 0;
  #ending: KeptEnding | null = null;
  #isSending = false;
  #isFollowed = false;
  #isTooLong = false;
  #isOver = false;
  #cancelFlush: (() => void) | null = null;
  /** When the last call was made that got a reply. */
  #heardAtMs: number;

  /** The answer was opened at this moment. */
  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#heardAtMs = options.clock.now();
    this.#stopBeat = options.timers.every(lookMs, () => this.#beat());
  }

  /** Whether whoever comes can still read it. */
  get isKept(): boolean {
    return !this.#isOver && !this.#isTooLong;
  }

  add(piece: string): void {
    if (!this.isKept || this.#ending !== null) return;
    this.#unsent.push(piece);
    this.#unsentChars += piece.length;
    if (this.#unsentChars >= batchChars) this.send();
    else this.#cancelFlush ??= this.#options.timers.once(this.#isFollowed ? followedMs : aloneMs, () => this.send());
  }

  /** The last word; what comes after it is not kept. */
  end(ending: KeptEnding): void {
    if (this.#isOver || this.#ending !== null) return;
    this.#stopBeat();
    this.#ending = ending;
    this.send();
  }

  /** Sends what there is, or says that the run goes on. */
  send(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    if (this.#isSending || this.#isOver) return;
    this.#options.background(this.#sendAll());
  }

  #beat(): void {
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#heardAtMs >= leaseMs) this.#lose();
    else if (nowMs - this.#heardAtMs >= beatMs) this.send();
  }

  /** One batch after the other: a call that is under way takes along nothing that comes meanwhile. Never rejects. */
  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let failures = 0; !this.#isOver;) {
      const isLast = this.#ending !== null;
      const isSent = await this.#sendOne();
      if (!isSent) {
        failures += 1;
        // The next beat tries again; an end has none.
        if (this.#ending === null || failures >= endAttempts) break;
        await new Promise<void>((resolve) => void this.#options.timers.once(endPauseMs * failures, resolve));
      } else if (isLast) this.#isOver = true;
      else if (this.#ending === null) break;
    }
    this.#isSending = false;
    if (this.#unsent.length > 0 && this.#ending === null)
      this.#cancelFlush ??= this.#options.timers.once(aloneMs, () => this.send());
  }

  async #sendOne(): Promise<boolean> {
    const { kept, place, writerId, clock } = this.#options;
    const sentAtMs = clock.now();
    const pieces = this.#unsent.slice();
    const batch: KeptBatch = { writerId, from: this.#acknowledged, pieces, ending: this.#ending };
    let reply: KeptReply;
    try {
      reply = await kept.append(place, batch);
    } catch {
      return false;
    }
    if (reply.kind === 'refused') {
      this.#lose();
      return true;
    }
    this.#heardAtMs = sentAtMs;
    this.#acknowledged += pieces.length;
    this.#unsent = this.#unsent.slice(pieces.length);
    this.#unsentChars = this.#unsent.reduce((sum, piece) => sum + piece.length, 0);
    this.#isFollowed = reply.readers > 0;
    if (reply.isTooLong) this.#forget();
    if (batch.ending === null) this.#options.onReply(reply);
    return true;
  }

  #lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopBeat();
    this.#forget();
    if (this.#ending === null) this.#options.onLost();
  }

  /** The place is held until the end, without a log. */
  #forget(): void {
    this.#isTooLong = true;
    this.#unsent = [];
    this.#unsentChars = 0;
    this.#cancelFlush?.();
    this.#cancelFlush = null;
  }
}
