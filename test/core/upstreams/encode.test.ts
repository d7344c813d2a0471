/** How a request is written for vLLM: what travels, under which name, and what never does. */
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/chat.ts';
import type { EncodeOptions } from '../../../worker/core/upstreams/dialect.ts';
import { vllm } from '../../../worker/core/upstreams/vllm.ts';

const plain: EncodeOptions = {
  servedName: 'Served/Name',
  isStream: false,
  maxTokens: 100,
  cacheSalt: null,
  wantsLogprobs: false,
  continueFrom: null,
};
const hello: ChatRequest = { model: 'auto', messages: [{ role: 'user', content: 'hello' }] };

describe('encode', () => {
  it('asks for a whole answer by the served name with the limit that was decided', () => {
    expect(vllm.encode({ ...hello, max_tokens: 5, max_completion_tokens: 6 }, plain)).toEqual({
      model: 'Served/Name',
      messages: [{ role: 'user', content: 'hello' }],
      stream: false,
      max_tokens: 100,
    });
  });

  it('asks for usage with every stream, whatever the client wants of it', () => {
    const body = vllm.encode({ ...hello, stream: true, stream_options: { include_usage: false } }, { ...plain, isStream: true });
    expect(body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('passes on every parameter that vLLM reads', () => {
    const passed = {
      temperature: 0,
      top_p: 0.5,
      n: 2,
      stop: ['a'],
      presence_penalty: 1,
      frequency_penalty: 1,
      seed: 0,
      logit_bias: { 1: 1 },
      logprobs: true,
      top_logprobs: 0,
      tools: [{ type: 'function', function: { name: 'f' } }],
      tool_choice: 'auto',
      parallel_tool_calls: false,
      response_format: { type: 'json_object' },
      reasoning_effort: 'low',
      top_k: -1,
      min_p: 0,
      repetition_penalty: 1,
      min_tokens: 0,
      ignore_eos: false,
      chat_template_kwargs: { enable_thinking: false },
    } satisfies Partial<ChatRequest>;
    expect(vllm.encode({ ...hello, ...passed }, plain)).toMatchObject(passed);
  });

  it('leaves out what the client set to null, and what is for the gateway alone', () => {
    const body = vllm.encode(
      { ...hello, temperature: null, stop: null, tool_choice: null, response_format: null, user: 'u1', metadata: { agent: 'a' } },
      plain,
    );
    expect(Object.keys(body)).toEqual(['model', 'messages', 'stream', 'max_tokens']);
  });

  it('lets no field travel that nobody knows', () => {
    const hostile: ChatRequest = Object.assign({ ...hello }, { api_base: 'http://evil', cache_salt: 'other', guided_json: {} });
    expect(Object.keys(vllm.encode(hostile, plain))).toEqual(['model', 'messages', 'stream', 'max_tokens']);
  });

  it('writes the developer role as system', () => {
    const body = vllm.encode({ ...hello, messages: [{ role: 'developer', content: 'be brief', name: 'n' }] }, plain);
    expect(body['messages']).toEqual([{ role: 'system', content: 'be brief', name: 'n' }]);
  });

  it.each([
    [{ reasoning_content: 'older' }, { reasoning: 'older' }],
    [{ reasoning: 'newer', reasoning_content: 'older' }, { reasoning: 'newer' }],
    [{ reasoning: null, reasoning_content: 'older' }, { reasoning: 'older' }],
    [{ reasoning: 'newer' }, { reasoning: 'newer' }],
  ])('sends earlier reasoning as vLLM reads it: %j becomes %j', (fields, expected) => {
    const body = vllm.encode({ ...hello, messages: [{ role: 'assistant', content: 'x', ...fields }] }, plain);
    expect(body['messages']).toEqual([{ role: 'assistant', content: 'x', ...expected }]);
  });

  it('salts the prefix cache by tenant', () => {
    expect(vllm.encode(hello, { ...plain, cacheSalt: 'abc' })['cache_salt']).toBe('abc');
  });

  it('asks for logprobs of its own only where the client did not', () => {
    expect(vllm.encode(hello, { ...plain, wantsLogprobs: true })['logprobs']).toBe(true);
    expect(vllm.encode({ ...hello, logprobs: false }, plain)['logprobs']).toBe(false);
  });

  it('continues an answer from the text that the client has', () => {
    expect(vllm.encode(hello, { ...plain, continueFrom: 'Once upon' })).toMatchObject({
      messages: [
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: 'Once upon' },
      ],
      continue_final_message: true,
      add_generation_prompt: false,
    });
    expect(vllm.encode(hello, plain)).not.toHaveProperty('continue_final_message');
  });

  it('changes nothing in the request', () => {
    const frozen = structuredClone({
      ...hello,
      messages: [
        { role: 'developer', content: 'a' },
        { role: 'assistant', reasoning_content: 'b' },
      ],
    } satisfies ChatRequest);
    const before = JSON.stringify(frozen);
    vllm.encode(frozen, { ...plain, continueFrom: 'x' });
    expect(JSON.stringify(frozen)).toBe(before);
  });
});
