/** How vLLM counts a prompt with its own tokenizer and chat template, without running a model. */
import { asInteger, asObject } from '../json/view.ts';
import type { InnerRequest } from '../request/inner-request.ts';
import type { CountedPrompt, PromptCounting } from './dialect.ts';
import { encodeRequest } from './vllm-request.ts';

/** What the template makes a prompt of. */
const fields = ['model', 'messages', 'tools', 'chat_template_kwargs', 'add_generation_prompt', 'continue_final_message'] as const;

export const vllmCounting: PromptCounting = {
  encode(request: InnerRequest, servedName: string) {
    const body = encodeRequest(request, {
      servedName,
      isStream: false,
      maxTokens: 1,
      cacheSalt: null,
      wantsLogprobs: false,
      hasGrammar: true,
      continueFrom: null,
    });
    const known = fields.flatMap((field) => (body[field] === undefined ? [] : [[field, body[field]] as const]));
    return { path: '/tokenize', body: Object.fromEntries(known) };
  },

  read(text: string): CountedPrompt | null {
    try {
      const body = asObject(JSON.parse(text));
      const tokens = asInteger(body?.['count']);
      const room = asInteger(body?.['max_model_len']);
      if (tokens === null || tokens < 1) return null;
      return { tokens, contextTokens: room !== null && room > 0 ? room : null };
    } catch {
      return null;
    }
  },
};
