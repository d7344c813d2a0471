/** A chart's numbers, the newest first. */
import { nothing } from '../data/format.ts';
import type { ChartSeries } from './chart-series.ts';
import { DataTable } from './data-table.tsx';

interface ChartTableProps {
  readonly title: string;
  /** Where the stretches begin, as it is read. */
  readonly times: readonly string[];
  readonly series: readonly ChartSeries[];
  format(value: number | null): string;
}

export function ChartTable({ title, times, series, format }: ChartTableProps) {
  const columns = [
    { title: 'From', cell: (index: number) => times[index] ?? nothing },
    ...series.map((one) => ({
      title: one.label,
      isNumber: true,
      cell: (index: number) => format(one.values[index] ?? null),
    })),
  ];
  return (
    <div class="chart-table">
      <DataTable caption={title} columns={columns} rows={times.map((_, index) => index).toReversed()} keyOf={String} />
    </div>
  );
}
