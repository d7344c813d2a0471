/** What vLLM and its kin tell a probe. */
import { describe, expect, it } from 'vitest';
import { vllmProbe } from '../../../worker/core/upstreams/vllm-probe.ts';

const { models, load } = vllmProbe;
const list = (...data: unknown[]) => models.read(JSON.stringify({ object: 'list', data }));

describe('a list of models', () => {
  it.each([
    ['vLLM', { id: 'Qwen/Q', object: 'model', owned_by: 'vllm', max_model_len: 2048, root: '/m' }, 2048],
    ['llama.cpp', { id: '/m/q.gguf', meta: { n_ctx: 2048, n_ctx_train: 32_768, n_params: 7 } }, 2048],
    ['llama.cpp of before', { id: 'q', meta: { n_ctx_train: 32_768 } }, null],
    ['a catalogue', { id: 'q', context_length: 131_072, max_context_length: 131_072 }, null],
    ['Ollama', { id: 'qwen2.5:7b', owned_by: 'library' }, null],
    ['an adapter of vLLM', { id: 'lora', parent: 'q', max_model_len: null }, null],
    ['nonsense', { id: 'q', max_model_len: 'many' }, null],
    ['less than nothing', { id: 'q', max_model_len: -1 }, null],
  ])('says how much room a model has on the running server: %s', (_, line, contextTokens) => {
    expect(list(line)).toEqual([{ name: line.id, contextTokens }]);
  });

  it.each([
    ['no JSON', '<html>'],
    ['no list', '{"data":{}}'],
    ['an error', '{"error":"no"}'],
  ])('is none: %s', (_, body) => {
    expect(models.read(body)).toBeNull();
  });

  it('is read without the lines that name nothing', () => {
    expect(list(null, {}, { id: 5 }, { id: 'a' })).toEqual([{ name: 'a', contextTokens: null }]);
  });
});

it('reads the gauges of vLLM by both names, summed over engines', () => {
  const text = 'vllm:num_requests_running{e="0"} 2\nvllm:num_requests_running{e="1"} 1\nvllm:gpu_cache_usage_perc 0.5\n';
  expect(load.read(text)).toEqual({ running: 3, waiting: null, kvCacheUsage: 0.5 });
});
