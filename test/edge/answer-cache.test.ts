/** Kept answers on the platform's own cache: another isolate finds them, faults and slowness are misses, memory is bounded. */
import { describe, expect, it } from 'vitest';
import type { CachedAnswer } from '../../worker/core/kept/cached-answer.ts';
import { createAnswerCache } from '../../worker/io/answer-cache.ts';

const url = 'https://gateway.test/v1/chat/completions';
const usage = { promptTokens: 1, completionTokens: 2, cachedTokens: null, reasoningTokens: null, isEstimated: false };
const answerOf = (content: string): CachedAnswer => ({
  answer: {
    head: { id: 'a', created: 1, model: 'm' },
    choices: [{ index: 0, content, reasoning: '', refusal: '', calls: [], logprobs: [], finishReason: 'stop' }],
  },
  usage,
  modelId: 'qwen2.5-7b',
  keptAtMs: 1000,
});
const log = () => {
  const lines: string[] = [];
  return { lines, write: (_level: string, event: string) => void lines.push(event) };
};
const time = { nowMs: Date.now() };
const clock = { now: () => time.nowMs };
const open = () => caches.open('answers');
/** A name that no other test has. */
const placeOf = (key: string) => ({ key, tenantId: 'tenant-1', url });
let count = 0;
const fresh = (): string => `${(count += 1)}`.padStart(64, '0');

async function kept(
  cache: ReturnType<typeof createAnswerCache>,
  key: string,
  answer: CachedAnswer,
  forMs = 60_000,
): Promise<void> {
  const work: Promise<unknown>[] = [];
  cache.put(placeOf(key), answer, forMs, (one) => void work.push(one));
  await Promise.all(work);
}

describe('kept answers', () => {
  it('are found by another isolate of the location, as they were', async () => {
    const key = fresh();
    const answer = answerOf('Paris. “ü” \u2028');
    await kept(createAnswerCache(open, null, clock, log()), key, answer);
    expect(await createAnswerCache(open, null, clock, log()).get(placeOf(key))).toEqual({ ...answer, level: 'location' });
  });

  it('are not found under another key, nor when their time is over', async () => {
    const key = fresh();
    const cache = createAnswerCache(open, null, clock, log());
    await kept(cache, key, answerOf('Paris.'));
    expect(await cache.get(placeOf(fresh()))).toBeNull();
    time.nowMs += 60_000;
    expect(await cache.get(placeOf(key))).toBeNull();
    expect(await createAnswerCache(open, null, clock, log()).get(placeOf(key))).toBeNull();
    time.nowMs -= 60_000;
  });

  it.each<readonly [string, () => Promise<Cache>]>([
    ['there is no cache', () => Promise.reject(new Error('no cache'))],
    [
      'it throws at once',
      () => {
        throw new Error('no cache');
      },
    ],
  ])('are only in memory when %s', async (_, broken) => {
    const key = fresh();
    const lines = log();
    const cache = createAnswerCache(broken, null, clock, lines);
    expect(await cache.get(placeOf(key))).toBeNull();
    await kept(cache, key, answerOf('Paris.'));
    expect(await cache.get(placeOf(key))).toEqual({ ...answerOf('Paris.'), level: 'isolate' });
    expect(lines.lines).toEqual(['answer_cache_unavailable']);
  });

  it('are a miss when the cache never answers, within a fifth of a second', async () => {
    const cache = createAnswerCache(() => new Promise(() => undefined), null, clock, log());
    const startedAtMs = Date.now();
    expect(await cache.get(placeOf(fresh()))).toBeNull();
    expect(Date.now() - startedAtMs).toBeLessThan(2000);
  });

  it('are a miss when what comes back is no answer', async () => {
    const match = async () => new Response('{"half":');
    const lines = log();
    const cache = createAnswerCache(async () => ({ match, put: async () => undefined }) as unknown as Cache, null, clock, lines);
    expect(await cache.get(placeOf(fresh()))).toBeNull();
    expect(lines.lines).toEqual(['answer_cache_unavailable']);
  });

  it('in memory make room for others, those first that were read longest ago', async () => {
    const nowhere = async () => ({ match: async () => undefined, put: async () => undefined }) as unknown as Cache;
    const cache = createAnswerCache(nowhere, null, clock, log());
    const keys = Array.from({ length: 8 }, fresh);
    const [first = '', second = '', ...others] = keys;
    for (const key of [first, second]) await kept(cache, key, answerOf('x'.repeat(900_000)));
    for (const key of others) {
      await kept(cache, key, answerOf('x'.repeat(900_000)));
      expect(await cache.get(placeOf(first))).not.toBeNull();
    }
    expect(await cache.get(placeOf(second))).toBeNull();
    const huge = fresh();
    await kept(cache, huge, answerOf('x'.repeat(1_000_001)));
    expect(await cache.get(placeOf(huge))).toBeNull();
  });
});
