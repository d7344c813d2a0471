/** What an operator is told to look at, and when. */
import { describe, expect, it } from 'vitest';
import type { BudgetList, Fleet, FleetModel, SeriesBucket } from '../../../shared/observed.ts';
import type { RoutingAlert, Stats } from '../../../shared/records.ts';
import { concernsIn, type Known } from '../../../worker/dashboard/data/attention.ts';

const nothing: Known = { stats: null, fleet: null, budgets: null, buckets: null };
const up: FleetModel = {
  id: 'm',
  status: 'up',
  tier: 'small',
  places: 8,
  in_use: 1,
  queued: 0,
  instances: [
    {
      upstream: 'small',
      status: 'up',
      breaker: 'closed',
      until: null,
      consecutive_failures: 0,
      running: 1,
      waiting: 0,
      wedged_since: null,
      kv_cache_usage: 0.1,
      last_probe: null,
    },
  ],
};

function titles(known: Partial<Known>): string[] {
  return concernsIn({ ...nothing, ...known }).map(({ tone, title }) => `${tone}: ${title}`);
}

function fleet(model: Partial<FleetModel>, tunnel = 'up'): Fleet {
  return { status: 'healthy', models: [{ ...up, ...model }], tunnels: [{ id: 'box', status: tunnel, until: null }], pods: [] };
}

function ended(endings: SeriesBucket['endings']): SeriesBucket[] {
  const requests = Object.values(endings).reduce((sum, number) => sum + number, 0);
  return [{ requests, endings } as Partial<SeriesBucket> as SeriesBucket];
}

function budget(limit: number, remaining: number): BudgetList {
  const row = { key_id: 'k', key_name: 'shop', window: 'month', spent_usd: limit - remaining, reserved_usd: 0 };
  return { budgets: [{ ...row, limit_usd: limit, remaining_usd: remaining, resets_at: '2026-12-01T00:00:00.000Z' }] };
}

describe('what needs attention', () => {
  it('is nothing while all is well, or while nothing is known', () => {
    expect(titles({})).toEqual([]);
    expect(titles({ fleet: fleet({}), buckets: ended({ ok: 100 }), budgets: budget(10, 3) })).toEqual([]);
  });

  it.each([
    [{ status: 'down' }, 'bad: m is down'],
    [{ status: 'missing' }, 'bad: m is missing'],
    [{ queued: 3 }, 'warn: m is full'],
    [{ instances: up.instances.map((one) => ({ ...one, breaker: 'open' as const })) }, 'warn: m: small left out'],
  ])('a model: %j', (change, title) => expect(titles({ fleet: fleet(change) })).toEqual([title]));

  it.each([
    [{}, []],
    [{ waiting: 101 }, ['warn: 101 rows of the request log wait']],
    [{ waiting: 3, last_error: '53300' }, ['warn: 3 rows of the request log wait']],
    [{ dropped: 40, refused: 2 }, ['bad: 42 requests are missing in the request log']],
  ])('the request log: %j', (change, expected) => {
    const calm = { waiting: 0, waiting_since: null, dropped: 0, refused: 0, replayed: 0, last_error: null, maintained_at: null };
    const stats = { alerts: [], request_log: { ...calm, ...change } } as Partial<Stats> as Stats;
    expect(titles({ stats })).toEqual(expected);
  });

  it('a tunnel that is down', () => expect(titles({ fleet: fleet({}, 'down') })).toEqual(['bad: Tunnel box is down']));

  it.each([
    [{ ok: 94, upstream_error: 4, timeout: 2 }, ['bad: 6.0 % of the requests got no answer']],
    [{ ok: 95, upstream_error: 5 }, []],
    [{ ok: 10, upstream_error: 9 }, []],
    [{ ok: 90, client_abort: 10 }, []],
  ])('errors: %j', (endings, expected) => expect(titles({ buckets: ended(endings) })).toEqual(expected));

  it.each([
    [10, 2.1, []],
    [10, 2, ['warn: shop: $2.00 left of $10.00 a month']],
    [10, 0, ['bad: shop: nothing left of $10.00 a month']],
  ])('a budget of %s with %s left', (limit, left, expected) => {
    expect(titles({ budgets: budget(limit, left) })).toEqual(expected);
  });

  it('what /stats says, in words, also what this page does not know yet', () => {
    const alert = { value: 0.2, limit: 0.1, window: '2026-11-29', sample: 60 };
    const alerts = [
      { ...alert, code: 'escalation_rate' },
      { ...alert, code: 'score_drift' },
      { ...alert, code: 'something_new' },
    ] as RoutingAlert[];
    expect(titles({ stats: { alerts } as Partial<Stats> as Stats })).toEqual([
      'warn: 20 % of the small tier’s judged answers were replaced',
      'warn: What is asked has changed: drift 0.20',
      'warn: something new',
    ]);
  });

  it('comes with the worst first', () => {
    expect(titles({ fleet: fleet({ queued: 1 }, 'down') })).toEqual(['bad: Tunnel box is down', 'warn: m is full']);
  });
});
