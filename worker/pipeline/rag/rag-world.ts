/** What answers from documents need of the world beside what every request needs, and which models they use. */
import type { ModelKind } from '../../../shared/config.ts';
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { CollectionsPort, VectorIndexPort } from '../../core/rag/rag-ports.ts';
import type { CollectionPlace, Refusal, VectorShape, VectorStoreId } from '../../core/rag/collection.ts';
import type { Caller } from '../run/asked.ts';

export interface RagWorld {
  readonly collections: CollectionsPort;
  /** Null where collections keep their vectors themselves. */
  readonly index: VectorIndexPort | null;
}

export function storeOf({ index }: RagWorld): VectorStoreId {
  return index?.id ?? 'object';
}

/** The model that makes vectors. */
export function embeddingModelOf(config: Config): Result<string, Failure> {
  const modelId = firstOf(config, 'embedding', config.rag.embedding_model);
  return modelId === null
    ? fail({ code: 'model_not_found', sentence: 'No embedding model is set up here, so there are no documents to ask.' })
    : ok(modelId);
}

/** Null where there is none. */
export function rerankModelOf(config: Config): string | null {
  return firstOf(config, 'reranker', config.rag.rerank_model);
}

/** A model that is named and has no address is not there: none takes its place unasked. */
function firstOf({ modelIdsByKind }: Config, kind: ModelKind, named: string | undefined): string | null {
  const ids = modelIdsByKind[kind];
  if (named !== undefined) return ids.includes(named) ? named : null;
  return ids[0] ?? null;
}

export function shapeOf(config: Config, world: RagWorld, modelId: string, dimensions: number): VectorShape {
  return { store: storeOf(world), model: `${modelId} (${modelOf(config, modelId).served_name})`, dimensions };
}

/** Why a collection does not take or find what it is given, in words for its client. */
export function refusalFailure(refused: Refusal, { collection }: Pick<CollectionPlace, 'collection'>): Failure {
  if (refused.kind === 'full') {
    const { what, limit, count } = refused;
    return {
      code: 'collection_full',
      param: 'collection',
      detail: `"${collection}" may have ${limit} ${what}, and this would make it ${count}. Nothing was changed.`,
    };
  }
  const { model, dimensions, store } = refused.shape;
  return {
    code: 'embedding_mismatch',
    param: 'collection',
    detail: `"${collection}" has vectors of ${model} with ${dimensions} dimensions in the store ${store}. Put its documents into another collection, or delete them first.`,
  };
}

/** The deployment chose this model, not the key: what the key may ask by itself does not count. Its limits and budgets do. */
export function asOperator(caller: Caller): Caller {
  return { ...caller, key: { ...caller.key, allowedModels: null } };
}
