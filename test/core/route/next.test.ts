import { describe, expect, it } from 'vitest';
import type { Candidate, AttemptOutcome, Plan } from '../../../worker/core/route/attempt.ts';
import type { FailureCause } from '../../../worker/core/upstreams/causes.ts';
import { next, type NextContext } from '../../../worker/core/route/next.ts';
import { candidate, failed, health, planOf, retry } from './attempts.ts';

const small = candidate('small');
const large = candidate('large');
const hosted = candidate('hosted', { tunnelId: 'other' });
const chain = planOf(small, large);

const context: NextContext = { nowMs: 0, random: () => 0.5, retry, isRetryAllowed: true, snapshot: null };

/** "retry small after 50", "fallback large", "answer" or "fail code retryAfterMs". */
function decide(plan: Plan, outcomes: readonly AttemptOutcome[], change: Partial<NextContext> = {}): string {
  const step = next(plan, outcomes, { ...context, ...change });
  if (step.kind === 'answer') return 'answer';
  if (step.kind === 'fail')
    return ['fail', step.failure.code, step.failure.retryAfterMs].filter((word) => word !== undefined).join(' ');
  const { modelId, upstreamId } = step.candidate;
  const route = upstreamId === `u-${modelId}` ? modelId : upstreamId;
  return `${step.as} ${route}${step.waitMs > 0 ? ` after ${step.waitMs}` : ''}`;
}

describe('after one failure of the first model', () => {
  it.each([
    ['unreachable', 'retry small after 50', 'retry small after 50'],
    ['reset', 'retry small after 50', 'retry small after 50'],
    ['server_error', 'retry small after 50', 'retry small after 50'],
    ['gateway_error', 'retry small after 50', 'retry small after 50'],
    ['timeout', 'fallback large', 'fail upstream_timeout'],
    ['overload', 'fallback large', 'retry small after 50'],
    ['rate_limited', 'fallback large', 'retry small after 50'],
    ['auth', 'fallback large', 'fail upstream_auth'],
    ['tunnel', 'fallback large', 'fail tunnel_down'],
    ['model_missing', 'fallback large', 'fail upstream_model_missing'],
    ['invalid_answer', 'fallback large', 'retry small after 50'],
    ['broken_off', 'fallback large', 'retry small after 50'],
    ['unfit_answer', 'retry small after 50', 'retry small after 50'],
    ['context_length', 'fail context_length_exceeded', 'fail context_length_exceeded'],
    ['content_policy', 'fail content_policy_violation', 'fail content_policy_violation'],
    ['client', 'fail upstream_rejected', 'fail upstream_rejected'],
  ] as const satisfies readonly (readonly [FailureCause, string, string])[])(
    '%s: with a chain "%s", alone "%s"',
    (cause, inChain, alone) => {
      expect(decide(chain, [failed(small, cause)])).toBe(inChain);
      expect(decide(planOf(small), [failed(small, cause)])).toBe(alone);
    },
  );
});

it.each(['broken_off', 'gateway_error'] as const)('a route that ran into a limit is not asked twice, even alone: %s', (cause) => {
  const silent = { ...failed(small, cause), failure: { code: 'upstream_timeout' } } as const;
  expect(decide(chain, [silent])).toBe('fallback large');
  expect(decide(planOf(small), [silent])).toBe('fail upstream_timeout');
});

describe('Retry-After', () => {
  it.each([
    ['a short one is waited out on the same model', 'rate_limited', 2000, 'retry small after 2050', 'retry small after 2050'],
    ['the longest that is waited out', 'rate_limited', 3000, 'retry small after 3050', 'retry small after 3050'],
    ['a longer one moves on, or is the answer', 'rate_limited', 3001, 'fallback large', 'fail upstream_rate_limited 3001'],
    ['an overloaded server may ask for it, too', 'overload', 1000, 'retry small after 1050', 'retry small after 1050'],
    [
      'a tunnel error that names two minutes is not tried again',
      'gateway_error',
      120_000,
      'fallback large',
      'fail upstream_error 120000',
    ],
  ] as const)('%s', (_, cause, retryAfterMs, inChain, alone) => {
    expect(decide(chain, [failed(small, cause, retryAfterMs)])).toBe(inChain);
    expect(decide(planOf(small), [failed(small, cause, retryAfterMs)])).toBe(alone);
  });

  it('is waited out although the overlay has throttled the model in the meantime', () => {
    const snapshot = health([small, 'throttled', { untilMs: 2000 }]);
    expect(decide(chain, [failed(small, 'rate_limited', 2000)], { snapshot })).toBe('retry small after 2050');
  });
});

describe('chains', () => {
  it('retries, then goes on, within three attempts', () => {
    const outcomes = [failed(small, 'reset'), failed(small, 'reset')];
    expect(decide(chain, outcomes)).toBe('fallback large');
    expect(decide(chain, [...outcomes, failed(large, 'reset')])).toBe('fail upstream_unreachable');
  });

  it('reaches the third level rather than try one model twice', () => {
    const plan = planOf(small, large, hosted);
    expect(decide(plan, [failed(small, 'reset')])).toBe('fallback large');
    expect(decide(plan, [failed(small, 'reset'), failed(large, 'server_error')])).toBe('fallback hosted');
    expect(decide(plan, [failed(small, 'reset'), failed(large, 'server_error'), failed(hosted, 'reset')])).toBe(
      'fail upstream_error',
    );
  });

  it('retries in a chain of three when attempts are configured for it, with longer waits', () => {
    const plan = planOf(small, large, hosted);
    const many = { retry: { ...retry, max_attempts: 9, attempts_per_model: 3 } };
    const outcomes: AttemptOutcome[] = [];
    const seen: string[] = [];
    for (const model of [small, small, small, large, large, large, hosted, hosted, hosted]) {
      seen.push(decide(plan, outcomes, many));
      outcomes.push(failed(model, 'reset'));
    }
    expect(seen).toEqual([
      'first small',
      'retry small after 50',
      'retry small after 100',
      'fallback large',
      'retry large after 200',
      'retry large after 400',
      'fallback hosted',
      'retry hosted after 800',
      'retry hosted after 1000',
    ]);
    expect(decide(plan, outcomes, many)).toBe('fail upstream_unreachable');
  });

  it('uses another instance of the same model before it waits for the first one', () => {
    const twin = candidate('small', { upstreamId: 'u-twin' });
    expect(decide(planOf(small, twin, large), [failed(small, 'reset')])).toBe('retry u-twin');
    expect(decide(planOf(small, twin, large), [failed(small, 'reset'), failed(twin, 'reset')])).toBe('fallback large');
    expect(decide(planOf(small, twin, large), [failed(small, 'timeout')])).toBe('retry u-twin');
  });

  it.each([
    [
      'a model with more room takes what was too long',
      planOf(small, candidate('large', { contextTokens: 65_536 })),
      'fallback large',
    ],
    ['a model with as much room does not', planOf(small, large), 'fail context_length_exceeded'],
  ] as const)('%s', (_, plan, expected) => {
    expect(decide(plan, [failed(small, 'context_length')])).toBe(expected);
  });

  it('is measured against the number that the server named, not against what is configured', () => {
    const told = (on: Candidate, roomTokens: number) => ({ ...failed(on, 'context_length'), roomTokens });
    expect(decide(chain, [told(small, 2048)])).toBe('fallback large');
    expect(decide(chain, [told(small, 32_768)])).toBe('fail context_length_exceeded');
    expect(decide(planOf(small, candidate('large', { contextTokens: 65_536 })), [told(small, 131_072)])).toBe(
      'fail context_length_exceeded',
    );
    expect(decide(chain, [told(small, 2048), told(large, 1024)])).toBe('fail context_length_exceeded');
  });

  it('never tries a model with less room than the request needs', () => {
    const tiny = candidate('tiny', { contextTokens: 900 });
    expect(decide(planOf(tiny, large), [])).toBe('first large');
    expect(decide(planOf(small, tiny), [failed(small, 'timeout')])).toBe('fail upstream_timeout');
    expect(decide(planOf(tiny), [])).toBe('fail context_length_exceeded');
  });
});

describe('tunnels', () => {
  it.each(['tunnel', 'auth'] as const)('after %s, tries one other model behind the tunnel, then only other tunnels', (cause) => {
    const other = candidate('other');
    const plan = planOf(small, large, other, hosted);
    expect(decide(plan, [failed(small, cause)])).toBe('fallback large');
    expect(decide(plan, [failed(small, cause), failed(large, cause)])).toBe('fallback hosted');
    expect(decide(planOf(small, large, other), [failed(small, cause), failed(large, cause)])).toMatch(/^fail/);
  });

  it('does not knock at the same upstream again for another model, nor for the same model on another upstream of that tunnel', () => {
    expect(decide(planOf(small, candidate('adapter', { upstreamId: 'u-small' })), [failed(small, 'auth')])).toBe(
      'fail upstream_auth',
    );
    expect(decide(planOf(small, candidate('small', { upstreamId: 'u-twin' })), [failed(small, 'auth')])).toBe(
      'fail upstream_auth',
    );
  });
});

describe('health', () => {
  it.each([
    ['skips a model that is down', health([small, 'down']), 'first large'],
    ['skips a throttled model', health([small, 'throttled']), 'first large'],
    ['skips a missing model', health([small, 'missing']), 'first large'],
    ['leaves the trial to the isolate that has it', health([small, 'half_open']), 'first large'],
    ['makes the trial when it has the permit', health([small, 'half_open', { hasPermit: true }]), 'first small'],
    ['counts an unknown model as up', health([large, 'up']), 'first small'],
    [
      'with everything out, takes what is least bad: half open before down',
      health([small, 'down'], [large, 'half_open']),
      'last_resort large',
    ],
    [
      'with everything out, takes what is least bad: down before missing',
      health([small, 'missing'], [large, 'down']),
      'last_resort large',
    ],
    [
      'with everything down, takes what comes back first',
      health([small, 'down', { untilMs: 9 }], [large, 'down', { untilMs: 8 }]),
      'last_resort large',
    ],
    [
      'with everything throttled, waits for a throttle that ends soon',
      health([small, 'throttled', { untilMs: 900 }], [large, 'throttled']),
      'last_resort small after 950',
    ],
    [
      'with everything throttled for long, does not close the last path',
      health([small, 'throttled'], [large, 'throttled']),
      'last_resort small',
    ],
  ] as const)('%s', (_, snapshot, expected) => {
    expect(decide(chain, [], { snapshot })).toBe(expected);
  });

  it('does not fall back to a model that is out', () => {
    expect(decide(chain, [failed(small, 'timeout')], { snapshot: health([large, 'down']) })).toBe('fail upstream_timeout');
  });

  it('does not retry a model that has been taken out in the meantime', () => {
    expect(decide(chain, [failed(small, 'reset')], { snapshot: health([small, 'down']) })).toBe('fallback large');
    expect(decide(planOf(small), [failed(small, 'reset')], { snapshot: health([small, 'down']) })).toBe(
      'fail upstream_unreachable',
    );
  });
});

describe('a run of failures', () => {
  const runOf = (consecutiveFailures: number) => ({ snapshot: health([small, 'up', { consecutiveFailures }], [large, 'up']) });

  it('is no blip: the chain goes on at once, unless there is nothing else', () => {
    expect(decide(chain, [failed(small, 'reset')], runOf(1))).toBe('retry small after 50');
    expect(decide(chain, [failed(small, 'reset')], runOf(2))).toBe('fallback large');
    expect(decide(planOf(small), [failed(small, 'reset')], runOf(2))).toBe('retry small after 50');
    expect(decide(chain, [failed(small, 'rate_limited', 500)], runOf(1))).toBe('fallback large');
  });
});

describe('with the retry budget spent', () => {
  const spent = { isRetryAllowed: false };

  it('does not try the same model again, on any instance', () => {
    expect(decide(planOf(small), [failed(small, 'reset')], spent)).toBe('fail upstream_unreachable');
    expect(decide(planOf(small, candidate('small', { upstreamId: 'u-twin' })), [failed(small, 'reset')], spent)).toBe(
      'fail upstream_unreachable',
    );
  });

  it('falls back to a model that is up, and spends no trial on a fallback', () => {
    expect(decide(chain, [failed(small, 'reset')], spent)).toBe('fallback large');
    const snapshot = health([large, 'half_open', { hasPermit: true }]);
    expect(decide(chain, [failed(small, 'timeout')], { snapshot })).toBe('fallback large');
    expect(decide(chain, [failed(small, 'timeout')], { ...spent, snapshot })).toBe('fail upstream_timeout');
  });

  it('still makes the first attempt', () => {
    expect(decide(chain, [], spent)).toBe('first small');
  });
});

describe('the end', () => {
  it('answers after a success', () => {
    expect(decide(chain, [failed(small, 'timeout'), { isOk: true, candidate: large }])).toBe('answer');
  });

  it('has no upstream for an empty plan', () => {
    expect(decide(planOf(), [])).toBe('fail no_upstream');
  });

  const roomy: Candidate = candidate('large', { contextTokens: 65_536 });
  it.each([
    ['the last failure, of several alike', [failed(small, 'reset'), failed(large, 'tunnel')], 'fail tunnel_down'],
    [
      'the time-out of the first model, not that the second was never installed',
      [failed(small, 'timeout'), failed(large, 'model_missing')],
      'fail upstream_timeout',
    ],
    [
      'the time-out of the second model, not that the first was never installed',
      [failed(small, 'model_missing'), failed(large, 'timeout')],
      'fail upstream_timeout',
    ],
    [
      'what the answer lacked, not that nobody else was there',
      [failed(small, 'unfit_answer'), failed(large, 'unreachable'), failed(large, 'unreachable')],
      'fail invalid_structured_output',
    ],
    [
      'that the server failed, not that the next refused our key',
      [failed(small, 'server_error'), failed(large, 'auth')],
      'fail upstream_error',
    ],
    [
      'an answer that broke off, not an empty account',
      [failed(small, 'broken_off'), failed(large, 'account')],
      'fail upstream_truncated',
    ],
    [
      'nothing of a doubtful answer when the other model failed',
      [failed(small, 'low_confidence'), failed(large, 'server_error'), failed(large, 'server_error')],
      'fail upstream_error',
    ],
    [
      'a 429 that says when to come back, over a later 502',
      [failed(small, 'rate_limited', 9000), failed(large, 'model_missing')],
      'fail upstream_rate_limited 9000',
    ],
    [
      'the longest wait of several',
      [failed(small, 'rate_limited', 9000), failed(large, 'overload', 4000)],
      'fail upstream_rate_limited 9000',
    ],
    [
      'a wait over none',
      [failed(small, 'overload', 5000), failed(large, 'rate_limited'), failed(large, 'rate_limited')],
      'fail upstream_overloaded 5000',
    ],
    [
      "the request's own fault, over an earlier 429",
      [failed(small, 'rate_limited', 9000), failed(large, 'client')],
      'fail upstream_rejected',
    ],
    [
      'a failure of the model with room, over "too long" for the one without',
      [failed(roomy, 'timeout'), failed(small, 'context_length')],
      'fail upstream_timeout',
    ],
    [
      '"too long" when it was too long for the roomiest',
      [failed(small, 'timeout'), failed(roomy, 'context_length')],
      'fail context_length_exceeded',
    ],
  ] as const)('shows %s', (_, outcomes, expected) => {
    const plan = planOf(...new Set(outcomes.map((outcome) => outcome.candidate)));
    expect(decide(plan, outcomes)).toBe(expected);
  });
});
