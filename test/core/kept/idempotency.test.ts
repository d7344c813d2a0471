import { describe, expect, it } from 'vitest';
import { errors, type ErrorCode } from '../../../shared/errors.ts';
import { endingIds } from '../../../shared/records.ts';
import {
  decideIdempotency,
  idempotencyTtlMs,
  isForgotten,
  parseIdempotencyKey,
  recordAfterEnding,
  type IdempotencyRecord,
} from '../../../worker/core/kept/idempotency.ts';

const answer = { status: 200, headers: [['content-type', 'application/json']], body: '{"id":"x"}' } as const;
const running: IdempotencyRecord = { fingerprint: 'f1', runId: 'a', startedAtMs: 1000, runsUntilMs: 301_000, answer: null };
const done: IdempotencyRecord = { ...running, answer };
const request = (fingerprint: string, runId = 'b') => ({ fingerprint, runId, runsUntilMs: 999_000 });

describe('decideIdempotency', () => {
  it.each([
    ['runs a new key', null, 'f1', 2000, 'run'],
    ['replays a finished request', done, 'f1', 2000, 'replay'],
    ['replays until the last millisecond of 24 hours', done, 'f1', 1000 + idempotencyTtlMs - 1, 'replay'],
    ['runs again after 24 hours', done, 'f1', 1000 + idempotencyTtlMs, 'run'],
    ['runs another body after 24 hours', done, 'f2', 1000 + idempotencyTtlMs, 'run'],
    ['refuses a second one while the first runs', running, 'f1', 300_999, 'idempotency_in_flight'],
    ['runs again when the first can run no more', running, 'f1', 301_000, 'run'],
    ['refuses another body of a finished request', done, 'f2', 2000, 'idempotency_mismatch'],
    ['refuses another body of a running request', running, 'f2', 2000, 'idempotency_mismatch'],
    ['refuses another body of an abandoned request', running, 'f2', 400_000, 'idempotency_mismatch'],
  ] as const)('%s', (_, stored, fingerprint, nowMs, expected) => {
    const decision = decideIdempotency(stored, request(fingerprint), nowMs);
    expect(decision.ok ? decision.value.action : decision.failure.code).toBe(expected);
  });

  it('lets the very request that runs under the key ask again, since the first answer to it may be lost', () => {
    expect(decideIdempotency(running, request('f1', 'a'), 2000)).toMatchObject({ ok: true, value: { action: 'run' } });
    expect(decideIdempotency(done, request('f1', 'a'), 2000)).toMatchObject({ ok: true, value: { action: 'replay' } });
    expect(decideIdempotency(running, request('f2', 'a'), 2000)).toMatchObject({ failure: { code: 'idempotency_mismatch' } });
  });

  it('gives a run the record to store, and a replay the whole answer', () => {
    expect(decideIdempotency(null, request('f1'), 5000)).toEqual({
      ok: true,
      value: { action: 'run', record: { fingerprint: 'f1', runId: 'b', runsUntilMs: 999_000, startedAtMs: 5000, answer: null } },
    });
    expect(decideIdempotency(done, request('f1'), 5000)).toEqual({ ok: true, value: { action: 'replay', answer } });
  });

  it('lets one of many equal requests run', () => {
    let stored: IdempotencyRecord | null = null;
    let runs = 0;
    for (let index = 0; index < 50; index += 1) {
      const decision = decideIdempotency(stored, request('f1', `run-${index}`), 5000);
      if (!decision.ok || decision.value.action !== 'run') continue;
      runs += 1;
      stored = decision.value.record;
    }
    expect(runs).toBe(1);
  });
});

describe('recordAfterEnding', () => {
  const keeps = (ending: (typeof endingIds)[number], errorCode: ErrorCode | null) =>
    recordAfterEnding(running, { ending, errorCode, answer }) !== null;

  it('keeps a whole success with its answer', () => {
    expect(recordAfterEnding(running, { ending: 'ok', errorCode: null, answer })).toEqual(done);
  });

  it('keeps only those refusals of the model server that would come again', () => {
    const kept = (Object.keys(errors) as ErrorCode[]).filter((code) => keeps('rejected', code));
    expect(kept).toEqual(
      expect.arrayContaining([
        'upstream_rejected',
        'upstream_unprocessable',
        'content_policy_violation',
        'context_length_exceeded',
      ]),
    );
    expect(kept.every((code) => errors[code].status < 500 && errors[code].retry === 'never')).toBe(true);
    // A limit or a budget has room again one day.
    expect(kept.filter((code) => errors[code].status === 429)).toEqual([]);
  });

  it.each(endingIds.filter((ending) => ending !== 'ok' && ending !== 'rejected'))(
    'frees the key after the ending %s',
    (ending) => {
      for (const code of [null, ...(Object.keys(errors) as ErrorCode[])]) expect(keeps(ending, code)).toBe(false);
    },
  );

  it('frees the key when a success carries an error, or is too long to keep', () => {
    expect(keeps('ok', 'upstream_truncated')).toBe(false);
    expect(
      recordAfterEnding(running, { ending: 'ok', errorCode: null, answer: { ...answer, body: 'x'.repeat(500_001) } }),
    ).toBeNull();
  });
});

describe('the header', () => {
  it('may be absent, or 1 to 255 printable characters', () => {
    expect(parseIdempotencyKey(null)).toEqual({ ok: true, value: null });
    expect(parseIdempotencyKey('k'.repeat(255)).ok).toBe(true);
    for (const header of ['', 'k'.repeat(256), 'a b', 'a\nb', 'ü']) {
      expect(parseIdempotencyKey(header)).toMatchObject({ failure: { code: 'invalid_value', param: 'idempotency-key' } });
    }
  });

  it('is forgotten after 24 hours', () => {
    expect([isForgotten(done, 1000 + idempotencyTtlMs - 1), isForgotten(done, 1000 + idempotencyTtlMs)]).toEqual([false, true]);
  });
});
