/** Looking for requests: filters, pages, an address for each of them, and where the rows come from. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import type { RequestList } from '../../shared/observed.ts';
import { panel } from '../support/browser/reading.ts';
import { describePages, gateway, visit } from '../support/browser/visit.ts';

const total = 45;

async function ask(id: string, headers: Readonly<Record<string, string>>, content = 'Name a port.'): Promise<void> {
  const body = { model: 'small', messages: [{ role: 'user', content }], max_tokens: 4 };
  await (await gateway.chat(body, { 'x-request-id': id, ...headers })).text();
}

const found = async (query: string): Promise<RequestList> =>
  JSON.parse(await (await gateway.get(`/admin/requests?${query}`)).text());

beforeAll(async () => {
  for (let from = 0; from < total; from += 5)
    await Promise.all(
      [0, 1, 2, 3, 4].map((at) => ask(`search-${from + at}`, { 'x-agent-name': 'searcher', 'x-session-id': 'one-talk' })),
    );
  await ask('lone-request', { 'x-agent-name': 'loner' });
  await until('all have ended', async () => (await found('agent=searcher&limit=200')).requests.length === total);
});

const requestsOf = (page: Page) => panel(page, 'Requests');
const rowsOf = (page: Page) => requestsOf(page).locator('tbody tr');

async function withFilters(): Promise<Page> {
  const page = await visit('dashboard');
  await requestsOf(page).getByRole('button', { name: 'More filters' }).click();
  return page;
}

describePages('the search', () => {
  test('narrows requests by what is entered, says where they come from, and is in the address', async () => {
    const page = await withFilters();
    const requests = requestsOf(page);
    await requests.getByLabel('Agent').fill('loner');
    await requests.getByLabel('Agent').press('Enter');
    await requests.getByText('From the record').waitFor();
    await until('one row is left', async () => (await rowsOf(page).count()) === 1);
    expect(await rowsOf(page).first().innerText()).toContain('loner');
    await requests.getByText(/These are the newest requests that the gateway keeps, back to /).waitFor();
    await until('the address says so', () => new URL(page.url()).search === '?agent=loner');
    await requests.getByText('More filters (1)').waitFor();
    await page.reload();
    await until('the filter is kept', async () => (await rowsOf(page).count()) === 1);
    expect(await requests.getByLabel('Agent').inputValue()).toBe('loner');
    await requests.getByRole('button', { name: 'Clear all' }).click();
    await until('all are shown again', async () => (await rowsOf(page).count()) === 20);
    await until('the address says so', () => new URL(page.url()).search === '');
  });

  test('leaves alone what is being typed while requests end', async () => {
    const page = await withFilters();
    await requestsOf(page).getByLabel('Agent').fill('half a na');
    await ask('while-typing', { 'x-agent-name': 'typist' });
    await rowsOf(page).filter({ hasText: 'typist' }).first().waitFor();
    expect(await requestsOf(page).getByLabel('Agent').inputValue()).toBe('half a na');
  });

  test('turns pages by a cursor that stands still while others end', async () => {
    const page = await withFilters();
    const requests = requestsOf(page);
    await requests.getByLabel('Session').fill('one-talk');
    await requests.getByLabel('Session').press('Tab');
    await requests.getByText('From the record').waitFor();
    const seen = new Set<string>();
    const read = async (rows: number): Promise<void> => {
      await until('the page is there', async () => (await rowsOf(page).count()) === rows);
      for (const row of await rowsOf(page).all()) {
        await row.getByRole('button').click();
        seen.add((await page.getByRole('dialog').locator('code').first().innerText()).trim());
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
    };
    await read(20);
    await ask('search-late', { 'x-agent-name': 'late', 'x-session-id': 'another-talk' });
    await requests.getByRole('button', { name: 'Older' }).click();
    await until('the first of the next page is there', async () => (await rowsOf(page).count()) === 20);
    await requests.getByRole('button', { name: 'Newer', exact: true }).waitFor();
    await requests.getByRole('button', { name: 'Older' }).click();
    await read(total - 40);
    expect(seen.size).toBe(total - 20);
    expect(await requests.getByRole('button', { name: 'Older' }).count()).toBe(0);
  });

  test('says what is wrong with a filter', async () => {
    const page = await withFilters();
    const requests = requestsOf(page);
    await requests.getByLabel('Status').fill('nine');
    await requests.getByLabel('Status').press('Enter');
    await requests.getByText('These could not be looked for').waitFor();
    await requests.getByText(/Expected a status from 200 to 599/).waitFor();
  });

  test('takes times in the reader’s own zone', async () => {
    const page = await visit('dashboard', { timezoneId: 'Asia/Kolkata' });
    const requests = requestsOf(page);
    await requests.getByRole('button', { name: 'More filters' }).click();
    await requests.getByLabel('Ended from').fill('2026-01-02T05:30');
    await until('the address has it', () => new URL(page.url()).searchParams.get('from') === '2026-01-02T00:00:00.000Z');
    expect(await requests.getByLabel('Ended from').inputValue()).toBe('2026-01-02T05:30');
  });

  test('has an address for one request, which going back closes', async () => {
    const page = await visit('dashboard');
    await rowsOf(page).first().waitFor();
    await page.goto(`${gateway.url}/dashboard?request=lone-request`);
    const dialog = page.getByRole('dialog', { name: 'Request' });
    await dialog.getByText('The record').waitFor();
    expect(await dialog.innerText()).toContain('lone-request');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await until('the address says so', () => new URL(page.url()).search === '');
    await rowsOf(page).first().getByRole('button').click();
    await dialog.getByText('The record').waitFor();
    await until('the address names it', () => new URL(page.url()).searchParams.has('request'));
    await page.goBack();
    await dialog.waitFor({ state: 'detached' });
  });

  test.each([
    ['a phone', { viewport: { width: 390, height: 844 } }],
    ['the dark', { colorScheme: 'dark' }],
  ] as const)('fits on %s', async (_, context) => {
    const page = await visit('dashboard', context);
    const requests = requestsOf(page);
    await requests.getByRole('button', { name: 'More filters' }).click();
    await requests.getByLabel('Agent').fill('searcher');
    await requests.getByLabel('Agent').press('Enter');
    await until('the page is there', async () => (await rowsOf(page).count()) === 20);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });
});
