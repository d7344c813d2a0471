/** The relevance of documents to a query for the gateway's own use, on a caller's key: see `embed-texts.ts`. */
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { Caller } from '../run/asked.ts';
import type { PipelineDeps } from '../run/deps.ts';
import { type InternalOptions, onBehalfOf, routed, type RoutedFailure } from './embed-texts.ts';
import { pool } from './pool.ts';

export interface RerankedTexts {
  /** One for each document, in their order; larger is more relevant. */
  readonly scores: readonly number[];
  readonly modelId: string;
  readonly promptTokens: number;
  readonly costNanoUsd: number;
}

/** Fails with `model_not_found` where no reranker is set up. */
export async function rerankTexts(
  deps: PipelineDeps,
  caller: Caller,
  query: string,
  documents: readonly string[],
  { model, signal, name = 'rerank' }: InternalOptions & { readonly name?: string } = {},
): Promise<Result<RerankedTexts, RoutedFailure>> {
  const task = { kind: 'reranker', query, inputs: documents, truncateTokens: -1 } as const;
  const ask = { model: model ?? null, task, ignored: [], labels: null, text: JSON.stringify([query, documents]) };
  const pooled = await pool(deps, onBehalfOf(caller, name, signal), ask);
  if (!pooled.ok) return fail(routed(pooled.failure));
  const { values, modelId, promptTokens, costNanoUsd } = pooled.value;
  const scores = values.map(Number);
  return scores.every(Number.isFinite)
    ? ok({ scores, modelId, promptTokens, costNanoUsd })
    : fail({ code: 'upstream_invalid_answer' });
}
