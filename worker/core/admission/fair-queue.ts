/**
 * The queue of one model: which tickets wait and which is next. Strict priority between classes; inside a class start-time fair queueing by
 * key (Goyal, Vin, Cheng, "Start-time Fair Queuing", SIGCOMM 1996), so that a key's share follows its weight, not the number of its
 * requests. Tags are set when a ticket is served, not when it comes: a ticket that gives up waiting then costs its key nothing.
 */

/** A request that wants a place. */
export interface Ticket {
  /** The request's id; a second call with the same id changes nothing. */
  readonly ticketId: string;
  readonly isolateId: string;
  readonly keyId: string;
  /** The key's share against other keys, above 0. */
  readonly weight: number;
  /** 0 goes first. A lower class waits while a higher one has tickets waiting, at most `maxWaitMs`. */
  readonly priority: number;
  /** What it takes of its key's share: 1 if left out. */
  readonly cost?: number;
  /** For how long it may hold what it gets; where the queue's owner has no time of its own. */
  readonly holdMs?: number;
}

export interface Waiting extends Ticket {
  readonly enteredAtMs: number;
}

interface FairClass {
  /** The start tag of the ticket served last. */
  readonly virtualTime: number;
  /** By key id; tags at or below `virtualTime` are dropped. */
  readonly finishTags: Readonly<Record<string, number>>;
}

export interface FairQueue {
  /** In order of arrival. */
  readonly waiting: readonly Waiting[];
  readonly classes: Readonly<Record<string, FairClass>>;
}

export const emptyQueue: FairQueue = { waiting: [], classes: {} };

/** Keys whose tags are kept per class; beyond it the smallest debts are forgiven. */
const maxFinishTags = 1000;

const freshClass: FairClass = { virtualTime: 0, finishTags: {} };

export function join(queue: FairQueue, ticket: Ticket, nowMs: number): FairQueue {
  return { ...queue, waiting: [...queue.waiting, { ...ticket, enteredAtMs: nowMs }] };
}

export function remove(queue: FairQueue, ticketId: string): FairQueue {
  const waiting = queue.waiting.filter((ticket) => ticket.ticketId !== ticketId);
  return waiting.length === queue.waiting.length ? queue : { ...queue, waiting };
}

/** Takes out the next ticket: the most urgent class, in it the key with the smallest start tag, of equals the one that came first. */
export function takeNext(queue: FairQueue): { readonly queue: FairQueue; readonly ticket: Waiting } | null {
  const priority = queue.waiting.reduce((least, ticket) => Math.min(least, ticket.priority), Infinity);
  const { virtualTime, finishTags } = queue.classes[priority] ?? freshClass;
  const seen = new Set<string>();
  let chosen: Waiting | null = null;
  let startTag = Infinity;
  for (const ticket of queue.waiting) {
    if (ticket.priority !== priority || seen.has(ticket.keyId)) continue;
    seen.add(ticket.keyId);
    const tag = Math.max(virtualTime, finishTags[ticket.keyId] ?? 0);
    if (tag >= startTag) continue;
    chosen = ticket;
    startTag = tag;
  }
  if (chosen === null) return null;
  const finishTag = startTag + chargeOf(chosen);
  const served: FairClass = { virtualTime: startTag, finishTags: prune({ ...finishTags, [chosen.keyId]: finishTag }, startTag) };
  return { queue: { ...remove(queue, chosen.ticketId), classes: { ...queue.classes, [priority]: served } }, ticket: chosen };
}

/**
 * Which ticket is displaced when the queue is full: the newest of the key with most waiting tickets per weight, in the least urgent class.
 * `null` when that would be the newcomer itself. Without this, one key could fill the queue and keep all others out.
 */
function displacedBy(queue: FairQueue, newcomer: Ticket): Waiting | null {
  const priority = queue.waiting.reduce((most, ticket) => Math.max(most, ticket.priority), newcomer.priority);
  const crowds = new Map<string, { perWeight: number; newest: Waiting }>();
  for (const ticket of queue.waiting) {
    if (ticket.priority !== priority) continue;
    const perWeight = (crowds.get(ticket.keyId)?.perWeight ?? 0) + chargeOf(ticket);
    crowds.set(ticket.keyId, { perWeight, newest: ticket });
  }
  const own = newcomer.priority === priority ? (crowds.get(newcomer.keyId)?.perWeight ?? 0) + chargeOf(newcomer) : 0;
  let victim: Waiting | null = null;
  let most = own;
  for (const [keyId, { perWeight, newest }] of crowds) {
    if (perWeight <= most || (keyId === newcomer.keyId && newcomer.priority === priority)) continue;
    victim = newest;
    most = perWeight;
  }
  return victim;
}

/** A seat for the newcomer, and who lost one for it. `null` when the queue is full and nobody may be displaced. */
export function takeSeat(
  queue: FairQueue,
  newcomer: Ticket,
  nowMs: number,
  maxWaiting: number,
): { readonly queue: FairQueue; readonly displaced: readonly string[] } | null {
  if (queue.waiting.length < maxWaiting) return { queue: join(queue, newcomer, nowMs), displaced: [] };
  const victim = displacedBy(queue, newcomer);
  if (victim === null) return null;
  return { queue: join(remove(queue, victim.ticketId), newcomer, nowMs), displaced: [victim.ticketId] };
}

/** About how many are served before this ticket, plus one: exact for equal tags, an estimate otherwise. 0 when it does not wait. */
export function positionOf(queue: FairQueue, ticketId: string): number {
  const own = queue.waiting.find((ticket) => ticket.ticketId === ticketId);
  if (own === undefined) return 0;
  let before = 0;
  let turn = 1;
  const crowds = new Map<string, { count: number; weight: number }>();
  let isOwnPassed = false;
  for (const ticket of queue.waiting) {
    if (ticket.ticketId === ticketId) isOwnPassed = true;
    else if (ticket.priority < own.priority) before += 1;
    else if (ticket.priority > own.priority) continue;
    else if (ticket.keyId !== own.keyId) {
      crowds.set(ticket.keyId, { count: (crowds.get(ticket.keyId)?.count ?? 0) + 1, weight: ticket.weight });
    } else if (!isOwnPassed) turn += 1;
  }
  for (const { count, weight } of crowds.values()) before += Math.min(count, Math.floor((turn * weight) / own.weight));
  return before + turn;
}

function chargeOf({ cost, weight }: Ticket): number {
  return (cost ?? 1) / weight;
}

function prune(finishTags: Readonly<Record<string, number>>, virtualTime: number): Record<string, number> {
  const ahead = Object.entries(finishTags).filter(([, tag]) => tag > virtualTime);
  if (ahead.length <= maxFinishTags) return Object.fromEntries(ahead);
  return Object.fromEntries(ahead.toSorted(([, a], [, b]) => b - a).slice(0, maxFinishTags));
}
