/**
 * What routing gives up against sending everything to the large model, in grade points of a request, on the requests that both models
 * answered: the other side of the money that it saves.
 */
import type { Interval } from './lift.ts';

/** Over requests whose answers were graded side by side; what is given up is 0 where the large model's answer was shown. */
export interface PairSums {
  readonly pairs: number;
  readonly shownSmall: number;
  readonly givenUp: number;
  readonly givenUpSquared: number;
}

export interface Quality {
  readonly pairs: number;
  readonly shownSmall: number;
  /** Below 0: the small model's answers were the better ones. The interval has 95 %. */
  readonly givenUp: Interval;
}

/** Fewer say nothing of their spread. */
const fewestPairs = 10;
const normal95 = 1.96;

/** Null for too few pairs. */
export function qualityOf({ pairs, shownSmall, givenUp, givenUpSquared }: PairSums): Quality | null {
  if (pairs < fewestPairs) return null;
  const value = givenUp / pairs;
  const variance = Math.max(0, (givenUpSquared - pairs * value * value) / (pairs - 1));
  const reach = normal95 * Math.sqrt(variance / pairs);
  return { pairs, shownSmall, givenUp: { value, low: value - reach, high: value + reach } };
}
