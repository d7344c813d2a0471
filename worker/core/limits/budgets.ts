/**
 * Money limits that hold under any concurrency: a request reserves the most it can cost before it runs, and books its actual cost once
 * afterwards. All in integer nano-USD. Every function changes one reservation; the caller tracks which request holds it.
 *
 * Rules:
 * - A request belongs to the periods in which it was admitted, even when it ends in the next.
 * - spent + reserved never exceeds a `refuse` limit, as long as no request costs more than it reserved (a settlement books the actual
 *   cost in any case and reports the excess).
 * - A request whose heartbeats stop is booked in full: the model may have run that long, and returning the money would let the limit be
 *   exceeded when the actual cost arrives late. A late settlement still corrects it.
 */
import {
  addTo,
  advanceClock,
  budgetNumbers,
  isSameWindow,
  remaining,
  windowKey,
  type BudgetBook,
  type BudgetLimit,
  type BudgetNumbers,
  type Reservation,
  type WindowKey,
} from './budget-state.ts';

export interface BudgetRequest {
  /** The worst case. */
  readonly amountNanoUsd: number;
  /** The worst case in the small tier; `null` when the request cannot go there. */
  readonly cheapAmountNanoUsd: number | null;
}

export type BudgetVerdict =
  | { readonly isGranted: true; readonly reservation: Reservation }
  | {
      readonly isGranted: false;
      readonly exceeded: BudgetNumbers;
      /** The request would fit if what others have reserved were free. */
      readonly isHeld: boolean;
    };

/**
 * Reserves a request's worst case from every limit, or from none. Where only `cheap_tier` limits lack room and the request can go to the
 * small tier, it is granted the small tier's worst case instead; that may pass those limits, which are soft.
 */
export function reserveBudget(
  before: BudgetBook,
  request: BudgetRequest,
  limits: readonly BudgetLimit[],
  nowMs: number,
): { readonly book: BudgetBook; readonly verdict: BudgetVerdict } {
  const book = advanceClock(before, nowMs);
  const lacking = limits.filter((limit) => !(remaining(book, limit, book.clockMs) >= request.amountNanoUsd));
  const isCheapTierOnly = lacking.length > 0;
  const isRefused = lacking.some(({ whenExhausted }) => whenExhausted === 'refuse') || request.cheapAmountNanoUsd === null;
  if (isCheapTierOnly && isRefused) {
    const numbers = budgetNumbers(book, lacking, book.clockMs);
    const isHeld = numbers.every(({ limitNanoUsd, spentNanoUsd }) => spentNanoUsd + request.amountNanoUsd <= limitNanoUsd);
    return { book, verdict: { isGranted: false, exceeded: lastToReset(numbers), isHeld } };
  }
  const reservation: Reservation = {
    amountNanoUsd: isCheapTierOnly ? (request.cheapAmountNanoUsd ?? 0) : request.amountNanoUsd,
    isCheapTierOnly,
    windows: distinctWindows(limits.map((limit) => windowKey(limit, book.clockMs))),
  };
  return { book: holdReservation(book, reservation), verdict: { isGranted: true, reservation } };
}

/** Counts a reservation as open. */
export function holdReservation(book: BudgetBook, { amountNanoUsd, windows }: Reservation): BudgetBook {
  return addTo(book, windows, { reservedNanoUsd: amountNanoUsd, references: 1 });
}

/**
 * Adds to a reservation before the request does something that bills again: an escalation, a rescue, a retry after a reset. Refused
 * when a `refuse` limit has no room in the request's own period, or nothing is reserved. Not idempotent: a repeat whose first answer was
 * lost reserves twice, which the settlement gives back.
 */
export function extendBudget(
  before: BudgetBook,
  reservation: Reservation | null,
  extraNanoUsd: number,
  limits: readonly BudgetLimit[],
  nowMs: number,
): { readonly book: BudgetBook; readonly reservation: Reservation | null; readonly isGranted: boolean } {
  const book = advanceClock(before, nowMs);
  if (reservation === null) return { book, reservation, isGranted: limits.length === 0 };
  const hasRoom = reservation.windows.every(({ name, period, startMs }) =>
    limits
      .filter((limit) => limit.name === name && limit.period === period && limit.whenExhausted === 'refuse')
      .every((limit) => remaining(book, limit, startMs) >= extraNanoUsd),
  );
  if (!hasRoom) return { book, reservation, isGranted: false };
  const { windows, amountNanoUsd } = reservation;
  return {
    book: addTo(book, windows, { reservedNanoUsd: extraNanoUsd }),
    reservation: { ...reservation, amountNanoUsd: amountNanoUsd + extraNanoUsd },
    isGranted: true,
  };
}

/** Books what a request cost and ends its reservation. `null` (unknown) books the whole reservation. To release one, settle 0. */
export function settleBudget(
  book: BudgetBook,
  { amountNanoUsd, windows }: Reservation,
  costNanoUsd: number | null,
): { readonly book: BudgetBook; readonly excessNanoUsd: number } {
  const cost = wholeCost(costNanoUsd, amountNanoUsd);
  return {
    book: addTo(book, windows, { spentNanoUsd: cost, reservedNanoUsd: -amountNanoUsd, references: -1 }),
    excessNanoUsd: Math.max(0, cost - amountNanoUsd),
  };
}

/** Books a reservation in full and keeps its windows, so that a late settlement can still correct it. */
export function expireBudget(book: BudgetBook, { amountNanoUsd, windows }: Reservation): BudgetBook {
  return addTo(book, windows, { spentNanoUsd: amountNanoUsd, reservedNanoUsd: -amountNanoUsd });
}

/** Corrects a reservation that was booked in full. */
export function correctBudget(
  book: BudgetBook,
  { amountNanoUsd, windows }: Reservation,
  costNanoUsd: number | null,
): { readonly book: BudgetBook; readonly excessNanoUsd: number } {
  const cost = wholeCost(costNanoUsd, amountNanoUsd);
  return {
    book: addTo(book, windows, { spentNanoUsd: cost - amountNanoUsd, references: -1 }),
    excessNanoUsd: Math.max(0, cost - amountNanoUsd),
  };
}

/** Drops a reservation that can no longer be corrected. */
export function forgetBudget(book: BudgetBook, { windows }: Reservation): BudgetBook {
  return addTo(book, windows, { references: -1 });
}

function wholeCost(costNanoUsd: number | null, amountNanoUsd: number): number {
  return costNanoUsd === null || !Number.isFinite(costNanoUsd) ? amountNanoUsd : Math.max(0, Math.ceil(costNanoUsd));
}

/** A key may have a soft and a hard limit for the same period: they share a window. */
function distinctWindows(keys: readonly WindowKey[]): readonly WindowKey[] {
  return keys.filter((key, index) => keys.findIndex((other) => isSameWindow(other, key)) === index);
}

/** Of several used-up budgets, the one that resets last. */
function lastToReset(lacking: readonly BudgetNumbers[]): BudgetNumbers {
  return lacking.reduce((last, next) => (next.resetAtMs > last.resetAtMs ? next : last));
}
