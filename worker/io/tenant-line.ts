/**
 * An isolate's way to one tenant's object. A call costs more than what it asks, so requests that come while one is under way go together in the
 * next, and endings that come shortly after one go with the next admission. Who comes alone goes at once, and nobody waits for longer than a
 * moment.
 */
import type { OrderAnswer, TenantOrder } from '../core/limits/orders.ts';
import type { Clock } from '../core/ports.ts';

/** So long a call under way keeps the next one waiting, if a client waits for that. */
const holdMs = 10;
/** And so long after a call endings wait for an admission to go with: nobody waits for them, but their place may be wanted elsewhere. */
const restMs = 20;
/** A batch whose requests are gone is taken over by the next one that comes. */
const lostMs = 100;

interface Batch {
  readonly openedAtMs: number;
  readonly members: Member[];
  /** It has a request whose client waits. */
  isUrgent: boolean;
}

interface Member {
  readonly order: TenantOrder;
  resolve(answer: OrderAnswer): void;
  reject(error: unknown): void;
}

export class TenantLine {
  readonly #call: (orders: string) => Promise<string>;
  readonly #clock: Clock;
  /** What goes next. */
  #batch: Batch | null = null;
  /** The last call, until it has landed. */
  #flight: Promise<void> | null = null;
  #sentAtMs = Number.NEGATIVE_INFINITY;

  /** @param call makes one call of the object with a stub of its own */
  constructor(call: (orders: string) => Promise<string>, clock: Clock) {
    this.#call = call;
    this.#clock = clock;
  }

  /** Nothing is under way. */
  get isIdle(): boolean {
    return this.#batch === null && this.#flight === null;
  }

  /**
   * Takes its turn. The request that asks makes the call, or one that came shortly before it does: then its answer is given across requests,
   * and whoever asks must have a deadline of its own. Orders keep their order.
   */
  ask(order: TenantOrder): Promise<OrderAnswer> {
    const nowMs = this.#clock.now();
    const isNew = this.#batch === null;
    const batch = (this.#batch ??= { openedAtMs: nowMs, members: [], isUrgent: false });
    const answer = new Promise<OrderAnswer>((resolve, reject) => batch.members.push({ order, resolve, reject }));
    const isUrgent = order.kind === 'admit' && !batch.isUrgent;
    batch.isUrgent ||= isUrgent;
    // Not waited for: another may have made the call before this one's turn.
    if (isNew || isUrgent || nowMs - batch.openedAtMs > lostMs) void this.#lead(batch, order.kind, nowMs);
    return answer;
  }

  /** Everything that was asked before is answered then, or has failed. */
  async flush(): Promise<void> {
    const batch = this.#batch;
    const flight = this.#flight;
    this.#batch = null;
    await Promise.all([flight, batch === null ? null : this.#send(batch.members)]);
  }

  async #lead(batch: Batch, kind: TenantOrder['kind'], nowMs: number): Promise<void> {
    const flight = this.#flight;
    const pauseMs = kind === 'finish' ? restMs : flight === null ? 0 : holdMs;
    const waitMs = Math.min(pauseMs, this.#sentAtMs + pauseMs - nowMs);
    if (waitMs > 0) await within(waitMs, kind === 'admit' ? flight : null);
    if (this.#batch !== batch) return;
    this.#batch = null;
    await this.#send(batch.members);
  }

  async #send(members: readonly Member[]): Promise<void> {
    const sent = this.#call(JSON.stringify(members.map(({ order }) => order)));
    const flight = sent.then(ignore, ignore);
    this.#flight = flight;
    this.#sentAtMs = this.#clock.now();
    try {
      const answers: readonly OrderAnswer[] = JSON.parse(await sent);
      for (const [index, { resolve, reject }] of members.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new Error('an order was not answered'));
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of members) reject(error);
    } finally {
      if (this.#flight === flight) this.#flight = null;
    }
  }
}

/** So long, or until the call under way has landed. */
async function within(ms: number, flight: Promise<void> | null): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await (flight === null ? late : Promise.race([flight, late]));
  clearTimeout(timer);
}

function ignore(): void {}
