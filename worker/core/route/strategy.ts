/**
 * How strategy, load and price move the threshold that a score is compared with: one explicit number with its parts, so that the reason
 * for a different route can be shown.
 */
import type { RoutingConfig, Strategy } from '../../../shared/config.ts';

export interface TierPressure {
  /** Requests running and twice those waiting, per place of the tier's first model; null when unknown. */
  readonly smallLoad: number | null;
  readonly largeLoad: number | null;
  /** Output price of the large model over the small one's. */
  readonly priceRatio: number;
}

export interface EffectiveThreshold {
  readonly threshold: number;
  /** What was added to the configured threshold, by cause; they sum to the difference unless it was clamped. */
  readonly offsets: { readonly strategy: number; readonly load: number; readonly price: number };
}

/** The price ratio that the shipped threshold was calibrated at: the seed's 0.80 and 0.10 USD per million. */
const calibratedPriceRatio = 8;
/** What a doubling of the price ratio adds to the threshold at full `price_weight`; at most `maxOffset`. */
const offsetPerDoubling = 0.05;
/** What one place's worth of load more on the large side adds at full `load_weight`. */
const offsetPerLoad = 0.25;
const maxOffset = 0.25;

/** A higher threshold means fewer requests on the large tier. Result in 0..1. */
export function effectiveThreshold(
  base: number,
  strategy: Strategy,
  strategies: RoutingConfig['strategies'],
  pressure: TierPressure,
): EffectiveThreshold {
  const { score_offset, load_weight, price_weight } = strategies[strategy];
  const { smallLoad, largeLoad, priceRatio } = pressure;
  const lean = smallLoad === null || largeLoad === null ? 0 : largeLoad - smallLoad;
  const offsets = {
    strategy: -score_offset,
    load: clamp(load_weight * lean * offsetPerLoad),
    price: priceRatio > 0 ? clamp(price_weight * Math.log2(priceRatio / calibratedPriceRatio) * offsetPerDoubling) : 0,
  };
  const threshold = Math.min(1, Math.max(0, base + offsets.strategy + offsets.load + offsets.price));
  return { threshold, offsets };
}

function clamp(offset: number): number {
  return Math.min(maxOffset, Math.max(-maxOffset, offset));
}
