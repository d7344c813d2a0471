/** Reads what a model server tells a probe: its list of models and its gauges. */
import { asArray, asObject, asString } from '../upstreams/json-view.ts';
import type { ProbeResult } from './health-event.ts';

/** The names in a `/v1/models` answer; null when it is none. */
export function readModelNames(body: string): string[] | null {
  try {
    const list = asArray(asObject(JSON.parse(body))?.['data']);
    return list === null ? null : list.map((model) => asString(asObject(model)?.['id'])).filter((id) => id !== null);
  } catch {
    return null;
  }
}

/** vLLM's gauges, by their present and their former names; summed over engines, the fullest cache counts. */
export function readLoad(metrics: string): Pick<ProbeResult, 'running' | 'waiting' | 'kvCacheUsage'> {
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
