/** What was asked, by whom, and what it was taken for. Known before the first call, and the same ever after. */
import type { KeyRecord } from '../../core/auth/key-record.ts';
import type { Classification } from '../../core/classify/classify.ts';
import type { RequestView } from '../../core/classify/view.ts';
import type { Background } from '../../core/ports.ts';
import type { InnerRequest } from '../../core/request/inner-request.ts';
import type { Arm } from '../../core/route/experiment.ts';
import type { History } from '../../core/route/history.ts';
import type { SessionMemory } from '../../core/route/session.ts';
import type { AnswerFormat } from '../../core/structured/stream-check.ts';
import type { Surface } from '../../core/surfaces/surface.ts';

/** What the caller says about a request besides its body. */
export interface Caller {
  /** The wire that it speaks. */
  readonly surface: Surface;
  readonly key: KeyRecord;
  readonly requestId: string;
  readonly agent: string | null;
  /** `x-session-id`; null without one. */
  readonly sessionId: string | null;
  /** Fires when the client has gone, as far as the platform notices. */
  readonly signal: AbortSignal;
  readonly background: Background;
  /** Keeps one tenant's prefix cache apart from another's. */
  readonly cacheSalt: string | null;
  readonly bodyBytes: number;
  /** The request's idempotency key and the fingerprint of what it asks; null without one. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
}

/** How a request belongs to others: by a name that the client gave, or by its messages. */
export interface Conversation {
  /** Told apart by tenant; null without a name. */
  readonly namedId: string | null;
  /** Null with a name. */
  readonly history: History | null;
  /** What stays together in experiments; null for a request that stands alone. */
  readonly unit: string | null;
  /** What is remembered of it; null when there is nothing. */
  readonly memory: SessionMemory | null;
}

export interface Asked {
  readonly caller: Caller;
  readonly startedAtMs: number;
  readonly request: InnerRequest;
  readonly ignored: readonly string[];
  /** Sent upstream: the client's limit, or the default. */
  readonly maxTokens: number;
  /** The format the answer is checked against; null for plain text. */
  readonly format: AnswerFormat | null;
  readonly view: RequestView;
  readonly classification: Classification;
  readonly classificationMs: number;
  readonly arm: Arm | null;
  /** What the key may use; the plan has nothing else in it. */
  readonly allowedModels: ReadonlySet<string> | null;
  /** Null when the request leaves nothing to choose, so that there is nothing to remember. */
  readonly conversation: Conversation | null;
}

/** Tokens of the whole answer, all choices together. */
export function mostTokens({ maxTokens, request }: Asked): number {
  return maxTokens * request.choiceCount;
}
