/** Every panel of the dashboard has data from a gateway that served, fell back, escalated and refused; and a rule fires on the real thing. */
import { fileURLToPath, URL } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { expressionsOf, readDashboard, withVariables } from '../../infra/grafana/dashboard.ts';
import { readRepoFile } from '../../infra/graph/source-files.ts';
import { type Prometheus, startPrometheus } from '../../infra/prometheus/server.ts';
import { noPrometheus } from '../../infra/prometheus/tools.ts';
import { adminToken, clientKey } from '../../infra/rig/connect.ts';
import { poolingServers } from '../../infra/rig/pooling-servers.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { inParallel, pause, until } from '../../infra/rig/waiting.ts';

/** The shipped reference is of too few requests to compare a day with. */
const largeReference = { counts: Array.from({ length: 20 }, (_, bucket) => (bucket < 4 ? 500 : 100)) };
const expressions = expressionsOf(readDashboard(readRepoFile('infra/grafana/pointsman.json')));

describe.skipIf(noPrometheus !== null)(`the dashboard (${noPrometheus ?? 'asked of Prometheus'})`, () => {
  let gateway: Rig;
  let prometheus: Prometheus;

  beforeAll(async () => {
    gateway = await startRig({
      on: inject('bundle'),
      direct: poolingServers.filter(({ kind }) => kind === 'embedding'),
      overrides: {
        limits: { budgets: [{ period: 'month', limit_usd: 0.0005, when_exhausted: 'cheap_tier' }] },
        routing: { agents: { planner: {} }, classifier: { reference: largeReference } },
      },
    });
    prometheus = await startPrometheus({
      url: gateway.url,
      token: adminToken,
      scrapeSeconds: 1,
      ruleFiles: [fileURLToPath(new URL('../../infra/prometheus/rules.yml', import.meta.url))],
    });
    await serve();
  }, 240_000);

  afterAll(async () => {
    await prometheus?.stop();
    await gateway?.stop();
  });

  /** Enough requests that the day's scores can be compared, of every kind that a panel shows. */
  async function serve(): Promise<void> {
    const questions = ['Hello', 'Write a Python function that sorts a list', 'Prove step by step that 17 is prime'];
    // What it has not seen at 0 it does not see grow.
    await until(
      'Prometheus scrapes',
      async () => (await prometheus.query('count_over_time(up[1m])'))[0]?.value !== undefined,
      20_000,
    );
    const named = { model: 'large', max_tokens: 5, messages: [{ role: 'user', content: 'Hello' }] };
    for (let index = 0; index < 10; index += 1) expect(await (await gateway.chat(named)).json()).toMatchObject({ usage: {} });
    const documents = [{ id: 'pier', text: 'The pier opens at nine.' }];
    const asked = [
      ['/v1/rag/documents', { documents }],
      ['/v1/rag/query', { query: 'When does the pier open?' }],
    ] as const;
    const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };
    for (const [path, body] of asked) {
      expect((await fetch(`${gateway.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status).toBe(200);
    }
    await inParallel(220, 8, async (index) => {
      const body = { stream: index % 2 === 0, max_tokens: 20, messages: [{ role: 'user', content: questions[index % 3] }] };
      await (await gateway.chat(body, index % 5 === 0 ? { 'x-agent-name': 'planner' } : {})).text();
    });
    await (await gateway.get('/v1/models', 'sk-of-nobody')).text();
    const valueOf = async (expression: string) => (await prometheus.query(expression))[0]?.value;
    await until(
      'Prometheus has all of it',
      async () => {
        const { requests, refused } = (await gateway.stats()).totals;
        const seen = [await valueOf('sum(agent_router_requests_total)'), await valueOf('sum(pointsman_refused_total)')];
        return requests >= 230 && refused >= 1 && seen[0] === requests && seen[1] === refused;
      },
      30_000,
    );
    // A rate is of two scrapes.
    await pause(2500);
  }

  // There is no rented pod here, and nothing is wrong with one: what is told of them is asked in test/survival/pods.test.ts.
  test.each(expressions.filter(({ expr }) => !expr.includes('pointsman_pod_')))('$title: $expr', async ({ expr }) => {
    const values = (await prometheus.query(withVariables(expr, '5m'))).map(({ value }) => value);
    expect(values.length).toBeGreaterThan(0);
    expect(values.some(Number.isFinite)).toBe(true);
  });

  test('what is told of tiers, tokens and money is not 0', async () => {
    const valueOf = async (expression: string) => (await prometheus.query(expression))[0]?.value;
    for (const expression of [
      'sum(rate(agent_router_requests_total[5m]))',
      'sum(rate(pointsman_routed_total{tier="large"}[5m]))',
      'sum(rate(pointsman_tokens_total{kind="completion"}[5m]))',
      'pointsman_savings_usd',
      'histogram_quantile(0.95, sum by (le) (rate(pointsman_time_to_first_token_seconds_bucket[5m])))',
      'sum(rate(pointsman_object_calls_total[5m]))',
    ]) {
      expect([expression, (await valueOf(expression)) ?? 0]).toEqual([expression, expect.toSatisfy((value) => value > 0)]);
    }
  });

  test('a budget of which more than four fifths are spent raises its alert', async () => {
    await until(
      'the alert fires',
      async () => {
        const [alert] = await prometheus.query('ALERTS{alertname="PointsmanBudget", alertstate="firing"}');
        return alert?.labels['budget'] === 'total';
      },
      20_000,
    );
  });
});
