/** What a model server tells of itself that a gateway or its operator may read, in Prometheus text. */
import type { EngineLoad } from './pacer.ts';
import type { ServedTokens } from './token-counts.ts';

/** Whose names the page uses. */
export type MetricsStyle = 'vllm' | 'llamacpp';

type Metric = readonly [name: string, type: 'gauge' | 'counter', value: number];

export function metricsPage(load: EngineLoad, counts: ServedTokens, style: MetricsStyle, modelName: string): string {
  const labels = style === 'vllm' ? `{engine="0",model_name=${JSON.stringify(modelName)}}` : '';
  const metrics = style === 'vllm' ? vllmMetrics(load, counts) : llamaMetrics(load, counts);
  // Python writes every number here as a float.
  const shown = (value: number): string => (style === 'vllm' && Number.isInteger(value) ? `${value}.0` : String(value));
  return metrics
    .map(([name, type, value]) => `# TYPE ${style}:${name} ${type}\n${style}:${name}${labels} ${shown(value)}\n`)
    .join('');
}

function vllmMetrics({ running, waiting, kvUsage }: EngineLoad, { prompt, generated }: ServedTokens): Metric[] {
  return [
    ['num_requests_running', 'gauge', running],
    ['num_requests_waiting', 'gauge', waiting],
    ['kv_cache_usage_perc', 'gauge', kvUsage],
    ['prompt_tokens_total', 'counter', prompt],
    ['generation_tokens_total', 'counter', generated],
  ];
}

/** Its tokens are counted when an answer has ended; what tells of progress meanwhile is the number of its steps. */
function llamaMetrics({ running, waiting }: EngineLoad, { prompt, generated, ended }: ServedTokens): Metric[] {
  return [
    ['prompt_tokens_total', 'counter', prompt],
    ['tokens_predicted_total', 'counter', ended],
    ['n_decode_total', 'counter', generated],
    ['requests_processing', 'gauge', running],
    ['requests_deferred', 'gauge', waiting],
  ];
}
