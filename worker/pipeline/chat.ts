/**
 * The life of a chat request, from a valid body to the answer: it is understood, its room is reserved, models are tried in turn, the answer is
 * sent, and it is settled. Reads like the stages of docs/request.md.
 */
import type { Strategy } from '../../shared/config.ts';
import { type Failure, GatewayError } from '../../shared/errors.ts';
import type { RoutingMetadata } from '../../shared/routing-metadata.ts';
import type { StoredAnswer } from '../core/kept/idempotency.ts';
import type { RateNumbers } from '../core/limits/rate.ts';
import type { ReadRequest } from '../core/surfaces/surface.ts';
import { finish } from './answer/finish.ts';
import { type FirstAnswer, firstAnswer } from './answer/first-answer.ts';
import { abandonIdempotent, beginIdempotent, recordingPipe } from './answer/idempotent.ts';
import { orLate, sendLate, wholeBody } from './answer/late-whole.ts';
import { relay } from './answer/relay.ts';
import { startHeartbeat } from './calls/heartbeat.ts';
import { reserve } from './calls/reserve.ts';
import type { Caller } from './run/asked.ts';
import type { PipelineDeps } from './run/deps.ts';
import { metadataOf } from './run/metadata.ts';
import { clientLeft, type Run } from './run/run.ts';
import { understand } from './understand.ts';

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
export function chat(
  deps: PipelineDeps,
  caller: Caller,
  valid: ReadRequest,
  wantedStrategy: Strategy | null,
): Promise<ChatResult> {
  const life = live(deps, caller, valid, wantedStrategy);
  // A client's reset ends the request's context and all work that is not waited for (measured): nothing would be booked or given back.
  caller.background(life.catch(() => undefined));
  return life;
}

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
  // No model can take it, so it is no request of the ledger's but one that was turned away.
  if (unplanned !== null) return refused(unplanned, run);
  const kept = await beginIdempotent(run);
  if (!kept.ok) return refused(kept.failure, run);
  if (kept.value !== null) return { kind: 'replayed', answer: kept.value };
  const refusal = await reserve(run);
  if (refusal !== null) {
    abandonIdempotent(run);
    return refused(refusal, run);
  }
  startHeartbeat(run);
  hearClient(run);
  try {
    return await (run.tried.isStreamed ? streamed(run) : whole(run));
  } catch (error) {
    finish(run, { kind: 'failed', failure: { code: 'internal_error' } });
    throw error;
  }
}

/** From here on, and not only from the headers on: a client's reset fires the signal at once (measured in workerd), its half-close does not. */
function hearClient(run: Run): void {
  const { signal } = run.asked.caller;
  signal.addEventListener('abort', () => clientLeft(run));
  if (signal.aborted) clientLeft(run);
}

/** Turned away before anything ran: counted as refused, not as a request. */
function refused(failure: Failure, run: Run | null): ChatResult {
  return {
    kind: 'failed',
    error: new GatewayError(failure),
    metadata: run === null ? null : metadataOf(run),
    isAdmitted: false,
    rate: run?.client.rate ?? null,
  };
}

/** A client that reads as it comes. Headers wait for the first event, so that an error before it has its true status; not for ever. */
async function streamed(run: Run): Promise<ChatResult> {
  const first = firstAnswer(run);
  const result = await inTime(run, first);
  if (result !== null && result.kind === 'failed') return failed(run, result.failure);
  const pipe = recordingPipe(run.client, run.deps.openPipe());
  run.asked.caller.background(relay(run, pipe, result === null ? first : Promise.resolve(result)));
  return { kind: 'stream', body: pipe.readable, metadata: metadataOf(run), rate: run.client.rate };
}

/** Null when it takes longer than headers may wait. */
function inTime({ deps }: Run, first: Promise<FirstAnswer>): Promise<FirstAnswer | null> {
  return new Promise((resolve, reject) => {
    const cancel = deps.timers.once(deps.config.routing.streaming.hold_status_ms, () => resolve(null));
    first.then(resolve, reject).finally(cancel);
  });
}

/** A client that waits for the whole answer: the status is the truth as long as anything is open. */
async function whole(run: Run): Promise<ChatResult> {
  const first = firstAnswer(run);
  const result = await orLate(run, first);
  const { rate } = run.client;
  if (result === null) {
    const pipe = run.deps.openPipe();
    run.asked.caller.background(sendLate(run, pipe, first));
    return { kind: 'late_json', body: pipe.readable, metadata: metadataOf(run), rate };
  }
  if (result.kind === 'failed') return failed(run, result.failure);
  if (result.kind === 'stream') throw new Error('a whole answer was asked for');
  const answer = wholeBody(run, result.answer);
  finish(run, { kind: 'ok' });
  return { kind: 'json', ...answer, rate };
}

function failed(run: Run, failure: Failure): ChatResult {
  const { client } = run;
  finish(run, client.isGone ? { kind: 'client_gone' } : { kind: 'failed', failure });
  return { kind: 'failed', error: new GatewayError(failure), metadata: metadataOf(run), isAdmitted: true, rate: client.rate };
}
