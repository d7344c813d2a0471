/** "Too long" in the words of every server that was found, the numbers in them, and what only sounds like it. */
import { describe, expect, it } from 'vitest';
import { serverWordsIn } from '../../../worker/core/upstreams/server-words.ts';
import { readTokenLimit } from '../../../worker/core/upstreams/token-limit.ts';

const read = (message: string, fields: object = {}) => {
  const words = serverWordsIn({ error: { message, ...fields } });
  if (words === null) throw new Error('no words');
  return readTokenLimit(words);
};

/** Server, sentence, the context it names, the prompt it counted, what was asked for as the answer. */
type Row = readonly [string, string, number | null, number | null, number | null];

const prompts: readonly Row[] = [
  [
    'vLLM, OpenAI, DeepSeek',
    "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion). Please reduce the length of the messages or completion.",
    8192,
    8000,
    1000,
  ],
  [
    'vLLM 0.10',
    "This model's maximum context length is 4096 tokens. However, you requested 100 output tokens and your prompt contains at least 4000 input tokens, for a total of at least 4100 tokens. Please reduce the length of the input prompt or the number of requested output tokens. (parameter=input_tokens, value=4000)",
    4096,
    4000,
    100,
  ],
  [
    'vLLM',
    "You passed 4097 input tokens and requested 1 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 4095 tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=4097)",
    4096,
    4097,
    1,
  ],
  [
    'vLLM 0.32',
    "This model's maximum context length is 4096 tokens. However, your prompt contains at least 4097 input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt.",
    4096,
    4097,
    null,
  ],
  [
    'vLLM 0.32, of a text so long that it was not cut into tokens',
    "This model's maximum context length is 4096 tokens. However, your prompt contains 1000050 characters (more than 331776 characters, which is the upper bound for 4096 input tokens). Please reduce the length of the input prompt. (parameter=input_text, value=1000050)",
    4096,
    null,
    null,
  ],
  [
    'vLLM, older',
    'The decoder prompt (length 40000) is longer than the maximum model length of 32768. Make sure that `max_model_len` is no smaller than the number of text tokens.',
    32_768,
    40_000,
    null,
  ],
  ['vLLM, embeddings', "Input length (5000) exceeds model's maximum context length (4096).", 4096, 5000, null],
  [
    'OpenAI',
    "This model's maximum context length is 4097 tokens. However, your messages resulted in 4294 tokens. Please reduce the length of the messages.",
    4097,
    4294,
    null,
  ],
  [
    'OpenAI, newer',
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
    null,
    null,
    null,
  ],
  [
    'Azure',
    'Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 509178 tokens. Please reduce the length of the messages.',
    272_000,
    509_178,
    null,
  ],
  ['llama.cpp', 'request (6021 tokens) exceeds the available context size (2048 tokens), try increasing it', 2048, 6021, null],
  [
    'llama.cpp, older',
    'the request exceeds the available context size. try increasing the context size or enable context shift',
    null,
    null,
    null,
  ],
  ['llama.cpp, while it generates', 'Context size has been exceeded.', null, null, null],
  ['llama-cpp-python', 'Requested tokens (3000) exceed context window of 2048', 2048, 3000, null],
  [
    'SGLang',
    "Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a total of 40000 tokens: 39000 tokens from the input messages and 1000 tokens for the completion. Please reduce the number of tokens in the input messages or the completion to fit within the limit.",
    32_768,
    39_000,
    1000,
  ],
  ['SGLang', "The input (40000 tokens) is longer than the model's context length (32768 tokens).", 32_768, 40_000, null],
  [
    'SGLang',
    'Input length (200000 tokens) exceeds the maximum allowed length (163834 tokens). Use a shorter input or enable --allow-auto-truncate.',
    163_834,
    200_000,
    null,
  ],
  [
    'TGI',
    'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3000 `inputs` tokens and 100 `max_new_tokens`',
    2048,
    3000,
    100,
  ],
  ['TGI', 'Input validation error: `inputs` must have less than 1024 tokens. Given: 3000', 1024, 3000, null],
  ['Ollama', 'the input length exceeds the context length', null, null, null],
  ['Ollama', 'prompt too long; exceeded max context length by 512 tokens', null, null, null],
  [
    'LM Studio',
    'Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input',
    4096,
    9000,
    null,
  ],
  [
    'LM Studio',
    'The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input',
    null,
    null,
    null,
  ],
  [
    'LM Studio',
    'Reached context length of 4096 tokens with model (arch: llama), but this model does not currently support mid-generation context overflow.',
    4096,
    null,
    null,
  ],
  ['LiteLLM', 'litellm.ContextWindowExceededError: litellm.BadRequestError: it did not fit', null, null, null],
  [
    'Mistral',
    'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
    32_768,
    40_000,
    null,
  ],
  ['Anthropic', 'prompt is too long: 210000 tokens > 200000 maximum', 200_000, 210_000, null],
  ['Bedrock', 'Input is too long for requested model.', null, null, null],
  [
    'Gemini',
    'The input token count (1,200,000) exceeds the maximum number of tokens allowed (1,048,576).',
    1_048_576,
    1_200_000,
    null,
  ],
  [
    'Vertex',
    'Unable to submit request because the input token count is 39000 but model only supports up to 32768. Reduce the input token count and try again.',
    32_768,
    39_000,
    null,
  ],
  ['Groq', 'Please reduce the length of the messages or completion.', null, null, null],
  [
    'Cerebras',
    'Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192',
    8192,
    9000,
    null,
  ],
  ['Fireworks', 'The prompt is too long: 9000, model maximum context length: 8191', 8191, 9000, null],
  [
    'Cohere',
    'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000. Try using a shorter prompt.',
    4081,
    5000,
    null,
  ],
  ['xAI', "This model's maximum prompt length is 131072 but the request contains 537812 tokens.", 131_072, 537_812, null],
  [
    'OpenRouter',
    "This endpoint's maximum context length is 131072 tokens. However, you requested about 140000 tokens (139000 of text input, 1000 in the output).",
    131_072,
    140_000,
    null,
  ],
  ['Copilot', 'prompt token count of 128000 exceeds the limit of 120000', 120_000, 128_000, null],
  ['MiniMax', 'context window exceeds limit', null, null, null],
  ['Moonshot', 'Your request exceeded model token limit: 8192 (requested: 9000)', 8192, 9000, null],
  ['Zhipu', 'Prompt exceeds max length', null, null, null],
  ['DashScope', 'Range of input length should be [1, 30720]', 30_720, null, null],
  ['SiliconFlow', 'length of prompt_tokens (163280) must be less than max_seq_len (32768).', 32_768, 163_280, null],
  ['Perplexity', 'The total length of all messages is too long.', null, null, null],
  ['TensorRT-LLM', 'Prompt length (5000) exceeds maximum input length (4096).', 4096, 5000, null],
  ['TensorRT-LLM', 'Cannot process new request: Prompt length (5056) exceeds maximum sequence length (2048)', 2048, 5056, null],
  [
    'TensorRT-LLM',
    'default_max_tokens (-5) should be greater than 0, default_max_tokens(-5) = max_seq_len(4096) - splited_prompt_len(4101)',
    4096,
    null,
    null,
  ],
  [
    'text-generation-webui',
    'This model maximum context length is 2048 tokens. However, your messages resulted in over 3000 tokens and max_tokens is 100.',
    2048,
    3000,
    null,
  ],
  ['TabbyAPI', 'Context length 9000 is greater than max_seq_len 8192', 8192, null, null],
  ['TabbyAPI', 'Prompt length 5000 is greater than max_seq_len 4096', 4096, 5000, null],
  ['MAX', 'prompt token length (5,000) exceeds the configured maximum context length (4,096)', 4096, 5000, null],
  ['ctransformers', 'Number of tokens (815) exceeded maximum context length (512).', 512, 815, null],
  ['any', 'Prompt length of 5000 exceeded max_length of 4096', 4096, 5000, null],
];

describe('a prompt that is too long', () => {
  it.each(prompts)('is told by %s: %s', (_, message, contextTokens, promptTokens, completionTokens) => {
    expect(read(message)).toMatchObject({ contextTokens, promptTokens, isCompletion: false, maxCompletionTokens: null });
    if (completionTokens !== null) expect(read(message)).toMatchObject({ completionTokens });
  });

  it.each([
    ['context_length_exceeded', { code: 'context_length_exceeded' }],
    ['context_window_exceeded', { type: 'context_window_exceeded' }],
    ['exceed_context_size_error', { type: 'exceed_context_size_error' }],
    ['model_max_prompt_tokens_exceeded', { code: 'model_max_prompt_tokens_exceeded' }],
  ])('is told by its name alone: %s', (_, fields) => {
    expect(read('no', fields)).toMatchObject({ contextTokens: null, isCompletion: false });
  });

  it('is counted in the fields of llama.cpp', () => {
    const fields = { type: 'exceed_context_size_error', n_prompt_tokens: 6021, n_ctx: 2048 };
    expect(read('too big', fields)).toMatchObject({ contextTokens: 2048, promptTokens: 6021 });
  });
});

describe('an answer that was asked for too long', () => {
  it.each([
    [
      'vLLM',
      "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 2048 tokens and your request has 27 input tokens (4096 > 2048 - 27).",
      { contextTokens: 2048, promptTokens: 27, maxCompletionTokens: null },
    ],
    [
      'vLLM 0.32',
      'max_tokens=100000 cannot be greater than max_model_len=4096. Please request fewer output tokens. (parameter=max_tokens, value=100000)',
      { contextTokens: 4096, promptTokens: null, completionTokens: 100_000 },
    ],
    [
      'Anthropic, with the prompt',
      'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again',
      { contextTokens: 200_000, promptTokens: 190_000, completionTokens: 20_000 },
    ],
    [
      'TensorRT-LLM',
      'The sum of prompt length (4000.0), query length (0) and max_tokens (1000) should not exceed max_seq_len (4096)',
      { contextTokens: 4096, promptTokens: 4000 },
    ],
    [
      'OpenAI',
      'max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000.',
      { contextTokens: null, maxCompletionTokens: 16_384 },
    ],
    [
      'Anthropic',
      'max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet',
      { contextTokens: null, maxCompletionTokens: 8192 },
    ],
    [
      'Groq',
      '`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model',
      { contextTokens: null, maxCompletionTokens: 8192 },
    ],
    [
      'DeepSeek',
      'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]',
      { contextTokens: null, maxCompletionTokens: 8192 },
    ],
    [
      'TGI',
      'Input validation error: `max_new_tokens` must be <= 512. Given: 1024',
      { contextTokens: null, maxCompletionTokens: 512 },
    ],
  ])('is told by %s: %s', (_, message, numbers) => {
    expect(read(message)).toMatchObject({ isCompletion: true, ...numbers });
  });
});

describe('what only sounds like it', () => {
  it.each([
    'Invalid token',
    'max_tokens must be at least 1, got 0.',
    'max_tokens must be greater than 0',
    'min_tokens must be less than or equal to max_tokens=10, got 20.',
    'logit_bias contains invalid token ids, maximum 151935',
    'stop token is not in the vocabulary',
    'Request too large for model `llama` in organization `org` on tokens per minute (TPM): Limit 6000, Requested 7000, please reduce your message size and try again.',
    'Too many tokens per day, please wait before trying again.',
    "Invalid 'messages[0].name': string too long. Expected a string with maximum length 64, but got a string with length 100 instead.",
    "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 200 instead.",
    'At most 1 image(s) may be provided in one request.',
    'temperature must be less than or equal to 2',
    'top_logprobs must be at most 20',
    'Request entity too large',
    'Total size of request must be less than 10 MB',
    'unexpected tokens remaining in message header',
    'Stop sequences must be at most 4',
    "The model's context: hello",
    '',
  ])('is something else: %s', (message) => {
    expect(read(message)).toBeNull();
  });
});
