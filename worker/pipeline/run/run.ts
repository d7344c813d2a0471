/** Everything known about one request while it lives. Stages read it and write their own part; `settle` closes it, once. */
import type { ChatRequest } from '../../../shared/chat.ts';
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { Strategy } from '../../../shared/config.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { CacheState } from '../../../shared/records.ts';
import type { KeyRecord } from '../../core/auth/key-record.ts';
import type { Classification } from '../../core/classify/classify.ts';
import type { FailureReport } from '../../core/health/health-event.ts';
import type { HideSecrets } from '../../core/log/known-secrets.ts';
import type { LearnedWeights } from '../../core/classify/learned.ts';
import type { RequestView } from '../../core/classify/view.ts';
import type {
  AdmissionPort,
  Background,
  ClientPipe,
  Clock,
  HealthPort,
  LedgerPort,
  LogPort,
  Place,
  SessionPort,
  TenantPort,
  Timers,
  UpstreamPort,
} from '../../core/ports.ts';
import type { RateNumbers } from '../../core/limits/rate.ts';
import type { TenantLimits } from '../../core/limits/tenant.ts';
import type { Answer } from '../../core/relay/answer.ts';
import type { AttemptOutcome } from '../../core/route/attempt.ts';
import type { Arm } from '../../core/route/experiment.ts';
import type { RoutePlan } from '../../core/route/plan.ts';
import type { RetryBudget } from '../../core/route/retry-budget.ts';
import type { SessionMemory } from '../../core/route/session.ts';
import type { AnswerFormat } from '../../core/structured/check-answer.ts';
import type { Opened } from '../answer/open.ts';
import type { Conversation } from '../decide.ts';
import type { Recording } from '../answer/idempotent.ts';

/** What the pipeline needs of the world. */
export interface PipelineDeps {
  readonly config: Config;
  readonly weights: LearnedWeights | null;
  readonly clock: Clock;
  readonly timers: Timers;
  random(): number;
  /** 24 random characters, safe in headers. */
  newId(): string;
  readonly upstream: UpstreamPort;
  readonly health: HealthPort;
  readonly ledger: LedgerPort;
  readonly admission: AdmissionPort;
  readonly tenants: TenantPort;
  readonly sessions: SessionPort;
  readonly log: LogPort;
  /** For words of a model server that a client is told. */
  readonly hideSecrets: HideSecrets;
  openPipe(): ClientPipe;
  /** One per isolate. */
  readonly retryBudget: { current: RetryBudget };
}

/** What the caller says about a request besides its body. */
export interface Caller {
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

export interface Run extends Caller {
  readonly deps: PipelineDeps;
  readonly startedAtMs: number;
  readonly request: ChatRequest;
  readonly ignored: readonly string[];
  readonly view: RequestView;
  readonly classification: Classification;
  readonly classificationMs: number;
  readonly strategy: Strategy;
  readonly arm: Arm | null;
  /** What the key may use; the plan has nothing else in it. */
  readonly allowedModels: ReadonlySet<string> | null;
  readonly conversation: Conversation | null;
  readonly session: SessionMemory | null;
  /** The small tier's answer is judged before it is shown. */
  judges: boolean;
  route: RoutePlan;
  /** Sent upstream: the client's limit, or the default. */
  readonly maxTokens: number;
  /** The format the answer is checked against; null for plain text. */
  readonly structured: AnswerFormat | null;
  readonly cache: CacheState;

  /** Made here, unlike the request id, which a client may choose: what limits, budgets and model servers know this request by. */
  readonly runId: string;
  /** Where something is held for this request; see reserve.ts. */
  readonly doors: { readonly tenantId: string; readonly limits: TenantLimits }[];
  /** See heartbeat.ts. */
  stopHeartbeat: () => void;
  /** For `x-ratelimit-*`; null for keys without exact limits. */
  rate: RateNumbers | null;
  /** The answer as it is sent, for a request with an idempotency key. */
  recording: Recording | null;
  readonly outcomes: AttemptOutcome[];
  /** By route key: fewer tokens than were planned, because the server has said that they are too many. */
  readonly lowered: Map<string, number>;
  /** What the last call asked for as the whole answer; null before it. */
  askedTokens: number | null;
  /** Failures that the request itself may have caused; see report.ts. */
  withheld: FailureReport[];
  /** Upstream calls made, the one in flight included. */
  calls: number;
  /** Every answer that a server began, in order: each may have cost tokens. */
  readonly answers: BegunAnswer[];
  /** Calls without an answer whose servers may have worked all the same. */
  readonly unseen: UnseenCall[];
  /** Aborts the call in flight. */
  current: Pick<AbortController, 'abort'> | null;
  /** The model's place that the call in flight holds. */
  place: Place | null;
  /** While the request waits for a place. */
  queuePosition: number | null;
  servedModelId: string | null;
  spare: Spare | null;
  isEscalated: boolean;
  /** Rescues begun, whatever became of them. */
  rescues: number;
  /** Those that went on with an answer which had broken off, in order. */
  readonly handovers: Handover[];
  firstByteAtMs: number | null;
  isClientGone: boolean;
  isSettled: boolean;
}

export interface BegunAnswer {
  readonly modelId: string;
  readonly answer: Answer;
  /** The number of its call. */
  readonly call: number;
  /** It goes on where the one before it broke off; both are parts of what the client got. */
  readonly continuesPrevious: boolean;
}

/** An answer of the small tier that was not good enough: better than none, should the large one fail. */
export interface Spare {
  readonly begun: BegunAnswer;
  /** A stream is held where it was judged, and its server goes on writing until it is dropped. */
  readonly opened: Opened;
  /** Of a stream. */
  readonly place: Place | null;
}

/** A better answer has begun, or nobody waits any more. */
export function dropSpare(run: Run): void {
  const { spare } = run;
  run.spare = null;
  if (spare?.opened.kind !== 'stream') return;
  spare.opened.stream.abort();
  spare.opened.stream.source.cancel();
  spare.place?.release(run.background);
}

export interface Handover {
  readonly from: string;
  readonly to: string;
  /** How the first of the two broke off. */
  readonly code: ErrorCode;
}

/** The small tier's answer was not good enough. */
export function isDoubted(run: Run): boolean {
  return run.outcomes.some((outcome) => !outcome.isOk && outcome.cause === 'low_confidence');
}

/** See `unseen-work.ts`. */
export interface UnseenCall {
  readonly modelId: string;
  readonly ranMs: number;
  readonly isWatched: boolean;
}

/** Whether anything was billed so far, so that one more call bills a second time. */
export function hasBilled({ answers, unseen }: Pick<Run, 'answers' | 'unseen'>): boolean {
  return unseen.length > 0 || answers.some(hasSpent);
}

/** Whether a call is billed: one that broke off before its first token and said nothing of its usage is not. */
export function hasSpent({ answer }: BegunAnswer): boolean {
  return answer.state.contentEvents > 0 || answer.state.usage !== null;
}

/** The calls whose text makes up the client's answer: the last one, and those that it continues. */
export function partsOf(run: Run): readonly BegunAnswer[] {
  let first = run.answers.length - 1;
  while (first > 0 && run.answers[first]?.continuesPrevious === true) first -= 1;
  return run.answers.slice(Math.max(0, first));
}

/** The client has left: frees the model server. Safe to call more than once. */
export function clientLeft(run: Run): void {
  if (run.isSettled) return;
  run.isClientGone = true;
  run.current?.abort();
  dropSpare(run);
}

/** Another model answered because the first choice could not; an escalation is no fallback. */
export function isAnsweredByFallback(run: Run): boolean {
  return !run.isEscalated && run.servedModelId !== null && run.servedModelId !== run.route.decision.primaryModelId;
}

/** Prompt and answer together on this model: what its servers have said, else what is configured. */
export function contextTokensOf({ route, deps }: Pick<Run, 'route' | 'deps'>, modelId: string): number {
  const rooms = route.plan.candidates.filter((candidate) => candidate.modelId === modelId).map(({ contextTokens }) => contextTokens);
  return rooms.length > 0 ? Math.max(...rooms) : modelOf(deps.config, modelId).context_tokens;
}
