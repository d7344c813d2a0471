/** What a vendor's wire has no room for is said to the client, by its own names of the fields. */
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/chat.ts';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import type { EncodeOptions, WireOptions } from '../../../worker/core/upstreams/dialect.ts';
import { dialects } from '../../../worker/core/upstreams/registry.ts';

const options: EncodeOptions = {
  servedName: 'm',
  isStream: false,
  maxTokens: 100,
  cacheSalt: null,
  wantsLogprobs: false,
  hasGrammar: true,
  continueFrom: null,
};
const hello: ChatRequest = { model: 'auto', messages: [{ role: 'user', content: 'hello' }] };
type Name = 'vllm' | 'openai' | 'anthropic';
const warned = (dialect: Name, fields: object, wire: WireOptions = {}) =>
  dialects[dialect]?.(asItIs, wire).encode(innerRequest({ ...hello, ...fields }), options).warning ?? null;

describe('a field that decides how tokens are chosen', () => {
  it.each<[Name, object, string | null, WireOptions?]>([
    ['anthropic', { seed: 1, temperature: 0 }, 'm is not told seed'],
    ['anthropic', { temperature: 0.2, top_p: 0.9 }, 'm is not told top_p'],
    ['anthropic', { presence_penalty: 1, logit_bias: { '5': 1 } }, 'm is not told presence_penalty, logit_bias'],
    ['anthropic', { stop: ['\n'], min_p: 0.1 }, 'm is not told stop sequences of white space alone, min_p'],
    ['anthropic', { top_k: 5, temperature: 0.5, stop: 'x' }, null],
    ['openai', { seed: 0, logit_bias: { '5': 1 }, top_p: 0.5 }, null],
    ['openai', { top_k: 5, repetition_penalty: 1.2 }, 'm is not told top_k, repetition_penalty'],
    [
      'openai',
      { temperature: 0, logit_bias: { '5': 1 } },
      'm is not told temperature, logit_bias',
      { omit: ['temperature', 'logit_bias'] },
    ],
    ['vllm', { seed: 1, top_k: 5, min_p: 0.1, repetition_penalty: 1.2, bad_words: ['x'] }, null],
  ])('of %s %j: %s', (dialect, fields, warning, wire) => {
    expect(warned(dialect, fields, wire)).toBe(warning);
  });

  it.each<Name>(['anthropic', 'openai'])('needs no word where it asks %s for what is done anyway', (dialect) => {
    const usual = { temperature: 1, top_p: 1, top_k: -1, min_p: 0, presence_penalty: 0, repetition_penalty: 1, logit_bias: {} };
    const flags = { ignore_eos: false, skip_special_tokens: true, chat_template_kwargs: {}, add_generation_prompt: true };
    expect(warned(dialect, { ...usual, ...flags }, { omit: ['temperature'] })).toBeNull();
  });
});
