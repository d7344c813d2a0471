/** What is being tried: the plan as far as it is left, the calls made by it, and what the one in flight holds. */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { FailureReport } from '../../core/health/health-event.ts';
import type { Place, Turn } from '../../core/ports.ts';
import type { AttemptOutcome } from '../../core/route/attempt.ts';
import type { RoutePlan } from '../../core/route/plan.ts';
import type { Opened } from './opened.ts';
import type { BegunAnswer } from './spent.ts';
import type { CallTimes } from './timeline.ts';

export interface Tried {
  route: RoutePlan;
  /** The answer is shown as it comes; otherwise it is read to its end first. */
  readonly isStreamed: boolean;
  /** The small tier's answer is judged before it is shown. */
  judges: boolean;
  readonly outcomes: AttemptOutcome[];
  /** Every upstream call, in order: the call of number n stands at n - 1. */
  readonly timeline: CallTimes[];
  /** Upstream calls made, the one in flight included. */
  calls: number;
  /** What the last call asked for as the whole answer; null before it. */
  askedTokens: number | null;
  /** What the last call could not be told. */
  warning: string | null;
  /** By route key: fewer tokens than were planned, because the server has said that they are too many. */
  readonly lowered: Map<string, number>;
  /** Aborts the call in flight, or the wait for a place. */
  current: Pick<AbortController, 'abort'> | null;
  /** The model's place that the call in flight holds. */
  place: Place | null;
  /** Of a long prompt, until it is read; see `calls/places.ts`. */
  turn: Turn | null;
  spare: Spare | null;
  /** All that were begun, in order. */
  readonly rescues: Rescue[];
  /** The model whose pods it waits for before its first call; null where it waits for none. */
  awaited: Awaited | null;
  /** The stopped pod in whose place other models answer. */
  spilledFrom: string | null;
  /** Failures that the request itself may have caused; see `calls/report.ts`. */
  withheld: FailureReport[];
}

export interface Awaited {
  readonly modelId: string;
  readonly podIds: readonly string[];
  readonly maxWaitMs: number;
}

/** An answer that was not good enough: better than none, if no better one comes. */
export interface Spare {
  readonly begun: BegunAnswer;
  /** A stream is held where it was judged, and its server keeps writing until it is dropped. */
  readonly opened: Opened;
  /** Of a stream. */
  readonly place: Place | null;
}

export interface Rescue {
  readonly from: string;
  /** How the answer broke off. */
  readonly code: ErrorCode;
  /** The model that continued it; null until one does. */
  to: string | null;
}

export function nothingTried(route: RoutePlan, isStreamed: boolean, judges: boolean): Tried {
  return {
    route,
    isStreamed,
    judges,
    outcomes: [],
    timeline: [],
    calls: 0,
    askedTokens: null,
    warning: null,
    lowered: new Map(),
    current: null,
    place: null,
    turn: null,
    spare: null,
    rescues: [],
    awaited: null,
    spilledFrom: null,
    withheld: [],
  };
}

/** The small tier's answer was not good enough. */
export function isDoubted({ outcomes }: Tried): boolean {
  return outcomes.some((outcome) => !outcome.isOk && outcome.cause === 'low_confidence');
}

/** The large tier answers because the small one's answer was not good enough. */
export function isEscalated({ outcomes }: Tried): boolean {
  const doubted = outcomes.findIndex((outcome) => !outcome.isOk && outcome.cause === 'low_confidence');
  return doubted >= 0 && outcomes.findLastIndex(({ isOk }) => isOk) > doubted;
}
