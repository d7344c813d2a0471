/** "Your prompt is too long" in the words of many servers, from public source and reports: what a gateway must recognise. */
import type { Refusal } from '../refusal.ts';

/** @param limit the context in tokens @param prompt the prompt's tokens, as a server would count them */
type Words = (limit: number, prompt: number) => Refusal;

function openai(status: number, message: string, code: string | number | null, type = 'BadRequestError'): Refusal {
  return { status, body: { error: { message, type, param: null, code } } };
}

const words: Readonly<Record<string, Words>> = {
  'vllm-total': (limit, prompt) =>
    openai(
      400,
      `This model's maximum context length is ${limit} tokens. However, you requested 512 output tokens and your prompt contains at least ${prompt} input tokens, for a total of at least ${prompt + 512} tokens. Please reduce the length of the input prompt or the number of requested output tokens. (parameter=input_tokens, value=${prompt})`,
      400,
    ),
  'vllm-passed': (limit, prompt) =>
    openai(
      400,
      `You passed ${prompt} input tokens and requested 512 output tokens. However, the model's context length is only ${limit} tokens, resulting in a maximum input length of ${limit - 512} tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=${prompt})`,
      400,
    ),
  'vllm-messages': (limit, prompt) =>
    openai(
      400,
      `This model's maximum context length is ${limit} tokens. However, you requested ${prompt + 512} tokens (${prompt} in the messages, 512 in the completion). Please reduce the length of the messages or completion.`,
      400,
    ),
  'vllm-characters': (limit, prompt) =>
    openai(
      400,
      `This model's maximum context length is ${limit} tokens. However, your prompt contains ${prompt * 90} characters (more than ${limit * 81} characters, which is the upper bound for ${limit} input tokens). Please reduce the length of the input prompt. (parameter=input_text, value=${prompt * 90})`,
      400,
    ),
  openai: (limit, prompt) =>
    openai(
      400,
      `This model's maximum context length is ${limit} tokens. However, your messages resulted in ${prompt} tokens. Please reduce the length of the messages.`,
      'context_length_exceeded',
      'invalid_request_error',
    ),
  'llama-cpp': (limit, prompt) => ({
    status: 400,
    body: {
      error: {
        code: 400,
        message: `request (${prompt} tokens) exceeds the available context size (${limit} tokens), try increasing it`,
        type: 'exceed_context_size_error',
        n_prompt_tokens: prompt,
        n_ctx: limit,
      },
    },
  }),
  'llama-cpp-500': () => ({
    status: 500,
    body: { error: { code: 500, message: 'Context size has been exceeded.', type: 'server_error' } },
  }),
  sglang: (limit, prompt) => ({
    status: 400,
    body: {
      object: 'error',
      message: `The input (${prompt} tokens) is longer than the model's context length (${limit} tokens).`,
      type: 'BadRequestError',
      param: null,
      code: 400,
    },
  }),
  'sglang-total': (limit, prompt) => ({
    status: 400,
    body: {
      object: 'error',
      message: `Requested token count exceeds the model's maximum context length of ${limit} tokens. You requested a total of ${prompt + 512} tokens: ${prompt} tokens from the input messages and 512 tokens for the completion. Please reduce the number of tokens in the input messages or the completion to fit within the limit.`,
      type: 'BadRequestError',
      param: null,
      code: 400,
    },
  }),
  tgi: (limit, prompt) => ({
    status: 422,
    body: {
      error: `Input validation error: \`inputs\` tokens + \`max_new_tokens\` must be <= ${limit}. Given: ${prompt} \`inputs\` tokens and 512 \`max_new_tokens\``,
      error_type: 'validation',
    },
  }),
  ollama: () => openai(400, 'the input length exceeds the context length', null, 'invalid_request_error'),
  'lm-studio': (limit, prompt) => ({
    status: 400,
    body: {
      error: `Trying to keep the first ${prompt} tokens when context the overflows. However, the model is loaded with context length of only ${limit} tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input`,
    },
  }),
  litellm: (limit, prompt) =>
    openai(
      400,
      `litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: OpenAIException - This model's maximum context length is ${limit} tokens. However, your messages resulted in ${prompt} tokens.`,
      '400',
    ),
};

export const contextSpeakers = Object.keys(words);

export function contextWords(of: string, limit: number, prompt: number): Refusal {
  const speak = words[of];
  return speak
    ? speak(limit, Math.max(prompt, limit + 1))
    : openai(400, `context-words;of= is one of ${contextSpeakers.join(', ')}`, 400);
}
