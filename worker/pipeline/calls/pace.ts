/** How long calls may take: what their tokens need at the model's slowest, and what that makes of the whole request. */
import type { Config } from '../../../shared/config-prepare.ts';
import type { ModelConfig, UpstreamConfig } from '../../../shared/config.ts';
import { type Asked, mostTokens } from '../run/asked.ts';

/** The most time the tokens asked for can take. */
export function longestGenerationMs(asked: Asked, model: ModelConfig): number {
  return (mostTokens(asked) / model.slow_tokens_per_second) * 1000;
}

/** For waits between attempts, and for a client that takes the last of its answer slowly. */
const marginMs = 60_000;

/**
 * The longest a request can take, in milliseconds; what it holds ends by itself then. Attempts before the answer begins have a whole call's
 * time each when the answer is read whole; a stream has it while its beginning is judged, for the rest, and for each rescue.
 */
export function longestRequestMs(asked: Asked, { upstreams, chatModels, routing }: Config): number {
  const longest = (of: (limits: UpstreamConfig['timeouts_ms']) => number): number =>
    Math.max(...Object.values(upstreams).map(({ timeouts_ms: limits }) => of(limits)));
  const { retry, rescue, admission } = routing;
  const generationMs = Math.max(...Object.values(chatModels).map((model) => longestGenerationMs(asked, model)));
  const callMs = longest(({ total, idle }) => Math.max(total, generationMs + idle));
  const toBegin = admission.max_wait_ms + longest(({ first_event }) => first_event);
  const wholes = Math.max(retry.max_attempts, 2 + rescue.max_rescues);
  return callMs * wholes + toBegin * (retry.max_attempts + 2 * rescue.max_rescues) + marginMs;
}
