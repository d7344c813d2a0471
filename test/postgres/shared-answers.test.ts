/** Kept answers in a real PostgreSQL, which the test starts itself, kills and makes slow. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noPostgres, type PostgresServer, startPostgres } from '../../infra/postgres/server.ts';
import type { CachedAnswer } from '../../worker/core/kept/cached-answer.ts';
import type { AnswersPort } from '../../worker/core/kept/ports.ts';
import { createAnswerCache } from '../../worker/io/answer-cache.ts';
import { createPostgres } from '../../worker/io/postgres.ts';
import { createSharedAnswers } from '../../worker/io/shared-answers.ts';

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
const place = (key: string, tenantId = 'tenant-1') => ({ key, tenantId, url: 'https://gateway.test/v1/chat/completions' });
const hourMs = 3_600_000;

describe.skipIf(noPostgres() !== null)(`answers in PostgreSQL (${noPostgres() ?? 'found'})`, () => {
  let server: PostgresServer;
  const time = { nowMs: Date.now() };
  const clock = { now: () => time.nowMs };
  const lines: string[] = [];

  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    lines.length = 0;
    await server.query('truncate pointsman.cache_entries');
  });

  /** With nothing in its memory, at a location with nothing in its cache. */
  function isolate(change: { readonly readMs?: number; readonly maxBytes?: number; readonly url?: string } = {}): AnswersPort {
    const log = { write: (_level: string, event: string) => void lines.push(event) };
    const database = { enabled: true, read_ms: change.readMs ?? 1000, max_bytes: change.maxBytes ?? 1e9 };
    const shared = createSharedAnswers(createPostgres(change.url ?? server.url), database, clock, log);
    const empty = { match: async () => undefined, put: async () => undefined };
    return createAnswerCache(async () => empty, shared, clock, log);
  }

  async function keep(cache: AnswersPort, at: ReturnType<typeof place>, answer: CachedAnswer, forMs = hourMs): Promise<void> {
    const work: Promise<unknown>[] = [];
    cache.put(at, answer, forMs, (one) => void work.push(one));
    await Promise.all(work);
  }

  it('are found by an isolate of another location as they were, and by it nearer the next time', async () => {
    const answer = answerOf('Paris. “ü” \u2028 😀 \0');
    await keep(isolate(), place('one'), answer);
    const other = isolate();
    expect(await other.get(place('one'))).toEqual({ ...answer, level: 'database' });
    expect(await other.get(place('one'))).toEqual({ ...answer, level: 'isolate' });
    expect(await isolate().get(place('two'))).toBeNull();
    expect(lines).toEqual([]);
  });

  it('are never those of another tenant, even under the same key', async () => {
    await keep(isolate(), place('same', 'tenant-1'), answerOf('secret of one'));
    expect(await isolate().get(place('same', 'tenant-2'))).toBeNull();
    await keep(isolate(), place('same', 'tenant-2'), answerOf('of two'));
    expect((await isolate().get(place('same', 'tenant-1')))?.answer.choices[0]?.content).toBe('secret of one');
  });

  it('are replaced by a newer answer, and over when their time is', async () => {
    await keep(isolate(), place('one'), answerOf('old'));
    await keep(isolate(), place('one'), answerOf('new'));
    expect((await isolate().get(place('one')))?.answer.choices[0]?.content).toBe('new');
    expect(await server.query('select count(*)::int as n from pointsman.cache_entries')).toEqual([{ n: 1 }]);
    await keep(isolate(), place('one'), answerOf('short'), 1);
    expect(await isolate().get(place('one'))).toBeNull();
  });

  it('go when they have expired, and beyond the size those first that would go first', async () => {
    const text = (seed: number) => Array.from({ length: 9000 }, (_, at) => Math.sin(seed * 1e5 + at).toString(36)).join('');
    const writer = isolate({ maxBytes: 1_000_000 });
    await keep(writer, place('expired'), answerOf('x'), 1);
    for (let seed = 1; seed <= 15; seed += 1)
      await keep(writer, place(`big-${seed}`), answerOf(text(seed)), hourMs + seed * 1000);
    const sum = 'select count(*)::int as n, sum(pg_column_size(body))::int as bytes from pointsman.cache_entries';
    const [before] = await server.query(sum);
    expect(before?.['bytes']).toBeGreaterThan(1_000_000);
    time.nowMs += 600_000;
    await keep(writer, place('last'), answerOf('y'), 2 * hourMs);
    const [after] = await server.query(sum);
    expect(after?.['bytes']).toBeLessThanOrEqual(1_000_000);
    expect(after?.['n']).toBeGreaterThan(3);
    expect(await isolate().get(place('last'))).not.toBeNull();
    expect(await isolate().get(place('big-15'))).not.toBeNull();
    expect(await isolate().get(place('big-1'))).toBeNull();
    expect(await server.query(`select 1 from pointsman.cache_entries where expires_at <= now()`)).toEqual([]);
  });

  it('are a miss where the row is none of ours', async () => {
    await keep(isolate(), place('one'), answerOf('Paris.'));
    await server.query(`update pointsman.cache_entries set body = '\\x00010203'`);
    expect(await isolate().get(place('one'))).toBeNull();
  });

  it('are a miss while every query takes seconds, and after three nobody waits', async () => {
    await keep(isolate(), place('one'), answerOf('Paris.'));
    const reader = isolate({ readMs: 40 });
    const lock = server.query('begin; lock table pointsman.cache_entries in access exclusive mode; select pg_sleep(3)');
    await expect
      .poll(() => server.query(`select 1 from pg_locks where mode = 'AccessExclusiveLock' and granted`))
      .toHaveLength(1);
    for (let index = 0; index < 5; index += 1) expect(await reader.get(place('one'))).toBeNull();
    expect(lines).toEqual(['shared_answers_unavailable']);
    await lock;
    // Still left alone, though it would answer.
    expect(await reader.get(place('one'))).toBeNull();
    time.nowMs += 2000;
    expect(await isolate().get(place('one'))).toMatchObject({ level: 'database' });
  });

  it('are only near while the server is down, and found again behind a pause', async () => {
    const cache = isolate();
    const reader = isolate();
    await server.kill();
    for (let index = 0; index < 4; index += 1) {
      await keep(cache, place(`down-${index}`), answerOf('Paris.'));
      expect(await cache.get(place(`down-${index}`))).toMatchObject({ level: 'isolate' });
      expect(await reader.get(place(`down-${index}`))).toBeNull();
    }
    await server.start();
    time.nowMs += 30_000;
    await keep(cache, place('up'), answerOf('Rome.'));
    expect(await reader.get(place('up'))).toMatchObject({ level: 'database' });
  });
});
