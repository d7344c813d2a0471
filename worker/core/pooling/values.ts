/** What a server wrote for one input, before anybody passes it on: whether it is what was asked for. */
import type { PoolingKind } from '../request/pooling-task.ts';
import { vectorLength } from './vectors.ts';

const number = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export function isValue(kind: PoolingKind, raw: string): boolean {
  if (kind === 'embedding') return vectorLength(raw) !== null;
  return kind === 'reranker' ? number.test(raw) : readLabelled(raw) !== null;
}

export interface Labelled {
  /** Null where the server has no name for it. */
  readonly label: string | null;
  /** Of every label of the model, in its order. */
  readonly probs: readonly number[];
}

/** Null for a text that is no label with probabilities. */
export function readLabelled(raw: string): Labelled | null {
  let value: { label?: unknown; probs?: unknown };
  try {
    value = Object(JSON.parse(raw));
  } catch {
    return null;
  }
  const { label = null, probs } = value;
  if (!Array.isArray(probs) || probs.length === 0 || !probs.every((prob) => typeof prob === 'number')) return null;
  return label === null || typeof label === 'string' ? { label, probs } : null;
}
