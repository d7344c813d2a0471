/** What the key cost, day by day. */
import { useMemo } from 'preact/hooks';
import type { KeyBreakdown } from '../../../shared/records.ts';
import { secondsPerDay, usd } from '../data/format.ts';
import { ChartPanel } from '../parts/chart-panel.tsx';
import type { ChartSeries } from '../parts/chart-series.ts';
import { Empty } from '../parts/empty.tsx';
import { costByDay, type DayRange } from './usage-answer.ts';

export function DayChart({ rows, range }: { readonly rows: KeyBreakdown; readonly range: DayRange }) {
  const { times, bars } = useMemo(() => {
    const days = costByDay(rows, range);
    const cost: ChartSeries = {
      label: 'Cost',
      colour: 'accent',
      kind: 'bar',
      values: days.map(({ costUsd }) => costUsd),
      sum: usd(days.reduce((total, { costUsd }) => total + costUsd, 0)),
    };
    return { times: days.map(({ day }) => `${day}T00:00:00.000Z`), bars: [cost] };
  }, [rows, range]);
  const empty = <Empty title="Nothing was used on these days">Choose other days, or send a request with this key.</Empty>;
  return (
    <ChartPanel
      title="Cost by day"
      when="UTC days"
      class="w-8"
      times={times}
      bucketSeconds={secondsPerDay}
      series={bars}
      format={usd}
      empty={times.length === 0 ? empty : null}
    />
  );
}
