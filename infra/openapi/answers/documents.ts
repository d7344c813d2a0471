/** Answers about documents and their collections. */
import * as z from 'zod';
import { documentFormats } from '../../../shared/rag-bodies.ts';
import { count, time } from './values.ts';

const document = z.object({
  id: z.string(),
  object: z.literal('rag.document'),
  collection: z.string(),
  title: z.string(),
  format: z.enum(documentFormats),
  chunks: count,
  tokens: count,
  bytes: count,
  hash: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  created_at: time,
  updated_at: time,
});

const counts = z.object({ documents: count, chunks: count, bytes: count });

export const DocumentsPut = z.object({
  object: z.literal('list'),
  collection: z.string(),
  data: z.array(document.extend({ status: z.enum(['created', 'replaced', 'updated', 'unchanged']) })),
  counts,
  usage: z.object({ prompt_tokens: count, total_tokens: count }),
});

export const DocumentList = z.object({
  object: z.literal('list'),
  collection: z.string(),
  data: z.array(document),
  has_more: z.boolean(),
  last_id: z.string().nullable(),
  counts,
  /** Null for a collection without documents. */
  embedding: z.object({ store: z.enum(['object', 'vectorize', 'pgvector']), model: z.string(), dimensions: count }).nullable(),
});

export const Document = document.extend({
  text: z.string().optional(),
  passages: z
    .array(z.object({ chunk: count, start: count, end: count, tokens: count, headings: z.array(z.string()) }))
    .optional(),
});

export const DocumentDeleted = z.object({
  id: z.string(),
  object: z.literal('rag.document.deleted'),
  collection: z.string(),
  deleted: z.literal(true),
});
