/** Reads a page in the Prometheus text format, as far as model servers use it. */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** gauge, counter, histogram; null where the page does not say. */
  readonly type: string | null;
  readonly samples: readonly Sample[];
}

/** By full name, as in the samples: counters end in `_total`. */
export type MetricsPage = ReadonlyMap<string, Metric>;

export function readMetrics(text: string): MetricsPage {
  const types = new Map<string, string>();
  const samples = new Map<string, Sample[]>();
  for (const line of text.split('\n')) {
    const [, typed, type] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) types.set(typed, type);
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === undefined) continue;
    samples.set(name, [...(samples.get(name) ?? []), { labels: readLabels(labels), value: Number(value) }]);
  }
  return new Map(
    [...samples].map(([name, own]) => [
      name,
      { type: types.get(name) ?? types.get(name.replace(/_total$/, '')) ?? null, samples: own },
    ]),
  );
}

function readLabels(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, value]));
}

/** Summed over engines; null where there is no such metric. */
export function valueOf(page: MetricsPage, name: string): number | null {
  const samples = page.get(name)?.samples;
  return samples === undefined ? null : samples.reduce((sum, { value }) => sum + value, 0);
}
