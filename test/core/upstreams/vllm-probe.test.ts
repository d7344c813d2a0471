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

const page = (...lines: readonly string[]) => load.read(`# HELP x y\n${lines.join('\n')}\n`);

it('reads the gauges of vLLM by both names, summed over engines', () => {
  const text = [
    'vllm:num_requests_running{engine="0"} 2',
    'vllm:num_requests_running{engine="1"} 1',
    'vllm:gpu_cache_usage_perc 0.5',
  ];
  expect(page(...text)).toEqual({ running: 3, waiting: null, kvCacheUsage: 0.5, engines: [] });
});

describe('what shows whether an engine works', () => {
  const vllm = (engine: number, running: number, tokens: number, cache: number) => [
    `vllm:num_requests_running{engine="${engine}",model_name="m,x=\\"1\\""} ${running}.0`,
    `vllm:generation_tokens_total{engine="${engine}",model_name="m"} ${tokens}`,
    `vllm:prompt_tokens_total{engine="${engine}",model_name="m"} 5`,
    `vllm:kv_cache_usage_perc{engine="${engine}",model_name="m"} ${cache}`,
    `vllm:request_success_total{engine="${engine}",finished_reason="stop"} 1`,
    `vllm:request_success_total{engine="${engine}",finished_reason="abort"} 2`,
  ];
  const marks = (...lines: readonly string[]) => page(...lines).engines.map(({ mark }) => mark);

  it('is read for each engine by itself', () => {
    const { engines } = page(...vllm(0, 2, 70, 0.1), ...vllm(1, 0, 9, 0));
    expect(engines).toMatchObject([
      { engine: '0', running: 2 },
      { engine: '1', running: 0 },
    ]);
    expect(engines[0]?.mark).not.toBe(engines[1]?.mark);
  });

  it.each([
    ['a token', vllm(0, 2, 71, 0.1)],
    ['a part of a long prompt, which takes room in the cache before it counts', vllm(0, 2, 70, 0.2)],
  ])('moves with %s', (_, lines) => {
    expect(marks(...lines)).not.toEqual(marks(...vllm(0, 2, 70, 0.1)));
  });

  it('does not move with the number of requests', () => {
    expect(marks(...vllm(0, 9, 70, 0.1))).toEqual(marks(...vllm(0, 2, 70, 0.1)));
  });

  const llama = (decodes: number | null) => [
    'llamacpp:requests_processing 1',
    'llamacpp:requests_deferred 2',
    'llamacpp:tokens_predicted_total 10',
    ...(decodes === null ? [] : [`llamacpp:n_decode_total ${decodes}`]),
  ];

  it('is the count of decoder calls in llama.cpp, whose tokens count at the end of an answer', () => {
    expect(page(...llama(7))).toMatchObject({ running: 1, waiting: 2, engines: [{ engine: '', running: 1 }] });
    expect(marks(...llama(7))).not.toEqual(marks(...llama(8)));
  });

  it.each([
    ['llama.cpp without that count', llama(null)],
    ['a page of something else', ['sglang:num_running_reqs 3', 'go_goroutines 12']],
    ['nonsense', ['vllm:num_requests_running{', 'vllm:generation_tokens_total x', '<html>']],
  ])('is not known of %s', (_, lines) => {
    expect(page(...lines).engines).toEqual([]);
  });
});
