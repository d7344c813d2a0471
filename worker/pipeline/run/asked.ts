/** What was asked, by which caller, and how it was classified. Known before the first call and immutable. */
import type { KeyRecord } from '../../core/auth/key-record.ts';
import type { Classification } from '../../core/classify/classify.ts';
import type { RequestView } from '../../core/classify/view.ts';
import type { Background } from '../../core/ports.ts';
import type { InnerRequest } from '../../core/request/inner-request.ts';
import type { PoolingKind } from '../../core/request/pooling-task.ts';
import type { Arm } from '../../core/route/experiment.ts';
import type { History } from '../../core/route/history.ts';
import type { SessionMemory } from '../../core/route/session.ts';
import type { AnswerFormat } from '../../core/structured/stream-check.ts';
import type { Trace } from '../../core/trace/trace.ts';
import type { Surface } from '../../core/surfaces/surface.ts';

/** What the caller says about a request besides its body. */
export interface Caller {
  /** The wire that it speaks. */
  readonly surface: Surface;
  readonly key: KeyRecord;
  readonly requestId: string;
  /** The address that was asked. */
  readonly url: string;
  readonly agent: string | null;
  /** `x-session-id`; null without one. */
  readonly sessionId: string | null;
  /** Fires when the client has gone, as far as the platform notices. */
  readonly signal: AbortSignal;
  readonly background: Background;
  /** Null where nobody wants traces. */
  readonly trace: Trace | null;
  /** The caller's own; null without one. */
  readonly traceparent: string | null;
  /** Keeps one tenant's prefix cache apart from another's. */
  readonly cacheSalt: string | null;
  readonly bodyBytes: number;
  /** As it came; null without one. */
  readonly cacheControl: string | null;
  /** Where the answer to the request's idempotency key is kept, and the fingerprint of what it asks; null without one. */
  readonly idempotency: { readonly id: string; readonly fingerprint: string } | null;
  /** A stream may be picked up again. */
  readonly isResumable: boolean;
  /** What is kept beside the answer, so that later requests can go on from it; null where nothing is. */
  readonly stored: string | null;
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

/** What is different where a model reads and does not write: there is nothing to classify, and one request may take many calls. */
export interface Pooled {
  readonly kind: PoolingKind;
  /** The most that all its calls can have to read. */
  readonly mostTokens: number;
  /** Calls that have to wait for each other. */
  readonly rounds: number;
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
  /** What the score was compared with. */
  readonly threshold: number;
  readonly arm: Arm | null;
  /** What the key may use; the plan has nothing else in it. */
  readonly allowedModels: ReadonlySet<string> | null;
  /** Null for a chat. */
  readonly pooled: Pooled | null;
  /** Null when the request leaves nothing to choose, so that there is nothing to remember. */
  readonly conversation: Conversation | null;
}

/** Tokens of the whole answer, all choices together. */
export function mostTokens({ maxTokens, request }: Asked): number {
  return maxTokens * request.choiceCount;
}
