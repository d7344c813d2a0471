/**
 * An answer from documents: the passages are found, and the client's chat goes its usual way with them beside it. The router reads the chat alone;
 * what is in a document reaches the model and nobody else.
 */
import type { Strategy } from '../../../shared/config.ts';
import { GatewayError } from '../../../shared/errors.ts';
import type { ShownRouting } from '../../../shared/routing-metadata.ts';
import { grounding, markOf, markSeed } from '../../core/rag/prompt.ts';
import type { RagQuery, Retrieved } from '../../core/rag/retrieved.ts';
import type { Surface } from '../../core/surfaces/surface.ts';
import { chat, type ChatResult } from '../chat.ts';
import type { RoutedFailure } from '../pooling/embed-texts.ts';
import type { Caller } from '../run/asked.ts';
import type { PipelineDeps } from '../run/deps.ts';
import type { RagWorld } from './rag-world.ts';
import { retrieve } from './retrieve.ts';

type Failed = Extract<ChatResult, { readonly kind: 'failed' }>;

/** A chat's, or a failure before it, whose metadata names the model that was to embed or rerank. */
export type QueryResult = ChatResult | (Omit<Failed, 'metadata'> & { readonly metadata: ShownRouting | null });

/**
 * @param surfaceOf the wire that tells of these passages
 * @param wantedStrategy from the `x-routing-strategy` header, or null
 */
export async function answerQuery(
  deps: PipelineDeps,
  world: RagWorld,
  caller: Caller,
  query: RagQuery,
  surfaceOf: (retrieved: Retrieved) => Surface,
  wantedStrategy: Strategy | null,
): Promise<QueryResult> {
  caller.trace?.enter('retrieve');
  const retrieved = await retrieve(deps, world, caller, query);
  if (!retrieved.ok) return refused(retrieved.failure);
  const { passages, retrieval } = retrieved.value;
  deps.ledger.documents({ counts: [['queries', 1]], steps: stepsOf(retrieval) }, caller.background);
  const digest = await deps.digest(markSeed(query.question, passages, caller.cacheSalt ?? caller.key.tenantId));
  const request = { ...query.chat.request, grounding: grounding(passages, markOf(digest, passages)) };
  const asked = { ...query.chat, request };
  // A stream that is picked up again is written by the chat's own surface, which knows no sources.
  return chat(deps, { ...caller, surface: surfaceOf(retrieved.value), isResumable: false }, asked, wantedStrategy);
}

function stepsOf({ embed_ms, search_ms, rerank_ms }: { embed_ms: number; search_ms: number; rerank_ms: number | null }) {
  return [
    ['embed', embed_ms] as const,
    ['search', search_ms] as const,
    ...(rerank_ms === null ? [] : [['rerank', rerank_ms] as const]),
  ];
}

function refused({ routing = null, ...failure }: RoutedFailure): QueryResult {
  return { kind: 'failed', error: new GatewayError(failure), metadata: routing, isAdmitted: false, rate: null };
}
