/** The names of a chart's series, with their sums, or with their numbers at the stretch that is pointed at. */
import type { SeriesLook } from './chart-options.ts';
import type { ChartSeries } from './chart-series.ts';

interface ChartKeyProps {
  readonly series: readonly ChartSeries[];
  /** The stretch that is pointed at, and where it begins, as it is read. */
  readonly at: number | null;
  readonly time: string | null;
  format(value: number | null): string;
}

export function ChartKey({ series, at, time, format }: ChartKeyProps) {
  return (
    <dl class="key">
      {series.map((one) => (
        <div key={one.label}>
          <dt>
            <span class={swatchOf(one)} style={{ color: `var(--${one.colour})` }} />
            {one.label}
          </dt>
          <dd>{at === null ? one.sum : format(one.values[at] ?? null)}</dd>
        </div>
      ))}
      {time !== null && (
        <div class="at">
          <dt class="unseen">From</dt>
          <dd>{time}</dd>
        </div>
      )}
    </dl>
  );
}

function swatchOf({ kind, isDashed }: SeriesLook): string {
  return kind === 'bar' ? 'swatch is-bar' : isDashed === true ? 'swatch is-dashed' : 'swatch';
}
