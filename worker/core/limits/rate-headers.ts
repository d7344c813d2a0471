/** The `x-ratelimit-*` headers, named and written as OpenAI does. */
import type { RateNumbers } from './rate.ts';

/** Header names and values; nothing for what has no limit. */
export function rateLimitHeaders(numbers: RateNumbers): readonly (readonly [name: string, value: string])[] {
  return [
    ...headersOf('requests', numbers.limitRequests, numbers.remainingRequests, numbers.resetMs),
    ...headersOf('tokens', numbers.limitTokens, numbers.remainingTokens, numbers.resetMs),
  ];
}

/** A duration as OpenAI writes it, rounded up to seconds: `1m0s`, `59s`, `0s`. */
export function formatReset(durationMs: number): string {
  const seconds = Math.max(0, Math.ceil(durationMs / 1000));
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

function headersOf(what: 'requests' | 'tokens', limit: number | null, remaining: number | null, resetMs: number) {
  if (limit === null || remaining === null) return [];
  return [
    [`x-ratelimit-limit-${what}`, `${limit}`],
    [`x-ratelimit-remaining-${what}`, `${remaining}`],
    [`x-ratelimit-reset-${what}`, formatReset(resetMs)],
  ] as const;
}
