/** Metrics as text: Prometheus 0.0.4 and OpenMetrics 1.0. Both have the same samples with the same labels, so either may be scraped. */
import type { Config } from '../../../shared/config-prepare.ts';
import { type Histogram, longestOfMs, sumHistograms } from '../ledger/histogram.ts';
import { knownValue, type LabelId, labelValues } from './labels.ts';
import type { Metric, MetricsSource, Sample } from './metric.ts';

export const formats = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;
export type Format = keyof typeof formats;

/** The one that the scraper prefers; plain text unless it asks for OpenMetrics first. */
export function formatFor(accept: string | null): Format {
  let best: { format: Format; quality: number } = { format: 'text', quality: 0 };
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const valueOf = (name: string) => parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
    const quality = Number(valueOf('q') ?? 1);
    const version = valueOf('version');
    const isOpenMetrics = type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0');
    const isText = type === 'text/plain' || type === 'text/*' || type === '*/*';
    if ((isOpenMetrics || isText) && quality > best.quality) best = { format: isOpenMetrics ? 'openMetrics' : 'text', quality };
  }
  return best.format;
}

/** Label combinations that exist from the start, at 0, so that the first event is an increase; larger products appear as they occur. */
const mostFromStart = 150;

/** The whole page. */
export function exposition(metrics: readonly Metric[], source: MetricsSource, format: Format): string {
  const lines = metrics.flatMap((metric) => [...headOf(metric, format), ...samplesOf(metric, source)]);
  return `${lines.join('\n')}\n${format === 'openMetrics' ? '# EOF\n' : ''}`;
}

/** OpenMetrics names a counter without the ending that its samples have. */
function headOf({ name, type, help }: Metric, format: Format): string[] {
  const family = type === 'counter' && format === 'text' ? `${name}_total` : name;
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return [`# HELP ${family} ${format === 'openMetrics' ? text.replaceAll('"', '\\"') : text}`, `# TYPE ${family} ${type}`];
}

function samplesOf(metric: Metric, source: MetricsSource): string[] {
  const { config } = source;
  if (metric.type === 'histogram') {
    const read = merged(metric.labels, metric.read(source), config, sumHistograms);
    return read.flatMap(([labels, histogram]) => histogramLines(metric.name, metric.labels, labels, histogram, metric.buckets));
  }
  const name = metric.type === 'counter' ? `${metric.name}_total` : metric.name;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  // What is not there now is no reading of 0.
  const read = merged(metric.labels, metric.read(source), config, sum, metric.type === 'counter');
  return read.map(([labels, value]) => `${name}${labelText(metric.labels, labels)} ${value}`);
}

/** Samples by label values that are configured, those that become the same added up. */
function merged<Value>(
  labels: readonly LabelId[],
  samples: readonly Sample<Value>[],
  config: Config,
  add: (values: readonly Value[]) => Value,
  isFilled = true,
): Sample<Value>[] {
  const values = labels.map((label) => labelValues(label, config));
  const known = values.map((list) => new Set(list));
  const groups = new Map<string, { readonly labels: readonly string[]; readonly values: Value[] }>();
  const groupOf = (names: readonly string[]) => {
    const key = JSON.stringify(names);
    const group = groups.get(key) ?? { labels: names, values: [] };
    groups.set(key, group);
    return group;
  };
  if (isFilled && values.reduce((product, { length }) => product * length, 1) <= mostFromStart) product(values).forEach(groupOf);
  for (const [names, value] of samples) {
    groupOf(names.map((name, at) => knownValue(known[at] ?? new Set(), name))).values.push(value);
  }
  return [...groups.values()].map((group) => [group.labels, add(group.values)]);
}

function product(lists: readonly (readonly string[])[]): string[][] {
  return lists.reduce<string[][]>((rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])), [[]]);
}

function histogramLines(
  name: string,
  labels: readonly LabelId[],
  values: readonly string[],
  { count, sumMs, buckets }: Histogram,
  bounds: readonly number[],
): string[] {
  const upTo = (bound: number) => buckets.reduce((sum, [bucket, inside]) => (bucket <= bound ? sum + inside : sum), 0);
  const bucketLine = (le: string, inside: number) => `${name}_bucket${labelText([...labels, 'le'], [...values, le])} ${inside}`;
  const text = labelText(labels, values);
  return [
    ...bounds.map((bound) => bucketLine(boundText(longestOfMs(bound) / 1000), upTo(bound))),
    bucketLine('+Inf', count),
    `${name}_sum${text} ${sumMs / 1000}`,
    `${name}_count${text} ${count}`,
  ];
}

/** OpenMetrics wants a whole bound with its point. */
function boundText(seconds: number): string {
  return Number.isInteger(seconds) ? `${seconds}.0` : String(seconds);
}

function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  return `{${names.map((name, at) => `${name}="${escaped(values[at] ?? '')}"`).join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
