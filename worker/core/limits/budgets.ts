/**
 * Money limits that hold under any concurrency: a request reserves the most it can cost before it runs, and books what it did cost
 * afterwards, once. All in integer nano-USD.
 *
 * Rules:
 * - A request belongs to the periods in which it was admitted, even when it ends in the next.
 * - spent + reserved never passes a `refuse` limit, as long as nobody costs more than was reserved for it (a settlement books the truth
 *   in any case and reports the excess).
 * - A reservation that expires is booked in full by the next sweep: the model may have run that long, and giving the money back would
 *   let the limit be passed when the truth arrives late. A late settlement still corrects it.
 */
import {
  advanceClock,
  book,
  budgetNumbers,
  isSameWindow,
  remaining,
  windowKey,
  type BudgetLimit,
  type BudgetNumbers,
  type BudgetState,
  type Reservation,
  type WindowKey,
} from './budget-state.ts';

export interface BudgetRequest {
  readonly id: string;
  /** The worst case. */
  readonly amountNanoUsd: number;
  /** The worst case in the small tier; `null` when the request cannot go there. */
  readonly cheapAmountNanoUsd: number | null;
  readonly expiresAtMs: number;
}

export type BudgetVerdict =
  | { readonly isGranted: true; readonly amountNanoUsd: number; readonly isCheapTierOnly: boolean }
  | { readonly isGranted: false; readonly exceeded: BudgetNumbers };

/**
 * Reserves a request's worst case from every limit, or from none. Where only `cheap_tier` limits lack room and the request can go to the
 * small tier, it is granted the small tier's worst case instead; that may pass those limits, which are soft. Repeating an id that is
 * reserved changes nothing.
 */
export function reserveBudget(
  before: BudgetState,
  request: BudgetRequest,
  limits: readonly BudgetLimit[],
  nowMs: number,
): { readonly state: BudgetState; readonly verdict: BudgetVerdict } {
  const state = advanceClock(before, nowMs);
  const known = state.open.find(({ id }) => id === request.id);
  if (known !== undefined) return { state, verdict: { isGranted: true, ...granted(known) } };
  const lacking = limits.filter((limit) => !(remaining(state, limit, state.clockMs) >= request.amountNanoUsd));
  const isCheapTierOnly = lacking.length > 0;
  const isRefused = lacking.some(({ whenExhausted }) => whenExhausted === 'refuse') || request.cheapAmountNanoUsd === null;
  if (isCheapTierOnly && isRefused) return { state, verdict: { isGranted: false, exceeded: lastToReset(state, lacking) } };
  const reservation: Reservation = {
    id: request.id,
    amountNanoUsd: isCheapTierOnly ? (request.cheapAmountNanoUsd ?? 0) : request.amountNanoUsd,
    expiresAtMs: request.expiresAtMs,
    isCheapTierOnly,
    windows: distinctWindows(limits.map((limit) => windowKey(limit, state.clockMs))),
  };
  return {
    state: { ...state, open: [...state.open, reservation] },
    verdict: { isGranted: true, ...granted(reservation) },
  };
}

/**
 * Adds to a reservation before the request does something that bills again: an escalation, a rescue, a retry after a reset. Refused
 * when a `refuse` limit has no room in the request's own period, or the id holds no reservation. Not idempotent: a repeat whose first
 * answer was lost reserves twice, which the settlement gives back.
 */
export function extendBudget(
  before: BudgetState,
  { id, extraNanoUsd }: { readonly id: string; readonly extraNanoUsd: number },
  limits: readonly BudgetLimit[],
  nowMs: number,
): { readonly state: BudgetState; readonly isGranted: boolean } {
  const state = advanceClock(before, nowMs);
  const known = state.open.find((reservation) => reservation.id === id);
  if (known === undefined) return { state, isGranted: limits.length === 0 };
  const hasRoom = known.windows.every(({ name, period, startMs }) =>
    limits
      .filter((limit) => limit.name === name && limit.period === period && limit.whenExhausted === 'refuse')
      .every((limit) => remaining(state, limit, startMs) >= extraNanoUsd),
  );
  if (!hasRoom) return { state, isGranted: false };
  const extended = { ...known, amountNanoUsd: known.amountNanoUsd + extraNanoUsd };
  return { state: { ...state, open: state.open.map((other) => (other === known ? extended : other)) }, isGranted: true };
}

/**
 * Books what a request did cost and ends its reservation, once: a second settlement finds nothing and changes nothing. `null` (nobody
 * knows) books the whole reservation. Settling after expiry corrects the booking. To release a reservation, settle 0.
 */
export function settleBudget(
  state: BudgetState,
  id: string,
  costNanoUsd: number | null,
): { readonly state: BudgetState; readonly isSettled: boolean; readonly excessNanoUsd: number } {
  const open = state.open.find((reservation) => reservation.id === id);
  const known = open ?? state.expired.find((reservation) => reservation.id === id);
  if (known === undefined) return { state, isSettled: false, excessNanoUsd: 0 };
  const cost = costNanoUsd === null || !Number.isFinite(costNanoUsd) ? known.amountNanoUsd : Math.max(0, Math.ceil(costNanoUsd));
  const booked = book(state, known, open === undefined ? cost - known.amountNanoUsd : cost);
  return {
    state: {
      ...booked,
      open: state.open.filter((reservation) => reservation !== known),
      expired: state.expired.filter((reservation) => reservation !== known),
    },
    isSettled: true,
    excessNanoUsd: Math.max(0, cost - known.amountNanoUsd),
  };
}

function granted({ amountNanoUsd, isCheapTierOnly }: Reservation) {
  return { amountNanoUsd, isCheapTierOnly };
}

/** A key may have a soft and a hard limit for the same period: they share a window. */
function distinctWindows(keys: readonly WindowKey[]): readonly WindowKey[] {
  return keys.filter((key, index) => keys.findIndex((other) => isSameWindow(other, key)) === index);
}

/** Of several used-up budgets the one that keeps the client waiting longest. */
function lastToReset(state: BudgetState, lacking: readonly BudgetLimit[]): BudgetNumbers {
  return budgetNumbers(state, lacking, state.clockMs).reduce((last, next) => (next.resetAtMs > last.resetAtMs ? next : last));
}
