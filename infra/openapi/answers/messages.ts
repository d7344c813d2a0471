/** Answers of Anthropic's Messages API. */
import * as z from 'zod';
import { count, errorCode, PoolingRouting, Routing } from './values.ts';

const usage = z.object({
  input_tokens: count,
  cache_creation_input_tokens: count,
  cache_read_input_tokens: count,
  output_tokens: count,
  output_tokens_details: z.object({ thinking_tokens: count }).optional(),
  /** Counted by the gateway, because the model server sent no usable numbers. */
  estimated: z.literal(true).optional(),
});

const block = z.union([
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
  z.object({ type: z.literal('tool_use'), id: z.string(), name: z.string(), input: z.unknown() }),
]);

const ending = {
  stop_reason: z.enum(['end_turn', 'max_tokens', 'stop_sequence', 'tool_use', 'refusal']).nullable(),
  stop_sequence: z.string().nullable(),
  stop_details: z.object({ type: z.literal('refusal'), category: z.null(), explanation: z.null() }).optional(),
};

const message = {
  id: z.string(),
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: z.string(),
  content: z.array(block),
  ...ending,
  usage,
};

export const AnthropicMessage = z.object({ ...message, 'x-routing-metadata': Routing });

const delta = z.union([
  z.object({ type: z.literal('text_delta'), text: z.string() }),
  z.object({ type: z.literal('thinking_delta'), thinking: z.string() }),
  z.object({ type: z.literal('signature_delta'), signature: z.string() }),
  z.object({ type: z.literal('input_json_delta'), partial_json: z.string() }),
]);

/** An event of a stream; its name is its type. */
export const AnthropicEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message_start'), message: z.object(message) }),
  z.object({ type: z.literal('ping') }),
  z.object({ type: z.literal('content_block_start'), index: count, content_block: block }),
  z.object({ type: z.literal('content_block_delta'), index: count, delta }),
  z.object({ type: z.literal('content_block_stop'), index: count }),
  z.object({ type: z.literal('message_delta'), delta: z.object(ending), usage, 'x-routing-metadata': Routing.optional() }),
  z.object({ type: z.literal('message_stop') }),
]);

export const AnthropicError = z.object({
  type: z.literal('error'),
  error: z.object({
    type: z.string(),
    message: z.string(),
    details: z.object({ error_code: errorCode, param: z.string().nullable() }),
  }),
  request_id: z.string(),
  'x-routing-metadata': z.union([Routing, PoolingRouting]).optional(),
});

export const TokenCount = z.object({ input_tokens: count });
