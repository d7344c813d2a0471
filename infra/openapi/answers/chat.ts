/** Answers of the paths that chat: whole, as chunks of a stream, from documents, and the explanation without a model. */
import * as z from 'zod';
import { errorCode, intent, Routing, settings, strategy, tier, count } from './values.ts';

const usage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count }).optional(),
  completion_tokens_details: z.object({ reasoning_tokens: count }).optional(),
  /** Counted by the gateway, because the model server sent no usable numbers. */
  estimated: z.literal(true).optional(),
});

const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter']);
const logprobs = z.looseObject({ content: z.array(z.unknown()).nullish() }).nullable();

const message = z.object({
  role: z.literal('assistant'),
  content: z.string().nullable(),
  refusal: z.string().nullable(),
  reasoning: z.string().optional(),
  reasoning_content: z.string().optional(),
  tool_calls: z
    .array(
      z.object({
        id: z.string(),
        type: z.literal('function'),
        function: z.object({ name: z.string(), arguments: z.string() }),
      }),
    )
    .optional(),
});

export const ChatCompletion = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: count,
  model: z.string(),
  choices: z.array(z.object({ index: count, message, logprobs, finish_reason: finishReason.nullable() })),
  usage,
  'x-routing-metadata': Routing,
});

/** One `data:` line of a stream. Chunks of a model server are passed on as they are where nothing has to change, with keys of its own. */
export const ChatCompletionChunk = z.looseObject({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  created: count,
  model: z.string(),
  choices: z.array(
    z.looseObject({
      index: count,
      delta: z.looseObject({ role: z.string().optional(), content: z.string().nullish() }),
      finish_reason: finishReason.nullish(),
    }),
  ),
  usage: z.looseObject({ prompt_tokens: count, completion_tokens: count, total_tokens: count }).nullish(),
  'x-routing-metadata': Routing.optional(),
});

const source = z.object({
  index: count,
  document_id: z.string(),
  title: z.string(),
  headings: z.array(z.string()),
  chunk: count,
  start: count,
  end: count,
  score: z.number(),
  cited: z.boolean(),
  quotes: z.array(z.object({ text: z.string(), start: count, end: count })),
});

export const RagCompletion = ChatCompletion.extend({
  sources: z.array(source),
  'x-rag-metadata': z.object({
    collection: z.string(),
    embedding_model: z.string(),
    rerank_model: z.string().nullable(),
    store: z.enum(['object', 'vectorize', 'pgvector']),
    compared: count.nullable(),
    top_k: count,
    min_score: z.number(),
    passage_tokens: count,
    embed_ms: count,
    search_ms: count,
    rerank_ms: count.nullable(),
    unknown_citations: z.array(z.int()).optional(),
  }),
});

export const RouteExplanation = z.object({
  decision: z.object({
    model_id: z.string().nullable(),
    model_name: z.string().nullable(),
    tier,
    intent,
    score: z.number(),
    confidence: z.number(),
    complexity: z.string(),
    reason: z.string(),
    rule: z.string(),
    strategy,
    is_forced: z.boolean(),
    fallback_used: z.boolean(),
    error: errorCode.optional(),
    ignored: z.array(z.string()).optional(),
  }),
  plan: z.array(z.object({ model_id: z.string(), upstream: z.string(), reason: z.string() })),
  explain: z.object({
    mode: z.string(),
    threshold: z.object({ configured: z.number(), effective: z.number(), offsets: settings }),
    strategy: settings,
    score: settings,
    is_unsure: z.boolean(),
    tier_confidence: z.number(),
    signals: z.array(
      z.looseObject({ id: z.string(), weight: z.number(), value: z.number(), applies: z.boolean(), contribution: z.number() }),
    ),
    reasons: z.array(z.string()),
    intent: z.object({ value: intent, confidence: z.number(), level: z.string() }),
    features: settings,
    rules: z.object({ order: z.array(z.string()), decided_by: z.string() }),
    session: z.object({ model_id: z.string(), tier, escalated: z.boolean() }).nullable(),
    experiment: z.object({ name: z.string(), arm: z.string() }).nullable(),
    rejected: z.array(z.object({ model_id: z.string(), reason: z.string() })),
    required_context_tokens: count,
  }),
});

export const FeedbackCounted = z.object({
  counted: z.literal(true),
  replaced: z.boolean(),
  arm: z.string().nullable(),
  model_id: z.string(),
  learned_from: z.boolean(),
});

export const StreamState = z.object({
  id: z.string(),
  object: z.literal('stream'),
  state: z.enum(['running', 'complete', 'failed', 'cancelled']),
});
