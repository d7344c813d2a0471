/** Counters and histograms of one model server, written as vLLM's Prometheus text. */
import type { EngineLoad } from './pacer.ts';

const SECONDS = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const TOKENS = [1, 5, 10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];

const HISTOGRAMS = {
  time_to_first_token_seconds: SECONDS,
  inter_token_latency_seconds: SECONDS,
  request_time_per_output_token_seconds: SECONDS,
  e2e_request_latency_seconds: SECONDS,
  request_queue_time_seconds: SECONDS,
  request_prompt_tokens: TOKENS,
  request_generation_tokens: TOKENS,
} satisfies Record<string, readonly number[]>;

export type HistogramName = keyof typeof HISTOGRAMS;
/** What vLLM ends a request with. A client that leaves is counted under none of them. */
const REASONS = ['stop', 'length', 'abort', 'error', 'repetition'] as const;

export type FinishedReason = (typeof REASONS)[number];

/** Whose names the page uses. */
export type MetricsStyle = 'vllm' | 'llamacpp';

export interface ServerMetrics {
  countPrompt(promptTokens: number, cachedTokens: number): void;
  countGenerated(tokens: number): void;
  countFinished(reason: FinishedReason): void;
  countRejected(): void;
  observe(name: HistogramName, value: number): void;
  /** The page, with the gauges of this moment. */
  render(load: EngineLoad, style: MetricsStyle): string;
}

interface Histogram {
  readonly bounds: readonly number[];
  readonly buckets: number[];
  sum: number;
  count: number;
}

export function serverMetrics(modelName: string): ServerMetrics {
  const counters = {
    prompt_tokens: 0,
    generation_tokens: 0,
    prefix_cache_queries: 0,
    prefix_cache_hits: 0,
    admission_rejections: 0,
  };
  const finished = new Map<FinishedReason, number>(REASONS.map((reason) => [reason, 0]));
  const histograms = new Map<string, Histogram>(
    Object.entries(HISTOGRAMS).map(([name, bounds]) => [name, { bounds, buckets: bounds.map(() => 0), sum: 0, count: 0 }]),
  );
  return {
    countPrompt(promptTokens, cachedTokens) {
      counters.prompt_tokens += promptTokens;
      counters.prefix_cache_queries += promptTokens;
      counters.prefix_cache_hits += cachedTokens;
    },
    countGenerated(tokens) {
      counters.generation_tokens += tokens;
    },
    countFinished(reason) {
      finished.set(reason, (finished.get(reason) ?? 0) + 1);
    },
    countRejected() {
      counters.admission_rejections += 1;
    },
    observe(name, value) {
      const histogram = histograms.get(name);
      if (!histogram) return;
      histogram.sum += value;
      histogram.count += 1;
      for (const [index, bound] of histogram.bounds.entries()) {
        if (value <= bound) histogram.buckets[index] = (histogram.buckets[index] ?? 0) + 1;
      }
    },
    render: (load, style) =>
      style === 'vllm'
        ? page(`model_name=${JSON.stringify(modelName)},engine="0"`, load, counters, finished, histograms)
        : llamaPage(load, counters),
  };
}

/** The few series of llama.cpp that a gateway may read; it has many more. */
function llamaPage(load: EngineLoad, { prompt_tokens, generation_tokens }: Readonly<Record<string, number>>): string {
  const series: readonly (readonly [kind: string, name: string, value: number])[] = [
    ['counter', 'prompt_tokens_total', prompt_tokens ?? 0],
    ['counter', 'tokens_predicted_total', generation_tokens ?? 0],
    ['gauge', 'requests_processing', load.running],
    ['gauge', 'requests_deferred', load.waiting],
  ];
  return series.map(([kind, name, value]) => `# TYPE llamacpp:${name} ${kind}\nllamacpp:${name} ${value}\n`).join('');
}

function page(
  labels: string,
  load: EngineLoad,
  counters: Readonly<Record<string, number>>,
  finished: ReadonlyMap<FinishedReason, number>,
  histograms: ReadonlyMap<string, Histogram>,
): string {
  const reasons = [...finished].map(([reason, value]): [string, number] => [`${labels},finished_reason="${reason}"`, value]);
  return [
    ...gauge('num_requests_running', labels, load.running),
    ...gauge('num_requests_waiting', labels, load.waiting),
    ...gauge('kv_cache_usage_perc', labels, load.kvUsage),
    ...counter('num_preemptions', [[labels, load.preemptions]]),
    ...Object.entries(counters).flatMap(([name, value]) => counter(name, [[labels, value]])),
    ...counter('request_success', reasons),
    ...[...histograms].flatMap(([name, histogram]) => histogramLines(name, labels, histogram)),
    '',
  ].join('\n');
}

function gauge(name: string, labels: string, value: number): string[] {
  return [`# TYPE vllm:${name} gauge`, `vllm:${name}{${labels}} ${value}`];
}

function counter(name: string, values: readonly (readonly [labels: string, value: number])[]): string[] {
  return [`# TYPE vllm:${name}_total counter`, ...values.map(([labels, value]) => `vllm:${name}_total{${labels}} ${value}`)];
}

function histogramLines(name: string, labels: string, { bounds, buckets, sum, count }: Histogram): string[] {
  return [
    `# TYPE vllm:${name} histogram`,
    ...bounds.map((bound, index) => `vllm:${name}_bucket{${labels},le="${bound}"} ${buckets[index] ?? 0}`),
    `vllm:${name}_bucket{${labels},le="+Inf"} ${count}`,
    `vllm:${name}_sum{${labels}} ${sum}`,
    `vllm:${name}_count{${labels}} ${count}`,
  ];
}
