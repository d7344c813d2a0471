/** Tenants' documents, and where their vectors are, by what the configuration says and what the deployment is bound to. */
import type { RagConfig, VectorStoreChoice } from '../../shared/config-rag.ts';
import { GatewayError } from '../../shared/errors.ts';
import type { PostgresPort } from '../core/rows/ports.ts';
import type { CollectionsPort, VectorIndexPort } from '../core/rag/rag-ports.ts';
import type { CollectionObject } from '../objects/collection-object.ts';
import { createCollectionsClient } from './collections-client.ts';
import type { Namespace } from './object-calls.ts';
import { createPgvectorIndex } from './pgvector-index.ts';
import { createVectorizeIndex, type VectorizeBinding } from './vectorize-index.ts';

export interface Documents {
  readonly collections: CollectionsPort;
  /** Null where collections keep their vectors themselves. */
  readonly index: VectorIndexPort | null;
}

/** @param index the platform's; absent where the deployment is bound to none */
export function createDocuments(
  namespace: Namespace<CollectionObject>,
  index: VectorizeBinding | undefined,
  postgres: PostgresPort | null,
  { store }: Pick<RagConfig, 'store'>,
): Documents {
  return { collections: createCollectionsClient(namespace), index: indexOf(store, index, postgres) };
}

/** A store that is named and not there fails when it is used: everything else goes on. */
function indexOf(
  store: VectorStoreChoice,
  index: VectorizeBinding | undefined,
  postgres: PostgresPort | null,
): VectorIndexPort | null {
  if (store === 'vectorize') return index === undefined ? missing(store) : createVectorizeIndex(index);
  if (store === 'pgvector') return postgres === null ? missing(store) : createPgvectorIndex(postgres);
  return store === 'object' || index === undefined ? null : createVectorizeIndex(index);
}

function missing(id: VectorIndexPort['id']): VectorIndexPort {
  const fails = (): Promise<never> =>
    Promise.reject(new GatewayError({ code: 'not_ready', detail: `rag.store is ${id}, which this deployment does not have.` }));
  return { id, put: fails, remove: fails, nearest: fails };
}
