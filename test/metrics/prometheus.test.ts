/** Prometheus itself scrapes the gateway while it serves: what it has then is what the ledger has, and no client can make it keep more. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Prometheus, startPrometheus } from '../../infra/prometheus/server.ts';
import { noPrometheus, promtool } from '../../infra/prometheus/tools.ts';
import { adminToken, clientKey } from '../../infra/rig/connect.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { comesTrue, inParallel, until } from '../../infra/rig/waiting.ts';
import type { Stats } from '../../shared/records.ts';

const metricsToken = 'pointsman-local-rig-metrics';
const scrapeSeconds = 1;
const openMetrics = { accept: 'application/openmetrics-text; version=1.0.0' };

let gateway: Rig;

beforeAll(async () => {
  gateway = await startRig({
    on: inject('bundle'),
    isolates: 2,
    vars: { METRICS_TOKEN: metricsToken },
    overrides: { routing: { agents: { planner: {} } } },
  });
});

afterAll(() => gateway.stop());

function page(token: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${gateway.url}/metrics`, { headers: { ...headers, authorization: `Bearer ${token}` } });
}

describe('GET /metrics', () => {
  test('opens for its own token and for operators, and its token opens nothing else', async () => {
    expect((await page(metricsToken)).status).toBe(200);
    expect((await page(adminToken)).status).toBe(200);
    expect((await page(clientKey)).status).toBe(403);
    expect((await page(`${metricsToken}x`)).status).toBe(401);
    for (const path of ['/stats', '/admin/keys', '/router/info']) {
      expect((await gateway.get(path, metricsToken)).status).toBe(401);
    }
  });

  test('answers in the format that is asked for', async () => {
    expect((await page(metricsToken)).headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const response = await page(metricsToken, openMetrics);
    expect(response.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(await response.text()).toMatch(/\n# EOF\n$/);
  });

  test.skipIf(noPrometheus !== null)('promtool takes what a gateway says that has served', async () => {
    await (await gateway.chat({ model: 'auto', stream: true, messages: [{ role: 'user', content: 'Hello' }] })).text();
    expect(promtool(['check', 'metrics'], await (await page(metricsToken)).text())).toEqual({ isGood: true, output: '' });
  });
});

describe.skipIf(noPrometheus !== null)(`Prometheus (${noPrometheus ?? 'scraping'})`, () => {
  let prometheus: Prometheus;

  beforeAll(async () => {
    prometheus = await startPrometheus({ url: gateway.url, token: metricsToken, scrapeSeconds });
  });

  afterAll(() => prometheus.stop());

  const valueOf = async (expression: string): Promise<number | undefined> => (await prometheus.query(expression))[0]?.value;

  /** The sums of both sides, once Prometheus has scraped what `/stats` shows. */
  async function compared(): Promise<readonly (readonly [string, number | undefined, number])[]> {
    let rows: readonly (readonly [string, number | undefined, number])[] = [];
    let last = '';
    const agree = async () => {
      const stats = await gateway.stats();
      const asked = Object.entries(sums).map(
        async ([expression, read]) => [expression, await valueOf(expression), read(stats)] as const,
      );
      rows = await Promise.all(asked);
      const isSteady = last === JSON.stringify(rows);
      last = JSON.stringify(rows);
      return isSteady && rows.every(([, there, here]) => there === here);
    };
    await comesTrue(agree, 30_000, scrapeSeconds * 1500);
    return rows;
  }

  test('has the sums of /stats, to the request, the token and the nano-dollar, after scraping during load', async () => {
    const kinds = ['Hello', 'Write a Python function that sorts a list', 'Prove step by step that 17 is prime'];
    await inParallel(300, 16, async (index) => {
      const isolate = gateway.isolates[index % 2];
      const body = {
        model: ['auto', 'small', 'large'][index % 3],
        stream: index % 2 === 0,
        max_tokens: 20,
        messages: [{ role: 'user', content: index % 29 === 0 ? '[[fault:500]]Hello' : kinds[index % 3] }],
      };
      await (await isolate?.chat(body, index % 5 === 0 ? { 'x-agent-name': 'planner' } : {}))?.text();
    });
    await inParallel(20, 4, async () => void (await (await page('no-such-token-at-all')).text()));
    const rows = await compared();
    for (const [expression, there, here] of rows) expect([expression, there]).toEqual([expression, here]);
    expect(rows.find(([expression]) => expression === 'sum(agent_router_requests_total)')?.[2]).toBeGreaterThanOrEqual(300);
    expect(await prometheus.scrapeErrors()).toEqual([]);
    expect(await valueOf('min_over_time(up[5m])')).toBe(1);
  }, 120_000);

  test('keeps not one series more for 10,000 invented models, agents, paths and keys', async () => {
    const before = await valueOf('scrape_samples_scraped');
    const hello = { model: 'small', max_tokens: 1, messages: [{ role: 'user', content: 'Hello' }] };
    const invent: readonly ((name: string) => Promise<Response>)[] = [
      (name) => gateway.chat({ ...hello, model: name }),
      (name) => gateway.chat(hello, { 'x-agent-name': name }),
      (name) => gateway.get(`/v1/${name}`),
      (name) => gateway.chat(hello, {}, { key: `sk-${name}-invented` }),
    ];
    await inParallel(10_000, 16, async (index) => {
      const response = await invent[index % invent.length]?.(`x${index}`);
      await response?.text();
    });
    for (const [expression, there, here] of await compared()) expect([expression, there]).toEqual([expression, here]);
    expect(await valueOf('scrape_samples_scraped')).toBe(before);
    expect(await valueOf('max_over_time(scrape_samples_scraped[10m])')).toBe(before);
    expect(await prometheus.query('{agent=~"x.*"} or {model=~"x.*"}')).toEqual([]);
    expect(await valueOf('sum(pointsman_agent_requests_total{agent="other"})')).toBe(2500);
  }, 300_000);

  test('sees a queue, places and a model that is down as they are', async () => {
    await gateway.control('large', { down: true });
    await until(
      'Prometheus has it',
      async () => {
        await (await gateway.chat({ model: 'large', max_tokens: 1, messages: [{ role: 'user', content: 'Hello' }] })).text();
        return (await valueOf('agent_router_model_health{model="qwen2.5-32b"}')) === 0;
      },
      30_000,
    );
    expect(await valueOf('pointsman_breaker_state{model="qwen2.5-32b",breaker="closed"}')).toBe(0);
    expect(await valueOf('agent_router_model_health{model="qwen2.5-7b"}')).toBe(1);
    expect(await valueOf('pointsman_places{model="qwen2.5-7b"}')).toBe(64);
    await gateway.control('large', { down: false });
  }, 60_000);
});

/** By expression: the same number in `/stats`. */
const sums: Readonly<Record<string, (stats: Stats) => number>> = {
  'sum(agent_router_requests_total)': ({ totals }) => totals.requests,
  'sum(agent_router_requests_total{status="ok"})': ({ totals }) => totals.succeeded,
  'sum(agent_router_model_requests_total)': ({ totals }) => totals.requests,
  'sum(agent_router_latency_seconds_count)': ({ latency_ms }) => latency_ms.count,
  'sum(agent_router_errors_total)': ({ error_types }) => total(error_types),
  'sum(agent_router_fallback_requests_total)': ({ fallback_paths }) => total(fallback_paths),
  'sum(agent_router_intent_classification_total)': ({ intent_bands }) => total(intent_bands),
  'sum(pointsman_time_to_first_token_seconds_count)': ({ first_byte_ms }) => first_byte_ms.count,
  'sum(pointsman_tokens_total{kind="prompt"})': ({ totals }) => totals.tokens.prompt,
  'sum(pointsman_tokens_total{kind="completion"})': ({ totals }) => totals.tokens.completion,
  'round(sum(pointsman_cost_usd_total) * 1e9)': ({ totals }) => totals.cost_nano_usd,
  'round(pointsman_all_large_cost_usd_total * 1e9)': ({ totals }) => totals.all_large_cost_nano_usd,
  'sum(pointsman_refused_total)': ({ totals }) => totals.refused,
  'sum(pointsman_attempts_total)': ({ totals }) => totals.attempts,
  'sum(pointsman_routed_total)': ({ routing_split: { small, large, vision } }) =>
    small.requests + large.requests + vision.requests,
  'sum(pointsman_agent_requests_total)': ({ totals }) => totals.requests,
  'pointsman_agent_requests_total{agent="planner"}': ({ agents }) => agents['planner']?.requests ?? 0,
};

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
