/** Answers of models that read and do not write: vectors, labels, relevance. */
import * as z from 'zod';
import { count, PoolingRouting } from './values.ts';

const usage = z.object({
  prompt_tokens: count,
  total_tokens: count,
  completion_tokens: z.literal(0),
  prompt_tokens_details: z.null(),
});

const frame = { id: z.string(), object: z.literal('list'), created: count, model: z.string() };
const end = { usage, 'x-routing-metadata': PoolingRouting };

export const EmbeddingList = z.object({
  ...frame,
  data: z.array(
    z.object({
      object: z.literal('embedding'),
      index: count,
      /** Base64 of 32-bit floats, little-endian, where `encoding_format` asks for it. */
      embedding: z.union([z.array(z.number()), z.string()]),
    }),
  ),
  ...end,
});

export const ClassificationList = z.object({
  ...frame,
  data: z.array(
    z.object({
      index: count,
      label: z.string().nullable(),
      labels: z.array(z.string()).optional(),
      probs: z.array(z.number()),
      num_classes: count,
    }),
  ),
  ...end,
});

export const RankedDocuments = z.object({
  ...frame,
  results: z.array(z.object({ index: count, relevance_score: z.number(), document: z.object({ text: z.string() }).optional() })),
  ...end,
});
