/** How vLLM and compatible servers are checked: their list of models and their gauges. */
import type { DialectProbe, ListedModel, ServerLoad } from './dialect.ts';
import { asArray, asInteger, asObject, asString } from '../json/view.ts';

export const vllmProbe = {
  models: { path: '/v1/models', read: readModels },
  load: { path: '/metrics', read: readLoad },
} satisfies DialectProbe;

/** Provider catalogues have hundreds of entries; entries beyond this are ignored. */
const maxModels = 5000;

/**
 * The models in a `/v1/models` answer; null when the body is not one. Only the context size that the server runs with counts: vLLM's
 * `max_model_len` and llama.cpp's `meta.n_ctx` (of one slot). `n_ctx_train`, and `context_length` in catalogues, say what a model could have.
 */
function readModels(body: string): ListedModel[] | null {
  let list: readonly unknown[] | null;
  try {
    list = asArray(asObject(JSON.parse(body))?.['data']);
  } catch {
    return null;
  }
  if (list === null) return null;
  const models: ListedModel[] = [];
  for (const item of list.slice(0, maxModels)) {
    const model = asObject(item);
    const name = asString(model?.['id']);
    const size = asInteger(model?.['max_model_len']) ?? asInteger(asObject(model?.['meta'])?.['n_ctx']);
    if (name !== null) models.push({ name, contextTokens: size !== null && size > 0 ? size : null });
  }
  return models;
}

/** vLLM's gauges by their current and former names, summed over engines; of caches the fullest counts. */
function readLoad(metrics: string): ServerLoad {
  const running = gauge(metrics, 'vllm:num_requests_running');
  const waiting = gauge(metrics, 'vllm:num_requests_waiting');
  const cache = gauge(metrics, 'vllm:kv_cache_usage_perc') ?? gauge(metrics, 'vllm:gpu_cache_usage_perc');
  return { running: sum(running), waiting: sum(waiting), kvCacheUsage: cache === null ? null : Math.max(...cache) };
}

function sum(values: readonly number[] | null): number | null {
  return values === null ? null : values.reduce((total, value) => total + value, 0);
}

/** Values of every sample of a metric in the Prometheus text format; null without any. */
function gauge(metrics: string, name: string): number[] | null {
  const values: number[] = [];
  for (const line of metrics.split('\n')) {
    if (!line.startsWith(name) || (line[name.length] !== '{' && line[name.length] !== ' ')) continue;
    const value = Number(line.slice(line.lastIndexOf(' ') + 1));
    if (Number.isFinite(value)) values.push(value);
  }
  return values.length > 0 ? values : null;
}
