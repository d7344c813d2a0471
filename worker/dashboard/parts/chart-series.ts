/** One series of a chart and of its table. */
import type { SeriesLook } from './chart-options.ts';

export interface ChartSeries extends SeriesLook {
  /** One a stretch; null where there is no number. */
  readonly values: readonly (number | null)[];
  /** Beside its name in the key while no stretch is pointed at. */
  readonly sum: string;
}
