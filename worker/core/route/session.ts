/**
 * What a conversation remembers of its routing: which model answered, and whether the small tier was not good enough. Moves go upward only,
 * a tool loop stays with its model, and the model with the prefix in its cache is preferred. Storage is elsewhere.
 */
import type { Tier } from '../../../shared/config.ts';

export interface SessionMemory {
  readonly modelId: string;
  readonly tier: Tier;
  /** An answer of the small tier was not good enough once: the conversation stays large. */
  readonly isEscalated: boolean;
}

/** What is known after an answer. */
export function remembered(known: SessionMemory | null, answered: SessionMemory): SessionMemory {
  const isEscalated = answered.isEscalated || (known?.isEscalated ?? false);
  // Upward only: a fallback to the small tier is not remembered.
  const isLower = known !== null && known.tier !== 'small' && known.tier !== answered.tier;
  return { ...(isLower ? known : answered), isEscalated };
}

/** What to remember of a named conversation after an answer; null when nothing has changed and nothing needs to be written. */
export function remember(known: SessionMemory | null, answered: SessionMemory): SessionMemory | null {
  const memory = remembered(known, answered);
  const isKnown = memory.modelId === known?.modelId && memory.tier === known.tier && memory.isEscalated === known.isEscalated;
  return isKnown ? null : memory;
}

/**
 * Whether a memory can change the next turn. Most answers come from a small model and the next turn goes there again, which also happens
 * without a memory.
 *
 * @param hasCalls the answer calls tools, whose results are to come back to its model
 * @param hasSiblings other models of the tier might get the next turn
 */
export function isWorthKeeping({ tier, isEscalated }: SessionMemory, hasCalls: boolean, hasSiblings: boolean): boolean {
  return tier !== 'small' || isEscalated || hasCalls || hasSiblings;
}
