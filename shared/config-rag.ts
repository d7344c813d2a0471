/** The part of the configuration tree about documents: `configs/rag.yaml`. */
import { id, int, number, text } from './config-values.ts';
import * as z from './zod.ts';

/** Where vectors are kept. `auto`: in the platform's index where the deployment is bound to one, else in the collection's own object. */
export const vectorStoreIds = ['auto', 'object', 'vectorize', 'pgvector'] as const;
export type VectorStoreChoice = (typeof vectorStoreIds)[number];

/** Of one collection, but for the first. */
const RagLimits = z.lateObject(() => ({
  /** Collections of one tenant. */
  collections: z._default(int(1, 100_000), 100),
  documents: z._default(int(1, 1_000_000), 10_000),
  chunks: z._default(int(1, 1_000_000), 50_000),
  /** Text of all chunks, in UTF-8. */
  bytes: z._default(int(1000, 5_000_000_000), 100_000_000),
  /** Text of one document, in UTF-8. */
  document_bytes: z._default(int(100, 20_000_000), 1_000_000),
  document_chunks: z._default(int(1, 10_000), 2000),
  /** Documents of one request. */
  batch_documents: z._default(int(1, 1000), 100),
}));

export const Rag = z.lateObject(() => ({
  store: z._default(z.enum(vectorStoreIds), 'auto'),
  /** A model of kind embedding; without one the first that is configured and has an address. */
  embedding_model: z.optional(id),
  /** A model of kind reranker; without one the first that is configured and has an address. */
  rerank_model: z.optional(id),
  /** Written before a question and before a passage where the embedding model was trained with such words. */
  query_prefix: z._default(text(0, 500), ''),
  document_prefix: z._default(text(0, 500), ''),
  /** No chunk is larger. An embedding model reads no more than its context, and titles and headings come on top. */
  chunk_tokens: z._default(int(64, 8000), 240),
  /** At most half a chunk. */
  overlap_tokens: z._default(int(0, 4000), 30),
  /** Passages that a query gets when it does not say how many, and the most that it may ask for. */
  top_k: z._default(int(1, 50), 6),
  max_top_k: z._default(int(1, 50), 20),
  /** So many passages for each that is wanted are given to the reranker. */
  rerank_factor: z._default(int(1, 10), 4),
  /** Words of the question count beside its meaning: names, codes and rare words are found that an embedding model does not know. */
  words: z._default(z.boolean(), true),
  /** Passages less like the question are left out. Depends on the embedding model. */
  min_score: z._default(number(-1, 1), 0.3),
  /** Passages of a prompt, by the gateway's own estimate. */
  prompt_tokens: z._default(int(100, 1_000_000), 3000),
  limits: z.prefault(RagLimits, {}),
}));

export type RagConfig = z.infer<typeof Rag>;
