/** The gauges of one model server that a gateway may read, in Prometheus text. */
import type { EngineLoad } from './pacer.ts';

/** Whose names the page uses. */
export type MetricsStyle = 'vllm' | 'llamacpp';

export function metricsPage({ running, waiting, kvUsage }: EngineLoad, style: MetricsStyle, modelName: string): string {
  const labels = style === 'vllm' ? `{model_name=${JSON.stringify(modelName)},engine="0"}` : '';
  const gauges: readonly (readonly [name: string, value: number])[] =
    style === 'vllm'
      ? [
          ['num_requests_running', running],
          ['num_requests_waiting', waiting],
          ['kv_cache_usage_perc', kvUsage],
        ]
      : [
          ['requests_processing', running],
          ['requests_deferred', waiting],
        ];
  return gauges.map(([name, value]) => `# TYPE ${style}:${name} gauge\n${style}:${name}${labels} ${value}\n`).join('');
}
