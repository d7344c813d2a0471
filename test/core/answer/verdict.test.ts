/** The whole truth table of endings: no combination may call a broken answer a success. */
import { describe, expect, it } from 'vitest';
import { type EndingFacts, judgeEnding } from '../../../worker/core/answer/verdict.ts';
import type { UpstreamFailure } from '../../../worker/core/upstreams/transport-failure.ts';

const problem: UpstreamFailure = { failure: { code: 'upstream_error' }, cause: 'server_error' };

const table: EndingFacts[] = [true, false].flatMap((isClientGone) =>
  [problem, null].flatMap((found) =>
    [true, false].flatMap((isComplete) =>
      (['first_event', 'idle', 'total', null] as const).flatMap((limit) =>
        (['eof', 'reset', null] as const).map((end) => ({ isClientGone, problem: found, isComplete, limit, end })),
      ),
    ),
  ),
);

describe('judgeEnding', () => {
  it('covers 96 combinations', () => expect(table).toHaveLength(96));

  it.each(table)('client gone $isClientGone, problem $problem, complete $isComplete, limit $limit, end $end', (facts) => {
    expect(judgeEnding(facts)).toEqual(expectedFor(facts));
  });

  it('never says complete without every finish reason, nor for a client that has gone, nor after a problem', () => {
    for (const facts of table.filter((one) => judgeEnding(one).kind === 'complete')) {
      expect(facts).toMatchObject({ isComplete: true, isClientGone: false, problem: null });
    }
  });

  it('has a code for everything that failed', () => {
    const codes = table.map(judgeEnding).flatMap((ending) => (ending.kind === 'failed' ? [ending.failure.code] : []));
    expect(new Set(codes)).toEqual(new Set(['upstream_error', 'upstream_timeout', 'upstream_truncated']));
  });
});

/** In words: who left is gone; a reported problem counts before wholeness; wholeness before limits; limits before a mere end. */
function expectedFor({ isClientGone, problem: found, isComplete, limit }: EndingFacts): object {
  if (isClientGone) return { kind: 'client_gone' };
  if (found !== null) return { kind: 'failed', ...problem };
  if (isComplete) return { kind: 'complete' };
  return { kind: 'failed', failure: { code: limit === null ? 'upstream_truncated' : 'upstream_timeout' }, cause: 'broken_off' };
}
