/** Answers of the Responses API and of text completions, in OpenAI's words. What its official client publishes in full is open here. */
import * as z from 'zod';
import { ChatCompletion } from './chat.ts';
import { count, Routing } from './values.ts';

const status = z.enum(['completed', 'in_progress', 'incomplete', 'failed', 'cancelled']);
const item = z.looseObject({ type: z.string() });
const tokenCount = z.object({
  input_tokens: count,
  input_tokens_details: z.object({ cached_tokens: count, cache_write_tokens: count }),
  output_tokens: count,
  output_tokens_details: z.object({ reasoning_tokens: count }),
  total_tokens: count,
  estimated: z.literal(true).optional(),
});

export const Response = z.looseObject({
  id: z.string(),
  object: z.literal('response'),
  created_at: count,
  status,
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  incomplete_details: z.object({ reason: z.string() }).nullable(),
  model: z.string(),
  output: z.array(item),
  usage: tokenCount.optional(),
  'x-routing-metadata': Routing.optional(),
});

/** The data of an event. */
export const ResponseEvent = z.looseObject({ type: z.string(), sequence_number: count });

export const ResponseDeleted = z.object({ id: z.string(), object: z.literal('response.deleted'), deleted: z.literal(true) });

export const InputTokens = z.object({ object: z.literal('response.input_tokens'), input_tokens: count });

export const ResponseItems = z.object({
  object: z.literal('list'),
  data: z.array(item),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
});

const logprobs = z.looseObject({ tokens: z.array(z.string()), token_logprobs: z.array(z.number()) }).nullable();
const finishReason = z.enum(['stop', 'length', 'content_filter']).nullable();

export const Completion = ChatCompletion.extend({
  object: z.literal('text_completion'),
  choices: z.array(z.object({ text: z.string(), index: count, logprobs, finish_reason: finishReason })),
});

export const CompletionChunk = z.looseObject({
  id: z.string(),
  object: z.literal('text_completion'),
  created: count,
  model: z.string(),
  choices: z.array(z.looseObject({ text: z.string(), index: count, finish_reason: finishReason })),
});
