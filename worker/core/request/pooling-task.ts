/** What is asked of a model that reads and does not write: vectors, labels or relevance. Independent of any wire format. */
import type { ModelKind } from '../../../shared/config.ts';

export type PoolingKind = Exclude<ModelKind, 'chat'>;

/** A text, or the ids of its tokens. */
export type PoolingInput = string | readonly number[];

/** How vectors are written: as a JSON array, or as their 32-bit floats (little-endian) in base64. */
export type VectorEncoding = 'float' | 'base64';

interface Asked {
  /** Inputs are cut to so many tokens, -1 for as many as fit; null: one that is too long is refused. */
  readonly truncateTokens: number | null;
}

export interface EmbeddingTask extends Asked {
  readonly kind: 'embedding';
  readonly inputs: readonly PoolingInput[];
  readonly encoding: VectorEncoding;
  /** Null: the model's own. */
  readonly dimensions: number | null;
}

export interface ClassifierTask extends Asked {
  readonly kind: 'classifier';
  readonly inputs: readonly PoolingInput[];
}

export interface RerankerTask extends Asked {
  readonly kind: 'reranker';
  readonly query: string;
  /** The documents. */
  readonly inputs: readonly string[];
}

/** Inputs are answered one by one, so a task may be split at any of them. */
export type PoolingTask = EmbeddingTask | ClassifierTask | RerankerTask;

export function sliceTask(task: PoolingTask, from: number, to: number): PoolingTask {
  return task.kind === 'reranker'
    ? { ...task, inputs: task.inputs.slice(from, to) }
    : { ...task, inputs: task.inputs.slice(from, to) };
}
