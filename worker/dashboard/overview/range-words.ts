/** The ranges of time that the dashboard shows. */
import type { RangeId } from '../../../shared/observed.ts';

export const rangeWords: Readonly<Record<RangeId, string>> = {
  hour: 'last hour',
  day: 'last day',
  week: 'last week',
  month: 'last month',
};

export const rangeOptions: readonly (readonly [RangeId, string])[] = [
  ['hour', 'Hour'],
  ['day', 'Day'],
  ['week', 'Week'],
  ['month', 'Month'],
];
