/** A customer's own page: what that key used, and nothing of any other. */
import { expect, test } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import { count, short, usd } from '../../worker/dashboard/data/format.ts';
import { panel, rowsIn, tile } from '../support/browser/reading.ts';
import { describePages, gateway, visit } from '../support/browser/visit.ts';

interface Usage {
  readonly usage: { readonly requests: number; readonly cost_usd: number; readonly tokens: { readonly total: number } };
  readonly budgets: readonly { readonly remaining_usd: number }[];
}

const usageOf = async (key: string, query = ''): Promise<Usage> =>
  JSON.parse(await (await gateway.get(`/v1/usage${query}`, key)).text());

async function ask(key: string, agent: string): Promise<void> {
  const body = { model: 'large', messages: [{ role: 'user', content: '[[tokens:30]]Name a harbour.' }] };
  await (await gateway.chat(body, { 'x-agent-name': agent }, { key })).text();
}

/** Waits until the key's own numbers have so many requests. */
async function counted(key: string, requests: number): Promise<void> {
  await until('the key’s numbers are complete', async () => (await usageOf(key)).usage.requests === requests, 20_000);
}

describePages('the page of a key’s own usage', () => {
  test('shows that key alone: its requests, tokens, cost and what is left of its budget', async () => {
    const mine = await gateway.makeKey({ name: 'mine', budgets: [{ period: 'month', limit_usd: 5 }] });
    const other = await gateway.makeKey({ name: 'other' });
    await Promise.all([ask(mine.key, 'mine-agent'), ask(mine.key, 'mine-agent'), ask(other.key, 'other-agent')]);
    await counted(mine.key, 2);
    const told = await usageOf(mine.key);
    const page = await visit('usage', { credential: mine.key });
    await panel(page, 'By agent').getByText('mine-agent').waitFor();
    expect((await tile(page, 'Requests'))[0]).toBe(count(2));
    expect((await tile(page, 'Cost'))[0]).toBe(usd(told.usage.cost_usd));
    expect((await tile(page, 'Tokens'))[0]).toBe(short(told.usage.tokens.total));
    expect((await tile(page, 'Left'))[0]).toBe(usd(told.budgets[0]?.remaining_usd ?? 0));
    expect((await rowsIn(panel(page, 'By model'))).map(([model, requests]) => [model, requests])).toEqual([['qwen2.5-32b', '2']]);
    expect((await rowsIn(panel(page, 'By agent'))).map(([agent, requests]) => [agent, requests])).toEqual([['mine-agent', '2']]);
    await panel(page, 'Cost by day').getByRole('button', { name: 'Table' }).click();
    const days = await rowsIn(panel(page, 'Cost by day'));
    expect(days.map(([, cost]) => cost)).toEqual([usd(told.usage.cost_usd), ...Array.from({ length: 29 }, () => usd(0))]);
    const text = await page.locator('body').innerText();
    expect(text).toContain(mine.id);
    for (const foreign of [other.id, 'other-agent', 'bootstrap']) expect(text).not.toContain(foreign);
  });

  test('shows the days that are chosen', async () => {
    const { key } = await gateway.makeKey({ name: 'days' });
    await ask(key, 'days-agent');
    await counted(key, 1);
    const page = await visit('usage', { credential: key });
    const shows = async (requests: number): Promise<void> => {
      await expect.poll(async () => (await tile(page, 'Requests'))[0], { timeout: 10_000 }).toBe(count(requests));
    };
    const choice = (name: string) => page.getByRole('group', { name: 'Days' }).getByRole('button', { name, exact: true });
    await panel(page, 'By agent').getByText('days-agent').waitFor();
    const today = await page.getByLabel('to', { exact: true }).inputValue();
    const yesterday = new Date(Date.parse(today) - 86_400_000).toISOString().slice(0, 10);
    await page.getByLabel('From', { exact: true }).fill(yesterday);
    await page.getByLabel('to', { exact: true }).fill(yesterday);
    expect((await usageOf(key, `?from=${yesterday}&to=${yesterday}`)).usage.requests).toBe(0);
    await shows(0);
    await panel(page, 'By agent').getByText('days-agent').waitFor({ state: 'detached' });
    expect(await choice('7 days').getAttribute('aria-pressed')).toBe('false');
    await choice('7 days').click();
    await shows(1);
    await panel(page, 'By agent').getByText('days-agent').waitFor();
    expect(await choice('7 days').getAttribute('aria-pressed')).toBe('true');
    expect(await page.getByLabel('to', { exact: true }).inputValue()).toBe(today);
    await choice('All').click();
    await shows(1);
    expect(await page.getByLabel('From', { exact: true }).inputValue()).toBe('');
  });

  test('keeps what it shows, and says why, while the last day is before the first', async () => {
    const { key } = await gateway.makeKey({ name: 'order' });
    await ask(key, 'order-agent');
    await counted(key, 1);
    const page = await visit('usage', { credential: key });
    await panel(page, 'By agent').getByText('order-agent').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(request.url()));
    const today = await page.getByLabel('to', { exact: true }).inputValue();
    const tomorrow = new Date(Date.parse(today) + 86_400_000).toISOString().slice(0, 10);
    await page.getByLabel('From', { exact: true }).fill(tomorrow);
    await page.getByRole('alert').getByText('The last day is before the first one.').waitFor();
    await panel(page, 'By agent').getByText('order-agent').waitFor();
    expect(asked.filter((url) => url.includes(`from=${tomorrow}`))).toEqual([]);
    await page.getByLabel('to', { exact: true }).fill(tomorrow);
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await panel(page, 'By agent').getByText('order-agent').waitFor({ state: 'detached' });
  });

  test('says what to do while there is nothing to show', async () => {
    const { key } = await gateway.makeKey({ name: 'fresh' });
    const page = await visit('usage', { credential: key });
    await panel(page, 'Cost by day').getByText('Nothing was used on these days').waitFor();
    await panel(page, 'Budgets').getByText('No budget').waitFor();
    expect((await tile(page, 'Left'))[0]).toBe('no budget');
  });
});
