/** What an idempotency key may be, and what is kept of a request's end. */
import { describe, expect, it } from 'vitest';
import { type ErrorCode, errors, GatewayError } from '../../../shared/errors.ts';
import { endingIds } from '../../../shared/records.ts';
import { inFlight, keptEnding, parseIdempotencyKey } from '../../../worker/core/kept/idempotency.ts';
import { silentMs } from '../../../worker/core/kept/log.ts';
import { someRouting } from '../../support/suites/kept-suite.ts';

const codes = Object.keys(errors) as ErrorCode[];

describe('what is kept of an ending', () => {
  const isGivenAgain = (ending: (typeof endingIds)[number], code: ErrorCode | null) => {
    const kept = keptEnding(ending, code === null ? null : { code }, someRouting);
    return kept.kind === 'complete' || (kept.kind === 'failed' && kept.isFinal);
  };

  it('is a whole success', () => {
    expect(keptEnding('ok', null, someRouting)).toEqual({ kind: 'complete', metadata: someRouting });
  });

  it('is a refusal of the model server that would come again', () => {
    const kept = codes.filter((code) => isGivenAgain('rejected', code));
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
    'is nothing to give again after %s',
    (ending) => {
      for (const code of [null, ...codes]) expect(isGivenAgain(ending, code)).toBe(false);
    },
  );

  it('is nothing to give again where a success carries an error', () => {
    expect(isGivenAgain('ok', 'upstream_truncated')).toBe(false);
  });

  it('is plain data, also of an error that was thrown', () => {
    const thrown = new GatewayError({ code: 'upstream_rejected', detail: 'so', param: 'n' }, { cause: new Error('secret') });
    expect(keptEnding('rejected', thrown, someRouting)).toEqual({
      kind: 'failed',
      failure: { code: 'upstream_rejected', detail: 'so', param: 'n' },
      metadata: someRouting,
      isFinal: true,
    });
  });
});

describe('a repeat that cannot follow', () => {
  it('may come again soon, or when a run that may be dead is given up', () => {
    expect(inFlight(true, 4000).retryAfterMs).toBe(1000);
    expect(inFlight(false, 4000).retryAfterMs).toBe(silentMs - 4000);
    expect(inFlight(false, silentMs).retryAfterMs).toBe(1000);
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
});
