/** A question for documents, and what was found for it. */
import type { InnerRequest } from '../request/inner-request.ts';
import type { Passage } from './prompt.ts';

export interface RagQuery {
  /** The client's chat, as it is without documents. */
  readonly chat: { readonly request: InnerRequest; readonly ignored: readonly string[] };
  readonly question: string;
  readonly collection: string;
  readonly topK: number;
  readonly minScore: number;
  readonly isReranked: boolean;
}

/** How the passages were found. */
export interface Retrieval {
  readonly collection: string;
  readonly embedding_model: string;
  readonly rerank_model: string | null;
  /** Where the vectors are. */
  readonly store: string;
  /** Vectors that were compared with the question's; null where the store does not say. */
  readonly compared: number | null;
  readonly top_k: number;
  readonly min_score: number;
  /** Of the passages in the prompt, estimated. */
  readonly passage_tokens: number;
  readonly embed_ms: number;
  readonly search_ms: number;
  readonly rerank_ms: number | null;
}

export interface Retrieved {
  readonly passages: readonly Passage[];
  readonly retrieval: Retrieval;
}
