/** What model servers tell of themselves in `/metrics`, as far as the gateway, its operators or these tests read it. */
import type { OwnFlavourName } from '../../../infra/standin/flavours/registry.ts';

export interface MetricRow {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  /** Sorted. */
  readonly labels: readonly string[];
}

interface MetricNames {
  readonly running: string;
  /** Grows while an answer is made. */
  readonly progress: string;
  /** Tokens made. llama.cpp counts those of an answer when it has ended. */
  readonly generated: string;
  readonly rows: readonly MetricRow[];
}

const vllm = (name: string, type: MetricRow['type']): MetricRow => ({
  name: `vllm:${name}`,
  type,
  labels: ['engine', 'model_name'],
});
const llama = (name: string, type: MetricRow['type']): MetricRow => ({ name: `llamacpp:${name}`, type, labels: [] });

export const metricNames: Readonly<Record<OwnFlavourName, MetricNames>> = {
  vllm: {
    running: 'vllm:num_requests_running',
    progress: 'vllm:generation_tokens_total',
    generated: 'vllm:generation_tokens_total',
    rows: [
      vllm('num_requests_running', 'gauge'),
      vllm('num_requests_waiting', 'gauge'),
      vllm('kv_cache_usage_perc', 'gauge'),
      vllm('prompt_tokens_total', 'counter'),
      vllm('generation_tokens_total', 'counter'),
    ],
  },
  'llama-cpp': {
    running: 'llamacpp:requests_processing',
    progress: 'llamacpp:n_decode_total',
    generated: 'llamacpp:tokens_predicted_total',
    rows: [
      llama('requests_processing', 'gauge'),
      llama('requests_deferred', 'gauge'),
      llama('prompt_tokens_total', 'counter'),
      llama('tokens_predicted_total', 'counter'),
      llama('n_decode_total', 'counter'),
    ],
  },
};
