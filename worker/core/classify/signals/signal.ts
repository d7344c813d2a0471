/** What a complexity signal is: a pure reading of a request's view. */
import type { RoutingConfig } from '../../../../shared/config.ts';
import type { RequestView } from '../view.ts';

export type ClassifierConfig = RoutingConfig['classifier'];

export type SignalFacts = Readonly<Record<string, number | string | boolean | readonly string[]>>;

export interface SignalValue {
  /** 0 to 1, higher speaks for the large model. */
  readonly value: number;
  /** Whether the request has what this signal reads; without it the signal's weight goes to the others. */
  readonly applies: boolean;
  /** What the value was read from, for explanations. */
  readonly facts: SignalFacts;
}

export interface Signal {
  /** What people read of it in a reason. */
  readonly phrase: string;
  /** This project's curve. */
  readonly calibrated: (view: RequestView, config: ClassifierConfig) => SignalValue;
  /** The published original's curve, kept exactly for the profile `seed-compat`. */
  readonly seed: (view: RequestView, config: ClassifierConfig) => SignalValue;
}

/** Piecewise-linear curve through points in ascending order of x; flat outside them. */
export function interpolate(points: readonly (readonly [number, number])[], x: number): number {
  let previous = points[0];
  if (previous === undefined) return 0;
  if (x <= previous[0]) return previous[1];
  for (const point of points) {
    if (x <= point[0]) {
      const width = point[0] - previous[0];
      return width === 0 ? point[1] : previous[1] + ((x - previous[0]) / width) * (point[1] - previous[1]);
    }
    previous = point;
  }
  return previous[1];
}
