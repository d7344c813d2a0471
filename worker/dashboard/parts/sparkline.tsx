/** The shape of a few dozen numbers, without axes: an ornament of a tile, whose numbers stand in a chart's table as well. */
interface SparklineProps {
  readonly values: readonly number[];
}

const width = 120;
const height = 34;

export function Sparkline({ values }: SparklineProps) {
  const most = Math.max(...values, 0);
  if (values.length < 2 || most === 0) return <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true" />;
  const at = (value: number, index: number): string =>
    `${((index / (values.length - 1)) * width).toFixed(1)},${(height - 1 - (value / most) * (height - 5)).toFixed(1)}`;
  const line = values.map(at).join(' ');
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,${height} ${line} ${width},${height}`} fill="var(--accent-soft)" />
      <polyline points={line} fill="none" stroke="var(--accent-mid)" stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  );
}
