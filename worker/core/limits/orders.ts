/**
 * What an isolate asks of a tenant, in the order in which it happened: requests that are to be admitted, and requests that have ended. One
 * call takes many, because a call costs more than what it asks. As JSON text, which is cheaper to send than a clone of nested objects.
 */
import type { Failure } from '../../../shared/errors.ts';
import type { Result } from '../../../shared/result.ts';
import type { RateNumbers } from './rate.ts';
import type { ReserveAnswer, ReserveRequest } from './reserve.ts';
import type { TenantLimits } from './tenant-limits.ts';
import type { Settlement } from './tenant-state.ts';

export type TenantOrder =
  | { readonly kind: 'admit'; readonly request: ReserveRequest; readonly limits: TenantLimits }
  | {
      readonly kind: 'finish';
      readonly settlement: Settlement;
      /** What the ledger is told of it, a `Booking` as JSON text; null where it is told by somebody else. */
      readonly booking: string | null;
    };

/** One for each order. */
export type OrderAnswer =
  | { readonly kind: 'admit'; readonly result: Result<ReserveAnswer, Failure>; readonly rate: RateNumbers }
  | {
      readonly kind: 'finish';
      /** How much more it cost than was reserved. */
      readonly excessNanoUsd: number;
    };
