/** Every panel of the dashboard shows the numbers that `/stats` has, written by the page's own rules. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import type { BudgetList, Series } from '../../shared/observed.ts';
import type { Stats } from '../../shared/records.ts';
import { count, day, duration, nanoUsd, nothing, percent, short, usd, words } from '../../worker/dashboard/data/format.ts';
import { countsOf, keyOf, panel, rowsIn, tile } from '../support/browser/reading.ts';
import { sendTraffic } from '../support/browser/traffic.ts';
import { describePages, gateway, visit } from '../support/browser/visit.ts';

let stats: Stats;

beforeAll(async () => {
  const { id, key } = await gateway.makeKey({ name: 'with a budget', budgets: [{ period: 'day', limit_usd: 0.01 }] });
  await (await gateway.chat({ model: 'large', messages: [{ role: 'user', content: 'Name a pier.' }] }, {}, { key })).text();
  await until('its request is counted', async () => (await gateway.stats()).keys[id]?.requests === 1);
  await sendTraffic();
  stats = await gateway.stats();
});

/** As it is once the page has its numbers. */
async function shown<T>(read: (page: Page) => Promise<T>): Promise<T> {
  const page = await visit('dashboard');
  await panel(page, 'Decisions and errors').waitFor();
  return read(page);
}

function byCount(counts: Readonly<Record<string, number>>, name = words): string[] {
  const rows = Object.entries(counts).filter(([, number]) => number > 0);
  return rows.toSorted(([, a], [, b]) => b - a).map(([id, number]) => `${name(id)}: ${count(number)}`);
}

describePages('the dashboard', () => {
  test('has had requests of every sort', () => {
    const { totals, fallbacks } = stats;
    expect(totals.requests).toBeGreaterThanOrEqual(14);
    expect([totals.refused, fallbacks, totals.requests - totals.succeeded].map((number) => number > 0)).toEqual([
      true,
      true,
      true,
    ]);
    expect(Object.keys(stats.models).toSorted()).toEqual(['qwen2.5-32b', 'qwen2.5-7b']);
  });

  test('its tiles say what was saved, spent, asked and how long it took', async () => {
    const { totals, latency_ms: latency, first_byte_ms: first } = stats;
    const saved = totals.all_large_cost_nano_usd - totals.cost_nano_usd;
    const tiles = await shown((page) =>
      Promise.all(['Saved', 'Cost', 'Requests', 'Tokens', 'Latency P95', 'First token P95'].map((title) => tile(page, title))),
    );
    expect(tiles.map((lines) => lines.slice(0, 2))).toEqual([
      [nanoUsd(saved), `${percent(saved, totals.all_large_cost_nano_usd)} less than all-large`],
      [nanoUsd(totals.cost_nano_usd), `all-large ${nanoUsd(totals.all_large_cost_nano_usd)}`],
      [short(totals.requests), `${count(totals.requests - totals.succeeded)} not answered, ${count(totals.refused)} refused`],
      [short(totals.tokens.total), `${short(totals.tokens.prompt)} in, ${short(totals.tokens.completion)} out`],
      [duration(latency.p95), `P50 ${duration(latency.p50)}, P99 ${duration(latency.p99)}`],
      [duration(first.p95), `P50 ${duration(first.p50)}, P99 ${duration(first.p99)}`],
    ]);
  });

  test('its charts add up to the same sums', async () => {
    const { totals, routing_split: split, endings, fallbacks, escalations, rescues } = stats;
    const requests = split.small.requests + split.large.requests + split.vision.requests;
    const titles = ['Cost and savings', 'Routing split', 'Tokens', 'Not answered', 'Recovered and reused'];
    const keys = await shown((page) => Promise.all(titles.map((title) => keyOf(panel(page, title)))));
    expect(keys).toEqual([
      {
        'All-large': nanoUsd(totals.all_large_cost_nano_usd),
        Actual: nanoUsd(totals.cost_nano_usd),
        'All-small': nanoUsd(totals.all_small_cost_nano_usd),
      },
      {
        Small: `${count(split.small.requests)} · ${percent(split.small.requests, requests)}`,
        Large: `${count(split.large.requests)} · ${percent(split.large.requests, requests)}`,
      },
      { Prompt: count(totals.tokens.prompt), Completion: count(totals.tokens.completion) },
      expect.objectContaining({
        'Upstream error': count(endings['upstream_error'] ?? 0),
        Timeout: count(endings['timeout'] ?? 0),
      }),
      {
        Fallbacks: count(fallbacks),
        Escalations: count(escalations.count),
        Rescues: count(rescues),
        'Cache hits': count(stats.caches['hit'] ?? 0),
      },
    ]);
  });

  test('a chart’s table has a row for every stretch, and its sum', async () => {
    const rows = await shown(async (page) => {
      const chart = panel(page, 'Routing split');
      await chart.getByRole('button', { name: 'Table' }).click();
      return rowsIn(chart);
    });
    expect(rows).toHaveLength(60);
    const sum = (column: number): number => rows.reduce((total, row) => total + Number(row[column]), 0);
    expect([sum(1), sum(2)]).toEqual([stats.routing_split.small.requests, stats.routing_split.large.requests]);
  });

  test('its tables have every model, agent and key', async () => {
    const [models, agents, keys] = await shown(async (page) => {
      const asking = panel(page, 'Who asks');
      const whole = asking.getByRole('button', { name: 'Show all' });
      if ((await whole.count()) > 0) await whole.click();
      const agents = await rowsIn(asking);
      await asking.getByRole('button', { name: 'Keys' }).click();
      return [await rowsIn(panel(page, 'Models')), agents, await rowsIn(asking)];
    });
    expect(models).toEqual(
      Object.entries(stats.models)
        .toSorted(([, a], [, b]) => b.requests - a.requests)
        .map(([id, { requests, succeeded, latency_ms: whole, first_byte_ms: first, tokens, cost_nano_usd: cost, judged }]) => [
          id,
          count(requests),
          percent(succeeded, requests),
          ...[whole.p50, whole.p95, whole.p99, first.p50, first.p95, first.p99].map(duration),
          short(tokens.prompt),
          short(tokens.completion),
          nanoUsd(cost),
          count(judged.answers),
          percent(judged.escalated, judged.answers),
        ]),
    );
    const groups = (of: Stats['agents'] | Stats['keys']) =>
      Object.entries(of)
        .toSorted(([, a], [, b]) => b.requests - a.requests)
        .map(([id, group]) => ({ ...group, name: 'name' in group && group.name !== null ? group.name : id }))
        .map(({ name, requests, tokens, cost_nano_usd: cost }) => [name, count(requests), short(tokens.total), nanoUsd(cost)]);
    const four = (rows: string[][] | undefined) => rows?.map((row) => [row[0], row[1], row[4], row[5]]);
    expect(four(agents)).toEqual(groups(stats.agents));
    expect(four(keys)).toEqual(groups(stats.keys));
  });

  test('its lists count decisions, endings, errors, refusals and fallback paths', async () => {
    const titles = ['What decided', 'Strategies', 'Endings', 'Errors', 'Refused', 'Fallback paths'];
    const lists = await shown((page) => Promise.all(titles.map((title) => countsOf(panel(page, 'Decisions and errors'), title))));
    const sorted = (list: string[]) => list.toSorted();
    expect(lists.map(sorted)).toEqual(
      [
        byCount(stats.routing_rules),
        byCount(stats.strategies),
        byCount(stats.endings),
        byCount(stats.errors),
        byCount(stats.refusals),
        byCount(stats.fallback_paths, (path) => path.replace('>', ' → ')),
      ].map(sorted),
    );
  });

  test('its latency is that of each model, whole answers and first tokens', async () => {
    const { buckets } = JSON.parse(await (await gateway.admin('GET', '/stats/series?range=hour')).text()) as Series;
    const newest = (model: string, measure: 'latency_ms' | 'first_byte_ms') => {
      const last = (field: 'p50' | 'p95' | 'p99') =>
        buckets.map((bucket) => bucket.models[model]?.[measure][field] ?? null).findLast((value) => value !== null) ?? null;
      return { P99: duration(last('p99')), P95: duration(last('p95')), P50: duration(last('p50')) };
    };
    const keys = await shown(async (page) => {
      const chart = panel(page, 'Latency');
      const seen = [await keyOf(chart)];
      for (const name of ['First token', 'qwen2.5-7b', 'Whole answer']) {
        await chart.getByRole('button', { name, exact: true }).click();
        seen.push(await keyOf(chart));
      }
      return seen;
    });
    const [large, small] = ['qwen2.5-32b', 'qwen2.5-7b'];
    expect(keys).toEqual([
      newest(large, 'latency_ms'),
      newest(large, 'first_byte_ms'),
      newest(small, 'first_byte_ms'),
      newest(small, 'latency_ms'),
    ]);
    expect(keys.flatMap(Object.values)).not.toContain(nothing);
  });

  test('its drift has a row for every day and classifier', async () => {
    const rows = await shown((page) => rowsIn(panel(page, 'Drift and judged answers')));
    const expected = Object.entries(stats.days).flatMap(([date, { scores, judged }]) =>
      Object.entries(scores).map(([version, { requests, drift }], index) => {
        const answers = index === 0 ? Object.values(judged) : [];
        const total = answers.reduce((sum, one) => sum + one.answers, 0);
        const replaced = answers.reduce((sum, one) => sum + one.escalated, 0);
        const reading = drift === null ? 'no reference' : (drift.reading ?? 'too few to tell');
        return [
          day(date),
          version,
          count(requests),
          drift?.psi.toFixed(2) ?? nothing,
          reading,
          count(total),
          percent(replaced, total),
        ];
      }),
    );
    expect(rows).toEqual(expected);
    expect(rows.length).toBeGreaterThan(0);
  });

  test('its budgets are those of every key, with what is left of them', async () => {
    const { budgets } = JSON.parse(await (await gateway.admin('GET', '/admin/budgets')).text()) as BudgetList;
    const lines = await shown(async (page) => {
      const list = panel(page, 'Budgets').locator('.budgets li');
      await list.first().waitFor();
      return list.allInnerTexts();
    });
    expect(lines.map((line) => line.replaceAll(/\s+/g, ' ').replace(/; begins again .*$/, ''))).toEqual(
      budgets.map(({ key_name: name, window, limit_usd: limit, spent_usd: spent, remaining_usd: left }) => {
        const sums = `${usd(spent)} of ${usd(limit)} a ${window}, ${usd(left)} left`;
        return `${name} ${percent(limit - left, limit)} ${sums}`;
      }),
    );
    expect(budgets.find(({ key_name: name }) => name === 'with a budget')?.spent_usd).toBeGreaterThan(0);
  });

  test('its fleet is what stands behind the gateway', async () => {
    const text = await shown(async (page) => {
      await page.getByText('breaker').first().waitFor();
      return panel(page, 'Models and tunnels').innerText();
    });
    for (const id of ['qwen2.5-7b', 'qwen2.5-32b']) expect(text).toContain(id);
    expect(text.match(/breaker closed/g)).toHaveLength(2);
    expect(text).toMatch(/\d+ of \d+ places|no limit/);
  });
});
