/** How vLLM and compatible servers are checked: their list of models and their gauges. */
import type { DialectProbe, EngineSample, ListedModel, ServerLoad } from './dialect.ts';
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

/** vLLM's and llama.cpp's gauges by their current and former names, summed over engines; of caches the fullest counts. */
function readLoad(metrics: string): ServerLoad {
  const samples = readSamples(metrics);
  const cache = valuesOf(samples, 'vllm:kv_cache_usage_perc') ?? valuesOf(samples, 'vllm:gpu_cache_usage_perc');
  return {
    running: sum(valuesOf(samples, 'vllm:num_requests_running') ?? valuesOf(samples, 'llamacpp:requests_processing')),
    waiting: sum(valuesOf(samples, 'vllm:num_requests_waiting') ?? valuesOf(samples, 'llamacpp:requests_deferred')),
    kvCacheUsage: cache === null ? null : Math.max(...cache),
    engines: families.flatMap((family) => enginesOf(samples, family)),
  };
}

/** What of a family's page shows whether an engine works. */
interface Family {
  readonly running: string;
  /** Without this one there is no verdict. */
  readonly proof: string;
  readonly moving: readonly string[];
}

/**
 * vLLM counts a prompt's tokens when the last of them is read, so that a long prompt alone moves neither count of tokens; but each part of it takes
 * room in the cache. Requests that come and go move the others. llama.cpp counts an answer's tokens at its end, and its decoder's calls as they
 * are made: servers without that count cannot be judged.
 */
const families: readonly Family[] = [
  {
    running: 'vllm:num_requests_running',
    proof: 'vllm:generation_tokens_total',
    moving: [
      'vllm:prompt_tokens_total',
      'vllm:kv_cache_usage_perc',
      'vllm:gpu_cache_usage_perc',
      'vllm:prefix_cache_queries_total',
      'vllm:gpu_prefix_cache_queries_total',
      'vllm:request_success_total',
      'vllm:num_preemptions_total',
    ],
  },
  {
    running: 'llamacpp:requests_processing',
    proof: 'llamacpp:n_decode_total',
    moving: ['llamacpp:tokens_predicted_total', 'llamacpp:prompt_tokens_total'],
  },
];

function enginesOf(samples: readonly Sample[], { running, proof, moving }: Family): EngineSample[] {
  const engines = new Set(samples.filter(({ name }) => name === running).map(({ engine }) => engine));
  return [...engines].flatMap((engine) => {
    const own = samples.filter((sample) => sample.engine === engine);
    const counts = [proof, ...moving].map((name) => sum(valuesOf(own, name)));
    return counts[0] === null ? [] : [{ engine, running: sum(valuesOf(own, running)) ?? 0, mark: counts.join(' ') }];
  });
}

function sum(values: readonly number[] | null): number | null {
  return values === null ? null : values.reduce((total, value) => total + value, 0);
}

interface Sample {
  readonly name: string;
  /** vLLM's label of that name; '' without one. */
  readonly engine: string;
  readonly value: number;
}

/** Pages have thousands of lines, most of them of histograms. */
const readNames =
  /^(vllm:(?:num_requests_|kv_cache_usage|gpu_cache_usage|generation_tokens_total|prompt_tokens_total|(?:gpu_)?prefix_cache_queries|request_success|num_preemptions)\w*|llamacpp:\w+)(?:\{([^\n]*)\})? (\S+)/gm;

/** The samples of interest in the Prometheus text format. */
function readSamples(metrics: string): readonly Sample[] {
  return Array.from(metrics.matchAll(readNames), ([, name = '', labels = '', value]) => ({
    name,
    engine: /(?:^|,)engine="([^"]*)"/.exec(labels)?.[1] ?? '',
    value: Number(value),
  })).filter(({ value }) => Number.isFinite(value));
}

/** Values of every sample of a metric; null without any. */
function valuesOf(samples: readonly Sample[], wanted: string): number[] | null {
  const values = samples.filter(({ name }) => name === wanted).map(({ value }) => value);
  return values.length > 0 ? values : null;
}
