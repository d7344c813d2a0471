/**
 * What clients may send. Bodies that a schema of `shared/` checks are described by that schema; those that are read field by field
 * (`worker/core/surfaces/pooling`, `worker/core/rag/read-documents.ts`, `worker/routes/feedback.ts`) are described here, and the fuzzing run
 * compares.
 */
import * as z from 'zod';
import * as mini from '../../shared/zod.ts';
import { ChatRequest } from '../../shared/chat.ts';
import { clientIdPattern } from '../../shared/headers.ts';
import { Body as ResponsesBody } from '../../worker/core/surfaces/responses/body.ts';
import { MessageParam, MessagesBody, ToolParam } from '../../worker/core/surfaces/messages/message-body.ts';
import { CollectionName, DocumentBody, RagFields } from '../../shared/rag-bodies.ts';

const text = z.string().min(1);
const tokens = z
  .array(
    z
      .int()
      .min(0)
      .max(2 ** 31 - 1),
  )
  .min(1);
const inputs = z.union([text, z.array(text).min(1), tokens, z.array(tokens).min(1)]);
const truncation = z.int().min(-1).max(10_000_000).optional();
const model = text.optional();
const user = z.unknown().optional();

export const EmbeddingRequest = z.object({
  input: inputs,
  model,
  encoding_format: z.enum(['float', 'base64']).optional(),
  dimensions: z.int().min(1).max(65_536).optional(),
  truncate_prompt_tokens: truncation,
  user,
});

export const ClassifyRequest = z.object({
  input: inputs,
  model,
  candidate_labels: z.array(z.string().regex(/\S/)).min(1).optional(),
  hypothesis_template: z
    .string()
    .max(500)
    .regex(/\{(?:label)?\}/)
    .optional(),
  truncate_prompt_tokens: truncation,
  user,
});

export const RerankRequest = z.object({
  query: text,
  documents: z.array(z.union([text, z.object({ text })])).min(1),
  model,
  top_n: z.int().min(1).max(1_000_000).optional(),
  return_documents: z.boolean().optional(),
  truncate_prompt_tokens: truncation,
  user,
});

/** `input` and `tools` are lists of many kinds of things, which docs/api.md names; `input` or `previous_response_id` is required. */
export const ResponsesRequest = ResponsesBody;

/** Chat's fields with a text in place of messages. */
export const CompletionRequest = mini.extend(
  mini.omit(ChatRequest, {
    messages: true,
    tools: true,
    tool_choice: true,
    parallel_tool_calls: true,
    logprobs: true,
    top_logprobs: true,
    continue_final_message: true,
    add_generation_prompt: true,
  }),
  {
    prompt: mini.union([mini.string().check(mini.minLength(1)), mini.array(mini.string()).check(mini.length(1))]),
    echo: mini.optional(mini.boolean()),
    logprobs: mini.optional(mini.int().check(mini.gte(0), mini.lte(5))),
  },
);
const countFields = {
  messages: mini.array(MessageParam).check(mini.minLength(1)),
  tools: mini.optional(mini.array(ToolParam)),
};

export const MessagesRequest = mini.extend(MessagesBody, {
  ...countFields,
  max_tokens: mini.int().check(mini.gte(0), mini.lte(10_000_000)),
});

export const CountRequest = mini.extend(MessagesBody, countFields);

/** A chat without what an answer from documents cannot give; `query` or `messages` is required. */
const chatOfDocuments = mini.partial(
  mini.omit(ChatRequest, {
    tools: true,
    tool_choice: true,
    parallel_tool_calls: true,
    continue_final_message: true,
    top_k: true,
  }),
);
export const RagQuery = mini.extend(chatOfDocuments, RagFields.shape);

const collection = mini.optional(CollectionName);
export const DocumentsBody = mini.union([
  mini.extend(DocumentBody, { collection }),
  mini.strictObject({ documents: mini.array(DocumentBody).check(mini.minLength(1)), collection }),
]);

export const Feedback = z.object({
  request_id: z.string().regex(clientIdPattern),
  score: z.number().min(0).max(1),
});

/** A JSON merge patch over the configuration: docs/configuration.md has every key, configs/schemas/profile.schema.json the schema. */
export const ConfigPatch = z.record(z.string(), z.unknown());
