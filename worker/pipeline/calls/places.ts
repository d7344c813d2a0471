/** A place on a model for the length of a call; before it, where the prompt is long, a turn to be read. */
import { type Config, modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import type { ModelConfig } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { isCalm } from '../../core/admission/local-gate.ts';
import type { HealthSnapshot } from '../../core/health/snapshot.ts';
import type { Waiter } from '../../core/ports.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import type { Asked } from '../run/asked.ts';
import type { Parts } from '../run/run.ts';

type Placing = Parts<'deps' | 'asked' | 'tried' | 'client'>;

/** Waits until the model has a place for this call. A client that leaves meanwhile gives its seat up. */
export async function takePlace(run: Placing, candidate: Candidate, snapshot: HealthSnapshot): Promise<Result<null, Failure>> {
  const { deps, asked, tried, client } = run;
  const { config, admission } = deps;
  const { modelId } = candidate;
  const { key, background, trace } = asked.caller;
  const model = modelOf(config, modelId);
  trace?.enter('place');
  const { plans } = config.routing.admission;
  const { weight, priority } = plans[key.plan] ?? plans['default'] ?? { weight: 1, priority: 1 };
  const waiter = waiterOf(run);
  const longTokens = longPromptTokens(asked, model);
  if (longTokens > 0) {
    const holdMs = config.routing.admission.max_wait_ms + firstEventMs(config, candidate, longTokens) + marginMs;
    const request = { modelId, keyId: key.id, weight, priority, promptTokens: longTokens, holdMs };
    const turn = await admission.enterLane(request, waiter, background);
    if (turn.ok) tried.turn = turn.value;
    else return client.isGone ? fail({ code: 'client_closed_request' }) : turn;
  }
  const isCalmNow = isCalm(snapshot, modelId, model.max_in_flight);
  const entered = admission.enter({ modelId, keyId: key.id, weight, priority, isCalm: isCalmNow }, waiter, background);
  const place = entered instanceof Promise ? await entered : entered;
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
