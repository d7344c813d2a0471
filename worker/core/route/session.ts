/**
 * What a conversation remembers of its routing: which model answered, and whether the small tier was found wanting. Moves go upward only,
 * a tool loop stays where it began, and the model that has the prefix in its cache is kept. Reading and writing are others' work.
 */
import type { Tier } from '../../../shared/config.ts';
import { textOf, type RequestView } from '../classify/view.ts';
import type { ChatRequest } from '../../../shared/chat.ts';

export interface SessionMemory {
  readonly modelId: string;
  readonly tier: Tier;
  /** An answer of the small tier was not good enough once: the conversation stays large. */
  readonly isEscalated: boolean;
}

/** Characters of the conversation's start that tell it from others. */
const startChars = 4096;

/**
 * The id of a conversation that names none, from the key and its first messages: the same for every later turn. Null for a single turn
 * without tools, which has nothing to remember. 64 bits of FNV-1a; two conversations of one key that collide only share a model.
 */
export function implicitSessionId(request: ChatRequest, view: RequestView, tenantId: string): string | null {
  if (view.userTurns < 2 && view.tools === 0 && view.toolResults === 0) return null;
  const firstUser = request.messages.findIndex((message) => message.role === 'user');
  const start = request.messages.slice(0, Math.max(0, firstUser) + 1).map((message) => textOf(message).slice(0, startChars));
  return hash64(`${tenantId}\n${start.join('\n')}`);
}

/** What to remember after an answer; null when nothing has changed and nothing needs to be written. */
export function remember(known: SessionMemory | null, answered: SessionMemory): SessionMemory | null {
  const isEscalated = answered.isEscalated || (known?.isEscalated ?? false);
  if (known === null) return { ...answered, isEscalated };
  // Upward only: a fallback to the small tier is an accident, not a memory.
  const rose = known.tier === 'small' && answered.tier !== 'small';
  const moved = known.tier === answered.tier && known.modelId !== answered.modelId;
  if (!rose && !moved && isEscalated === known.isEscalated) return null;
  return rose || moved ? { ...answered, isEscalated } : { ...known, isEscalated };
}

function hash64(text: string): string {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193) >>> 0;
    high = Math.imul(high ^ (unit + (low >>> 24)), 0x01000197) >>> 0;
  }
  return high.toString(36).padStart(7, '0') + low.toString(36).padStart(7, '0');
}
