/** How long a call may take: what its tokens need at the model's slowest, and what counts as going on. */
import { modelOf, upstreamOf } from '../../../shared/config-prepare.ts';
import type { ModelConfig } from '../../../shared/config.ts';
import type { AnswerState } from '../../core/relay/answer.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import type { Run } from '../run/run.ts';
import type { WatchLimits } from '../answer/watch.ts';

/** The most time the tokens asked for can take. */
export function longestGenerationMs({ request, maxTokens }: Run, model: ModelConfig): number {
  return ((maxTokens * (request.n ?? 1)) / model.slow_tokens_per_second) * 1000;
}

/** The limits of a call whose answer has begun. */
export function watchLimits(run: Run, candidate: Candidate, state: AnswerState): WatchLimits {
  const { config } = run.deps;
  const { idle, total } = upstreamOf(config, candidate.upstreamId).timeouts_ms;
  return {
    idleMs: idle,
    totalMs: total,
    tokensPerSecond: modelOf(config, candidate.modelId).slow_tokens_per_second,
    maxTokens: run.maxTokens * (run.request.n ?? 1),
    progress: state,
  };
}
