/** How long calls may take: what their tokens need at the model's slowest, and what that makes of the whole request. */
import type { Config } from '../../../shared/config-prepare.ts';
import type { ModelConfig } from '../../../shared/config.ts';
import { leastSpeed, noteSpeed } from '../../core/route/recent-speed.ts';
import { rememberedByObject } from '../../core/text/remembered.ts';
import { type Asked, mostTokens } from '../run/asked.ts';
import type { Parts } from '../run/run.ts';

/** The most time the tokens asked for can take. */
export function longestGenerationMs(asked: Asked, model: ModelConfig): number {
  return (mostTokens(asked) / model.slow_tokens_per_second) * 1000;
}

/** A model that was fast a moment ago may be so many times slower before a call is given up that was not asked for a stream. */
const slackOfSpeed = 10;

/** How a model is asked. */
export interface Asking {
  readonly isStream: boolean;
  /** For how long nothing may come because the answer comes whole; 0 for a stream. */
  readonly silenceMs: number;
}

/** A stream shows whether its server is alive, and JSON costs a fraction of it: who waits for the whole gets JSON where it surely comes soon. */
export function askingOf({ deps, asked, tried }: Parts<'deps' | 'asked' | 'tried'>, modelId: string, model: ModelConfig): Asking {
  const slow = model.slow_tokens_per_second;
  const { plain_json_max_ms: mostMs, plain_json_by_recent_speed: countsRecent } = deps.config.routing.streaming;
  const recent = countsRecent ? (leastSpeed(deps.speeds.get(modelId) ?? [], deps.clock.now()) ?? 0) : 0;
  const msAt = (tokensPerSecond: number): number => (mostTokens(asked) / tokensPerSecond) * 1000;
  // llama.cpp repeats the text that it continues where the answer comes whole, and not in a stream.
  const isStream = tried.isStreamed || asked.request.continuesLast || msAt(Math.max(slow, recent)) > mostMs;
  return { isStream, silenceMs: isStream ? 0 : msAt(Math.max(slow, recent / slackOfSpeed)) };
}

/** Remembers how fast the answer came that has just ended. */
export function learnSpeed({ deps, spent }: Parts<'deps' | 'spent'>, modelId: string, startedAtMs: number): void {
  const begun = spent.answers.at(-1);
  if (begun === undefined) return;
  const { usage, contentEvents } = begun.answer.state;
  const reported = usage?.completionTokens;
  const tokens = typeof reported === 'number' ? reported : contentEvents;
  const nowMs = deps.clock.now();
  deps.speeds.set(modelId, noteSpeed(deps.speeds.get(modelId) ?? [], tokens, nowMs - startedAtMs, nowMs));
}

/** After a failure nothing is known of the model's speed. */
export function forgetSpeed({ deps }: Parts<'deps'>, modelId: string): void {
  deps.speeds.delete(modelId);
}

/** For waits between attempts, and for a client that takes the last of its answer slowly. */
const marginMs = 60_000;

/**
 * The longest a request can take, in milliseconds; what it holds ends by itself then. Attempts before the answer begins have a whole call's
 * time each when the answer is read whole; a stream has it while its beginning is judged, for the rest, and for each rescue.
 */
export function longestRequestMs(asked: Asked, config: Config): number {
  const { slowest, totalMs, idleMs, firstEventMs, longTokens, slowestRead } = longestOf(config);
  const { retry, rescue, admission } = config.routing;
  const generationMs = (mostTokens(asked) / slowest) * 1000;
  const callMs = Math.max(totalMs, generationMs + idleMs);
  const { estimatedPromptTokens: promptTokens } = asked.view;
  const readMs = promptTokens < longTokens ? 0 : admission.max_prefill_wait_ms + (1000 * promptTokens) / slowestRead;
  const toBeginMs = admission.max_wait_ms + firstEventMs + readMs;
  const wholes = Math.max(retry.max_attempts, 2 + rescue.max_rescues);
  return callMs * wholes * (asked.pooled?.rounds ?? 1) + toBeginMs * (retry.max_attempts + 2 * rescue.max_rescues) + marginMs;
}

/** Of any server and model. */
const longestOf = rememberedByObject(({ upstreams, chatModels }: Config) => {
  const prefills = Object.values(chatModels).map(({ prefill }) => prefill);
  const limits = Object.values(upstreams).map(({ timeouts_ms }) => timeouts_ms);
  return {
    slowest: Math.min(...Object.values(chatModels).map(({ slow_tokens_per_second }) => slow_tokens_per_second)),
    totalMs: Math.max(...limits.map(({ total }) => total)),
    idleMs: Math.max(...limits.map(({ idle }) => idle)),
    firstEventMs: Math.max(...limits.map(({ first_event }) => first_event)),
    longTokens: Math.min(...prefills.map(({ long_prompt_tokens }) => long_prompt_tokens)),
    slowestRead: Math.min(...prefills.map(({ tokens_per_second }) => tokens_per_second)),
  };
});
