/** What the key cost, day by day. */
import { useMemo } from 'preact/hooks';
import type { KeyBreakdown } from '../../../shared/records.ts';
import { usd } from '../data/format.ts';
import { ChartPanel } from '../parts/chart-panel.tsx';
import type { ChartSeries } from '../parts/chart-series.ts';
import { Empty } from '../parts/empty.tsx';

export function DayChart({ rows }: { readonly rows: KeyBreakdown }) {
  const { times, bars } = useMemo(() => {
    const days = rows.filter((row) => /^\d{4}-\d\d-\d\d$/.test(String(row['day']))).toSorted(byDay);
    const sum = days.reduce((total, row) => total + row.cost_usd, 0);
    const cost: ChartSeries = {
      label: 'Cost',
      colour: 'accent',
      kind: 'bar',
      values: days.map((row) => row.cost_usd),
      sum: usd(sum),
    };
    return { times: days.map((row) => `${row['day']}T00:00:00.000Z`), bars: [cost] };
  }, [rows]);
  const empty = <Empty title="Nothing was used on these days">Choose other days, or send a request with this key.</Empty>;
  return (
    <ChartPanel
      title="Cost by day"
      when="UTC days"
      class="w-8"
      times={times}
      bucketSeconds={86_400}
      series={bars}
      format={usd}
      empty={times.length === 0 ? empty : null}
    />
  );
}

function byDay(a: KeyBreakdown[number], b: KeyBreakdown[number]): number {
  return String(a['day']).localeCompare(String(b['day']));
}
