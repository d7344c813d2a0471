/** What the client has of its answer, and what it is told beside it. */
import type { CacheLevel, CacheState } from '../../../shared/records.ts';
import type { Usage } from '../../../shared/usage.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { WholeAnswer } from '../../core/answer/whole-answer.ts';
import type { KeptEnding } from '../../core/kept/kept-answer.ts';
import type { RunEnding } from '../../core/ledger/ending.ts';
import type { ClientPipe } from '../../core/ports.ts';
import type { RateNumbers } from '../../core/limits/rate.ts';
import type { StreamWriter } from '../../core/surfaces/surface.ts';
import { streamRequestOf } from '../../core/request/inner-request.ts';
import type { Asked } from './asked.ts';

export interface Client {
  /** Unlike any other's. */
  readonly answerName: string;
  /** Of its stream, from the first event to the end. */
  writer: StreamWriter;
  /** The model whose answer it gets; null before one answers. */
  servedModelId: string | null;
  firstByteAtMs: number | null;
  /** While the request waits for a place. */
  queuePosition: number | null;
  /** For `x-ratelimit-*`; null for keys without exact limits. */
  rate: RateNumbers | null;
  /** Null where the answer is not kept, which is the rule. */
  kept: Keeping | null;
  cache: CacheTicket;
  isGone: boolean;
  /** Ends listening for the client's leaving. */
  stopHearing: () => void;
  /** The run is closed: see `calls/settle.ts`. */
  isSettled: boolean;
}

/** What the cache does for the request. */
export interface CacheTicket {
  readonly state: CacheState;
  /** Of the answer that was given again; null for every other. */
  readonly ageMs: number | null;
  readonly level: CacheLevel | null;
  /** What is asked, as a text; null where the cache has nothing to do with it. */
  readonly key: string | null;
  /** Its answer is kept if it turns out to be good enough. */
  readonly keeps: boolean;
}

const bypass: CacheTicket = { state: 'bypass', ageMs: null, level: null, key: null, keeps: false };

/** The answer is kept as its client gets it, and others may read it: see `pipeline/kept`. */
export interface Keeping {
  /** By which its stream can be resumed; null where it cannot. */
  readonly streamId: string | null;
  /** Why the run was stopped, if not because nobody reads it. */
  readonly stopped: RunEnding | null;
  /** The client's stream, which may end before the run does. */
  pipe(pipe: ClientPipe): ClientPipe;
  /** The client has left, and others may go on. */
  drop(): void;
  /** The answer of a client that reads it whole. */
  whole(answer: WholeAnswer, usage: Usage, routing: RoutingMetadata): void;
  /** The last word, once. */
  end(ending: KeptEnding): void;
}

/** @param answerName what the answer is known by, should it be kept */
export function nothingSent({ caller, request, view }: Pick<Asked, 'caller' | 'request' | 'view'>, answerName: string): Client {
  return {
    answerName,
    writer: caller.surface.openStream(streamRequestOf(request, view.estimatedPromptTokens), answerName, caller.requestId),
    servedModelId: null,
    firstByteAtMs: null,
    queuePosition: null,
    rate: null,
    kept: null,
    cache: bypass,
    isGone: false,
    stopHearing: () => undefined,
    isSettled: false,
  };
}
