/** What clients call the kinds of models, and where each answers. A kind without a row does not compile. */
import type { ModelKind } from '../../../shared/config.ts';

export const kinds: Readonly<Record<ModelKind, { readonly noun: string; readonly path: string }>> = {
  chat: { noun: 'chat model', path: '/v1/chat/completions' },
  embedding: { noun: 'embedding model', path: '/v1/embeddings' },
  classifier: { noun: 'classifier', path: '/v1/classify' },
  reranker: { noun: 'reranker', path: '/v1/rerank' },
};
