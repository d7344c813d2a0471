/**
 * The life of a chat request, from a valid body to the answer: view → classify → plan → attempts → answer → account. Reads like the
 * stages of docs/request.md.
 */
import type { Strategy } from '../../shared/config.ts';
import { type Failure, GatewayError } from '../../shared/errors.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { RoutingMetadata } from '../../shared/routing-metadata.ts';
import type { RequestView } from '../core/classify/view.ts';
import type { Candidate } from '../core/route/attempt.ts';
import { answerTokens } from '../core/route/token-room.ts';
import { compileFormat } from '../core/structured/compile-format.ts';
import type { ValidChat } from '../core/validate/chat-request.ts';
import type { StoredAnswer } from '../core/auth/idempotency.ts';
import type { RateNumbers } from '../core/limits/rate.ts';
import { abandonIdempotent, beginIdempotent, recordingPipe } from './answer/idempotent.ts';
import { startHeartbeat } from './calls/heartbeat.ts';
import { reserve } from './calls/reserve.ts';
import { settle } from './answer/finish.ts';
import { type ChainResult, runChain } from './calls/chain.ts';
import { decide } from './decide.ts';
import { mayEscalate } from './answer/judge.ts';
import { orLate, sendLate, wholeBody } from './answer/late-whole.ts';
import { metadataOf } from './run/metadata.ts';
import { relay } from './answer/relay.ts';
import { type Caller, clientLeft, type PipelineDeps, type Run } from './run/run.ts';

/** What a route handler turns into a Response. A failure carries the metadata that was known by then. */
export type ChatResult =
  | { readonly kind: 'json'; readonly body: string; readonly metadata: RoutingMetadata; readonly rate: RateNumbers | null }
  | {
      /** `late_json`: white space, then JSON. */
      readonly kind: 'stream' | 'late_json';
      readonly body: ReadableStream<Uint8Array>;
      readonly metadata: RoutingMetadata;
      readonly rate: RateNumbers | null;
    }
  /** The answer that an earlier request with the same idempotency key got. */
  | { readonly kind: 'replayed'; readonly answer: StoredAnswer }
  | {
      readonly kind: 'failed';
      readonly error: GatewayError;
      readonly metadata: RoutingMetadata | null;
      readonly isAdmitted: boolean;
      readonly rate: RateNumbers | null;
    };

/** @param wantedStrategy from the `x-routing-strategy` header, or null */
export function chat(deps: PipelineDeps, caller: Caller, valid: ValidChat, wantedStrategy: Strategy | null): Promise<ChatResult> {
  const life = live(deps, caller, valid, wantedStrategy);
  // A client's reset ends the request's context and all that nobody waits for (measured): no booking, no place given back.
  caller.background(life.catch(() => undefined));
  return life;
}

async function live(deps: PipelineDeps, caller: Caller, valid: ValidChat, wantedStrategy: Strategy | null): Promise<ChatResult> {
  const prepared = await prepare(deps, caller, valid, wantedStrategy);
  if (!prepared.ok) return refused(prepared.failure, null);
  const run = prepared.value;
  const unplanned = run.route.failure;
  if (unplanned !== null) {
    // No model can take it, so it is no request of the ledger's but one that was turned away.
    return refused(unplanned, run);
  }
  const kept = await beginIdempotent(run);
  if (!kept.ok) return refused(kept.failure, run);
  if (kept.value !== null) return { kind: 'replayed', answer: kept.value };
  const refusal = await reserve(run);
  if (refusal !== null) {
    abandonIdempotent(run);
    return refused(refusal, run);
  }
  startHeartbeat(run);
  // Heard from here on, not only from the headers on: a client's reset fires it at once (measured in workerd), its half-close does not.
  run.signal.addEventListener('abort', () => clientLeft(run));
  if (run.signal.aborted) clientLeft(run);
  try {
    return await (run.request.stream === true ? streamed(run) : whole(run));
  } catch (error) {
    settle(run, { kind: 'failed', failure: { code: 'internal_error' } });
    throw error;
  }
}

/** Turned away before anything ran: counted as refused, not as a request. */
function refused(failure: Failure, run: Run | null): ChatResult {
  return {
    kind: 'failed',
    error: new GatewayError(failure),
    metadata: run === null ? null : metadataOf(run),
    isAdmitted: false,
    rate: run?.rate ?? null,
  };
}

async function prepare(
  deps: PipelineDeps,
  caller: Caller,
  { request, ignored }: ValidChat,
  wantedStrategy: Strategy | null,
): Promise<Result<Run, Failure>> {
  const format = compileFormat(request, deps.config.limits);
  if (!format.ok) return format;
  const startedAtMs = deps.clock.now();
  const decided = await decide(deps, caller, request, wantedStrategy);
  if (!decided.ok) return decided;
  const { view, route } = decided.value;
  const base = {
    ...caller,
    ...decided.value,
    deps,
    startedAtMs,
    request,
    ignored,
    maxTokens: maxTokensOf(deps, view, route.plan.candidates),
    structured: format.value,
    cache: 'bypass',
    runId: deps.newId(),
    doors: [],
    stopHeartbeat: () => undefined,
    rate: null,
    recording: null,
    outcomes: [],
    lowered: new Map<string, number>(),
    askedTokens: null,
    withheld: [],
    calls: 0,
    answers: [],
    unseen: [],
    current: null,
    place: null,
    queuePosition: null,
    servedModelId: null,
    spare: null,
    isEscalated: false,
    rescues: 0,
    handovers: [],
    firstByteAtMs: null,
    isClientGone: false,
    isSettled: false,
  } satisfies Omit<Run, 'judges'>;
  return ok({ ...base, judges: mayEscalate(base) });
}

/** The most that any planned model may be asked for: what is reserved, and what an attempt stays within. */
function maxTokensOf({ config }: PipelineDeps, view: RequestView, candidates: readonly Candidate[]): number {
  return Math.max(1, ...candidates.map(({ contextTokens }) => answerTokens(view, config.limits, contextTokens)));
}

/** A client that waits for the whole answer: the status is the truth as long as anything is open. */
async function whole(run: Run): Promise<ChatResult> {
  const chain = runChain(run);
  const result = await orLate(run, chain);
  if (result === null) {
    const pipe = run.deps.openPipe();
    run.background(sendLate(run, pipe, chain));
    return { kind: 'late_json', body: pipe.readable, metadata: metadataOf(run), rate: run.rate };
  }
  if (result.kind === 'failed') return failed(run, result.failure);
  if (result.kind === 'stream') throw new Error('a whole answer was asked for');
  const answer = wholeBody(run, result.answer);
  settle(run, { kind: 'ok' });
  return { kind: 'json', ...answer, rate: run.rate };
}

/** A client that reads as it comes. Headers wait for the first event, so that an error before it has its true status; not for ever. */
async function streamed(run: Run): Promise<ChatResult> {
  const chain = runChain(run);
  const first = await firstOf(run, chain);
  if (first !== null && first.kind === 'failed') return failed(run, first.failure);
  const pipe = recordingPipe(run, run.deps.openPipe());
  run.background(relay(run, pipe, first === null ? chain : Promise.resolve(first)));
  return { kind: 'stream', body: pipe.readable, metadata: metadataOf(run), rate: run.rate };
}

function firstOf(run: Run, chain: Promise<ChainResult>): Promise<ChainResult | null> {
  return new Promise((resolve, reject) => {
    const cancel = run.deps.timers.once(run.deps.config.routing.streaming.hold_status_ms, () => resolve(null));
    chain.then(resolve, reject).finally(cancel);
  });
}

function failed(run: Run, failure: Failure): ChatResult {
  settle(run, run.isClientGone ? { kind: 'client_gone' } : { kind: 'failed', failure });
  return { kind: 'failed', error: new GatewayError(failure), metadata: metadataOf(run), isAdmitted: true, rate: run.rate };
}
