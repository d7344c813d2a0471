/** A place on a model for the length of a call; before it, where the prompt is long, a turn to be read. */
import { type Config, modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import type { ModelConfig } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { isCalm } from '../../core/admission/local-gate.ts';
import type { HealthSnapshot } from '../../core/health/snapshot.ts';
import type { Place, PlaceRequest, Waiter } from '../../core/ports.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import type { Asked } from '../run/asked.ts';
import type { Parts } from '../run/run.ts';

type Placing = Parts<'deps' | 'asked' | 'tried' | 'client'>;

/** Waits until the model has a place for this call. A client that leaves meanwhile gives its seat up. */
export function takePlace(
  run: Placing,
  candidate: Candidate,
  snapshot: HealthSnapshot,
): Result<null, Failure> | Promise<Result<null, Failure>> {
  const { deps, asked } = run;
  const { config } = deps;
  const { key, trace } = asked.caller;
  const { modelId } = candidate;
  const model = modelOf(config, modelId);
  trace?.enter('place');
  const { plans } = config.routing.admission;
  const { weight, priority } = plans[key.plan] ?? plans['default'] ?? { weight: 1, priority: 1 };
  const isCalmNow = isCalm(snapshot, modelId, model.max_in_flight);
  const request = { modelId, keyId: key.id, weight, priority, isCalm: isCalmNow };
  const longTokens = longPromptTokens(asked, model);
  return longTokens === 0 ? enter(run, request) : enterInTurn(run, candidate, request, longTokens);
}

async function enterInTurn(
  run: Placing,
  candidate: Candidate,
  request: PlaceRequest,
  longTokens: number,
): Promise<Result<null, Failure>> {
  const { deps, asked, tried, client } = run;
  const { config, admission } = deps;
  const { modelId, keyId, weight, priority } = request;
  const holdMs = config.routing.admission.max_wait_ms + firstEventMs(config, candidate, longTokens) + marginMs;
  const lane = { modelId, keyId, weight, priority, promptTokens: longTokens, holdMs };
  const turn = await admission.enterLane(lane, waiterOf(run), asked.caller.background);
  if (!turn.ok) return client.isGone ? fail({ code: 'client_closed_request' }) : turn;
  tried.turn = turn.value;
  return enter(run, request);
}

/** Where the isolate has a place of its own nothing is waited for. */
function enter(run: Placing, request: PlaceRequest): Result<null, Failure> | Promise<Result<null, Failure>> {
  const entered = run.deps.admission.enter(request, waiterOf(run), run.asked.caller.background);
  return entered instanceof Promise ? entered.then((place) => placed(run, place)) : placed(run, entered);
}

function placed(run: Placing, place: Result<Place, Failure>): Result<null, Failure> {
  const { tried, client } = run;
  client.queuePosition = null;
  if (place.ok) tried.place = place.value;
  if (place.ok && !client.isGone) return ok(null);
  releasePlace(run);
  return client.isGone || place.ok ? fail({ code: 'client_closed_request' }) : place;
}

/** Beyond its first token's limit: clocks and calls. */
const marginMs = 5000;

function waiterOf({ deps, tried, client }: Placing): Waiter {
  return {
    wait() {
      const waiting = new AbortController();
      tried.current = waiting;
      return { ticketId: deps.newId(), signal: waiting.signal };
    },
    onQueued(position) {
      client.queuePosition = position;
    },
  };
}

/** The tokens of a prompt that queues with its own kind; 0 for every other one. */
export function longPromptTokens({ view, pooled }: Asked, { prefill }: ModelConfig): number {
  return pooled === null && view.estimatedPromptTokens >= prefill.long_prompt_tokens ? view.estimatedPromptTokens : 0;
}

/** The longest a call may take to its first token: a long prompt takes as long as a loaded server reads it beyond the server's own limit. */
export function firstEventMs(config: Config, { upstreamId, modelId }: Candidate, longTokens: number): number {
  const { first_event: ownMs } = upstreamOf(config, upstreamId).timeouts_ms;
  return longTokens === 0 ? ownMs : ownMs + (1000 * longTokens) / modelOf(config, modelId).prefill.tokens_per_second;
}

/** The first token is there: the server has read the prompt. */
export function promptRead({ asked, tried }: Parts<'asked' | 'tried'>, isRead: boolean): void {
  tried.turn?.end(isRead, asked.caller.background);
  tried.turn = null;
}

export function releasePlace(run: Parts<'asked' | 'tried'>): void {
  if (run.tried.turn !== null) promptRead(run, false);
  run.tried.place?.release(run.asked.caller.background);
  run.tried.place = null;
}
