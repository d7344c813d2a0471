/** Curves or bars over time, painted by uPlot. The panel around it has the same numbers as a table. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { themeChanged } from '../frame/theme.ts';
import { chartOptions, type ChartLook } from './chart-options.ts';

interface ChartProps {
  /** Painted from the beginning when it is another object. */
  readonly look: ChartLook;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  /** One list a series, in the order of `look.series`. */
  readonly values: readonly (readonly (number | null)[])[];
  /** In words, for who does not see it. */
  readonly label: string;
  /** The stretch under the pointer, or null. */
  onPoint(index: number | null): void;
}

const height = 220;

export function Chart({ look, times, values, label, onPoint }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data: uPlot.AlignedData = [[...times], ...values.map((list) => [...list])];
  const newest = useRef({ data, onPoint });
  newest.current = { data, onPoint };
  useEffect(() => {
    const node = place.current;
    if (node === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      const options = chartOptions(node, look, (index) => newest.current.onPoint(index));
      plot.current = new uPlot({ ...options, width: node.clientWidth, height }, newest.current.data, node);
    };
    draw();
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: node.clientWidth, height }));
    watch.observe(node);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    addEventListener(themeChanged, draw);
    return () => {
      watch.disconnect();
      scheme.removeEventListener('change', draw);
      removeEventListener(themeChanged, draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [look]);
  useEffect(() => {
    plot.current?.setData(newest.current.data);
  }, [times, values]);
  return <div ref={place} class="chart" role="img" aria-label={label} />;
}
