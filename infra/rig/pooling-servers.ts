/** The pooling servers of the shipped configuration as stand-ins, for rigs that want them. */
import type { FleetModel } from '../standin/fleet.ts';

export const poolingServers: readonly FleetModel[] = [
  { id: 'embedder', kind: 'embedding', servedName: 'BAAI/bge-small-en-v1.5', maxModelLen: 512 },
  { id: 'classifier', kind: 'classifier', servedName: 'FacebookAI/roberta-large-mnli', maxModelLen: 512 },
  { id: 'reranker', kind: 'reranker', servedName: 'BAAI/bge-reranker-base', maxModelLen: 512 },
];
