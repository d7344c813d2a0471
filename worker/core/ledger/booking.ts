/** What is booked when a request has ended, and what is booked when its end is never reported. */
import type { LedgerEntry } from '../../../shared/records.ts';
import { aggregate, deltaOfShadow, type ShadowBooking } from './aggregate.ts';
import type { LedgerDelta } from './delta.ts';

export type Booking =
  | { readonly kind: 'request'; readonly entry: LedgerEntry }
  | { readonly kind: 'shadow'; readonly shadow: ShadowBooking };

/** What is known of a request before it runs. */
export type EntryDraft = Pick<
  LedgerEntry,
  | 'requestId'
  | 'keyId'
  | 'tenantId'
  | 'agent'
  | 'session'
  | 'requestedModel'
  | 'routedModel'
  | 'primaryModel'
  | 'rule'
  | 'reason'
  | 'classificationMs'
  | 'tier'
  | 'intent'
  | 'intentBand'
  | 'strategy'
  | 'isForced'
  | 'isStream'
  | 'arm'
  | 'cache'
>;

export type Draft =
  | { readonly kind: 'request'; readonly entry: EntryDraft }
  | { readonly kind: 'shadow'; readonly shadow: Pick<ShadowBooking, 'keyId' | 'agent' | 'name'>; readonly model: string };

export function deltaOfBooking(booking: Booking): LedgerDelta {
  return booking.kind === 'request' ? aggregate([booking.entry]) : deltaOfShadow(booking.shadow);
}

/** The same for any number. Counting requests together costs a fraction of counting them one by one. */
export function deltasOfBookings(bookings: readonly Booking[]): readonly LedgerDelta[] {
  const entries = bookings.flatMap((booking) => (booking.kind === 'request' ? [booking.entry] : []));
  const shadows = bookings.flatMap((booking) => (booking.kind === 'shadow' ? [deltaOfShadow(booking.shadow)] : []));
  return entries.length === 0 ? shadows : [aggregate(entries), ...shadows];
}

/** A request whose heartbeats stopped, at the cost that its budget was charged. Deterministic, so that it can be reversed. */
export function unknownBooking(draft: Draft, atMs: number, costNanoUsd: number): Booking {
  const usage = { promptTokens: 0, completionTokens: 0, cachedTokens: null, reasoningTokens: null, isEstimated: true };
  const usagesOf = (model: string | null) =>
    model === null || costNanoUsd === 0 ? [] : [{ model, usage, costNanoUsd, isPartOfAnswer: false }];
  if (draft.kind === 'shadow') {
    const shadow = { ...draft.shadow, agreement: null, atMs, attemptUsages: usagesOf(draft.model) };
    return { kind: 'shadow', shadow };
  }
  const attemptUsages = usagesOf(draft.entry.routedModel);
  const cost = attemptUsages.length === 0 ? 0 : costNanoUsd;
  return {
    kind: 'request',
    entry: {
      ...draft.entry,
      atMs,
      servedModel: null,
      ending: 'unknown',
      errorCode: null,
      errorType: null,
      attempts: 0,
      fallbackUsed: false,
      fallback: null,
      escalated: false,
      judged: null,
      scored: null,
      rescued: false,
      cacheLevel: null,
      toolCalls: { valid: 0, repaired: 0, invalid: 0, unchecked: 0 },
      latencyMs: 0,
      firstByteMs: null,
      attemptUsages,
      costNanoUsd: cost,
      allLargeCostNanoUsd: cost,
      allSmallCostNanoUsd: cost,
      cacheSavedNanoUsd: 0,
      isEstimated: true,
      trace: null,
    },
  };
}
