/** How a chart is painted, in uPlot's terms: colours of the page, quiet axes, times of the reader's own clock. */
import uPlot from 'uplot';
import { day, minute, secondsPerDay, utcDay } from '../data/format.ts';

export interface SeriesLook {
  readonly label: string;
  /** The name of a colour in styles/tokens.css, without its dashes. */
  readonly colour: string;
  readonly kind: 'line' | 'bar';
  readonly isDashed?: boolean;
}

export interface ChartLook {
  readonly series: readonly SeriesLook[];
  readonly bucketSeconds: number;
  /** The space between these two series is filled: the first is above. */
  readonly band?: readonly [upper: number, lower: number];
  /** Nothing between whole numbers means anything. */
  readonly isCount?: boolean;
  /** Numbers on the axis. */
  format(value: number): string;
}

type Options = Omit<uPlot.Options, 'width' | 'height'>;

/** @param node where it will stand, for the colours that hold there */
export function chartOptions(node: HTMLElement, look: ChartLook, onPoint: (index: number | null) => void): Options {
  const { bucketSeconds } = look;
  const hasBars = look.series.some(({ kind }) => kind === 'bar');
  const colour = colourReader(node);
  const font = `12px ${getComputedStyle(node).fontFamily}`;
  const axis = {
    stroke: colour('ink-soft'),
    font,
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  };
  return {
    legend: { show: false },
    padding: [8, 20, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: (plot) => rangeOf(plot, hasBars ? bucketSeconds / 2 : 0) },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.06 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: leastTickPx,
        ...(bucketSeconds >= secondsPerDay && { splits: daysOf }),
        values: (_plot, splits) => splits.map((at) => timeOf(at, bucketSeconds)),
      },
      {
        ...axis,
        size: axisWidth,
        gap: 6,
        space: 40,
        values: (_plot, splits) => splits.map(look.format),
        ...(look.isCount === true && { incrs: wholeSteps }),
      },
    ],
    series: [{}, ...look.series.map((series) => seriesOptions(series, colour(series.colour)))],
    bands: look.band === undefined ? [] : [{ series: [look.band[0] + 1, look.band[1] + 1], fill: colour('accent-soft') }],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  };
}

/** A name on the time axis needs as much. */
const leastTickPx = 70;

/** From the first stretch to the last. Of a single one uPlot itself would make an axis of years. */
function rangeOf({ data: [times] }: uPlot, marginSeconds: number): [number, number] {
  return [(times[0] ?? 0) - marginSeconds, (times.at(-1) ?? 1) + marginSeconds];
}

/** The newest day and as many before it, at even distances, as there is room for. */
function daysOf({ data: [days], bbox }: uPlot): number[] {
  const room = Math.max(1, Math.floor(bbox.width / devicePixelRatio / leastTickPx));
  const every = Math.ceil(days.length / room);
  return [...days].filter((_, index) => (days.length - 1 - index) % every === 0);
}

/** 1, 2, 5, 10 … */
const wholeSteps = Array.from(
  { length: 30 },
  (_, index) => 10 ** Math.floor(index / 3) * (index % 3 === 2 ? 5 : 1 + (index % 3)),
);

function seriesOptions({ label, kind, isDashed }: SeriesLook, stroke: string): uPlot.Series {
  if (kind === 'bar') {
    const { bars } = uPlot.paths;
    return { label, stroke, fill: stroke, width: 0, points: { show: false }, ...(bars && { paths: bars({ size: [0.74, 28] }) }) };
  }
  return {
    label,
    stroke,
    width: 2,
    spanGaps: true,
    points: { show: isAlone, size: 6, fill: stroke },
    ...(isDashed === true && { dash: [5, 4] }),
  };
}

/** As wide as its longest number. */
function axisWidth(plot: uPlot, values: readonly string[] | null): number {
  plot.ctx.font = `${12 * devicePixelRatio}px system-ui`;
  const widths = (values ?? []).map((text) => plot.ctx.measureText(text).width / devicePixelRatio);
  return Math.ceil(Math.max(20, ...widths)) + 10;
}

/** Canvases know no variables of style sheets: an element that is styled with one says what it comes to. */
function colourReader(node: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = document.createElement('span');
    probe.style.color = `var(--${name})`;
    node.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

function timeOf(atSeconds: number, bucketSeconds: number): string {
  const atMs = atSeconds * 1000;
  if (bucketSeconds >= secondsPerDay) return utcDay(atMs);
  return bucketSeconds < 3600 || (bucketSeconds < 21_600 && minute(atMs) !== '00:00') ? minute(atMs) : day(atMs);
}

/** One value makes no line: it is shown as a point. */
function isAlone({ data }: uPlot, seriesIndex: number): boolean {
  let known = 0;
  for (const value of data[seriesIndex] ?? []) if (value !== null && value !== undefined) known += 1;
  return known === 1;
}
