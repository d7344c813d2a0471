/**
 * The life of a chat request, from a valid body to the answer: it is understood, its room is reserved, models are tried in turn, the answer is
 * sent, and it is settled. Reads like the stages of docs/request.md.
 */
import type { Strategy } from '../../shared/config.ts';
import { type Failure, GatewayError } from '../../shared/errors.ts';
import type { RoutingMetadata } from '../../shared/routing-metadata.ts';
import type { ClientPipe } from '../core/ports.ts';
import type { RateNumbers } from '../core/limits/rate.ts';
import type { ReadRequest } from '../core/surfaces/surface.ts';
import { finish } from './answer/finish.ts';
import type { Given } from './answer/give.ts';
import { type FirstAnswer, firstAnswer } from './answer/first-answer.ts';
import { lookUp } from './answer/cached.ts';
import { orLate, sendLate, wholeBody } from './answer/late-whole.ts';
import { relay } from './answer/relay.ts';
import { startHeartbeat } from './calls/heartbeat.ts';
import { reserve } from './calls/reserve.ts';
import { meetPods } from './calls/wake.ts';
import { abandonKept, beginKept, isToBeKept } from './kept/begin.ts';
import type { SentAnswer } from './kept/follow.ts';
import { failureOf } from './kept/kept-run.ts';
import type { Caller } from './run/asked.ts';
import type { PipelineDeps } from './run/deps.ts';
import { metadataOf } from './run/metadata.ts';
import { clientLeft, type Run } from './run/run.ts';
import { understand } from './understand.ts';

/** What a route handler turns into a Response. A failure carries the metadata that was known by then. */
export type ChatResult =
  /** `events`: a stream that is there in full. */
  | {
      readonly kind: 'json' | 'events';
      readonly body: string;
      readonly metadata: RoutingMetadata;
      readonly rate: RateNumbers | null;
      readonly streamId: string | null;
    }
  | {
      /** `late_json`: white space, then JSON. */
      readonly kind: 'stream' | 'late_json';
      readonly body: ReadableStream<Uint8Array>;
      readonly metadata: RoutingMetadata;
      readonly rate: RateNumbers | null;
      /** By which it can be resumed; null where it cannot. */
      readonly streamId: string | null;
    }
  /** The answer that an earlier request with the same idempotency key got, or gets at this moment. */
  | { readonly kind: 'replayed'; readonly answer: SentAnswer }
  | {
      readonly kind: 'failed';
      readonly error: GatewayError;
      readonly metadata: RoutingMetadata | null;
      readonly isAdmitted: boolean;
      readonly rate: RateNumbers | null;
    };

/** @param wantedStrategy from the `x-routing-strategy` header, or null */
export function chat(
  deps: PipelineDeps,
  caller: Caller,
  valid: ReadRequest,
  wantedStrategy: Strategy | null,
): Promise<ChatResult> {
  const life = live(deps, caller, valid, wantedStrategy);
  // A client's reset ends the request's context and all work that is not waited for (measured): nothing would be booked or given back.
  caller.background(life.then(nothing, nothing));
  return life;
}

/** What the platform waits for holds its result until a full collection: it must not be the answer. */
function nothing(): void {}

async function live(
  deps: PipelineDeps,
  caller: Caller,
  valid: ReadRequest,
  wantedStrategy: Strategy | null,
): Promise<ChatResult> {
  const understood = await understand(deps, caller, valid, wantedStrategy);
  if (!understood.ok) return refused(understood.failure, null);
  const run = understood.value;
  const unplanned = run.tried.route.failure;
  // No model can take it, so it is counted as refused, not as a request.
  if (unplanned !== null) return refused(unplanned, run);
  caller.trace?.enter('idempotency');
  if (isToBeKept(run)) {
    const begun = await beginKept(run);
    if (!begun.ok) return refused(begun.failure, run);
    if (begun.value !== null) return { kind: 'replayed', answer: begun.value };
  }
  caller.trace?.enter('cache');
  const looked = lookUp(run);
  const found = looked instanceof Promise ? await looked : looked;
  if (!found.ok) {
    abandonKept(run, found.failure);
    return refused(found.failure, run);
  }
  if (found.value !== null) return given(run, found.value);
  caller.trace?.enter('reserve');
  const met = meetPods(run);
  const unmet = met === null ? null : await met;
  const reserved = unmet === null ? reserve(run) : null;
  const refusal = reserved === null ? unmet : await reserved;
  if (refusal !== null) {
    abandonKept(run, refusal);
    return refused(refusal, run);
  }
  startHeartbeat(run);
  run.client.stopHearing = hearClient(run);
  try {
    return await (run.tried.isStreamed ? streamed(run) : whole(run));
  } catch (error) {
    finish(run, { kind: 'failed', failure: { code: 'internal_error' } });
    throw error;
  }
}

/**
 * Listens from here on, before the headers: a client's reset fires the signal at once (measured in workerd), its half-close does not.
 * Stops when the run is settled: a signal keeps its listeners, and with them the run, from being collected (measured).
 */
function hearClient(run: Run): () => void {
  const { signal } = run.asked.caller;
  const onAbort = (): void => (run.client.kept === null ? clientLeft(run) : run.client.kept.drop());
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  return () => signal.removeEventListener('abort', onAbort);
}

/** From somebody else's call. */
function given(run: Run, answer: Given): ChatResult {
  const { rate, kept } = run.client;
  if (answer.kind === 'failed') return failed(run, answer.failure);
  const streamId = kept?.streamId ?? null;
  return answer.kind === 'stream' ? { ...answer, metadata: metadataOf(run), rate, streamId } : { ...answer, rate, streamId };
}

/** Denied before anything ran: counted as refused, not as a request. */
function refused(failure: Failure, run: Run | null): ChatResult {
  return {
    kind: 'failed',
    error: new GatewayError(failure),
    metadata: run === null ? null : metadataOf(run),
    isAdmitted: false,
    rate: run?.client.rate ?? null,
  };
}

/** A streaming client. Headers wait for the first event, so that an earlier error has its true status, up to `hold_status_ms`. */
async function streamed(run: Run): Promise<ChatResult> {
  const first = firstAnswer(run);
  const result = await inTime(run, first);
  if (result !== null && result.kind === 'failed') return failed(run, result.failure);
  const pipe = clientPipe(run);
  run.asked.caller.background(relay(run, pipe, result ?? first));
  const { kept, rate } = run.client;
  return { kind: 'stream', body: pipe.readable, metadata: metadataOf(run), rate, streamId: kept?.streamId ?? null };
}

function clientPipe({ deps, client }: Run): ClientPipe {
  const pipe = deps.openPipe();
  return client.kept === null ? pipe : client.kept.pipe(pipe);
}

/** Null when it takes longer than `hold_status_ms`. */
function inTime({ deps }: Run, first: Promise<FirstAnswer>): Promise<FirstAnswer | null> {
  return new Promise((resolve, reject) => {
    const cancel = deps.timers.once(deps.config.routing.streaming.hold_status_ms, () => resolve(null));
    first.then(
      (result) => {
        cancel();
        resolve(result);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}

/** A client of a whole answer: its status is decided with the answer. */
async function whole(run: Run): Promise<ChatResult> {
  const first = firstAnswer(run);
  const result = await orLate(run, first);
  const { rate } = run.client;
  if (result === null) {
    const pipe = clientPipe(run);
    run.asked.caller.background(sendLate(run, pipe, first));
    return { kind: 'late_json', body: pipe.readable, metadata: metadataOf(run), rate, streamId: null };
  }
  if (result.kind === 'failed') return failed(run, result.failure);
  if (result.kind === 'stream') throw new Error('a whole answer was asked for');
  run.asked.caller.trace?.enter('answer');
  const answer = wholeBody(run, result.answer);
  finish(run, { kind: 'ok' });
  return { kind: 'json', ...answer, rate, streamId: null };
}

function failed(run: Run, failure: Failure): ChatResult {
  const { isGone, rate, kept } = run.client;
  finish(run, isGone ? { kind: 'client_gone' } : { kind: 'failed', failure });
  const error = new GatewayError(isGone ? (failureOf(kept?.stopped ?? null) ?? { code: 'client_closed_request' }) : failure);
  return { kind: 'failed', error, metadata: metadataOf(run), isAdmitted: true, rate };
}
