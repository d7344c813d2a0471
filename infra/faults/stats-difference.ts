/** What was counted between two readings of `/stats`, for tests that share a gateway with others. */
import type { Stats } from '../../shared/records.ts';

type Counts = Readonly<Record<string, number>>;

export interface Counted {
  readonly requests: number;
  readonly succeeded: number;
  readonly refused: number;
  readonly streamed: number;
  readonly attempts: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly estimatedTokens: number;
  readonly costNanoUsd: number;
  readonly fallbacks: number;
  readonly endings: Counts;
  readonly errors: Counts;
  readonly refusals: Counts;
}

export function difference(before: Stats, after: Stats): Counted {
  const [a, b] = [before.totals, after.totals];
  return {
    requests: b.requests - a.requests,
    succeeded: b.succeeded - a.succeeded,
    refused: b.refused - a.refused,
    streamed: b.streamed - a.streamed,
    attempts: b.attempts - a.attempts,
    promptTokens: b.tokens.prompt - a.tokens.prompt,
    completionTokens: b.tokens.completion - a.tokens.completion,
    estimatedTokens: b.tokens.estimated - a.tokens.estimated,
    costNanoUsd: b.cost_nano_usd - a.cost_nano_usd,
    fallbacks: after.fallbacks - before.fallbacks,
    endings: less(before.endings, after.endings),
    errors: less(before.errors, after.errors),
    refusals: less(before.refusals, after.refusals),
  };
}

/** Only what grew. */
function less(before: Counts, after: Counts): Counts {
  const grown = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count !== 0));
}
