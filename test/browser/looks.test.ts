/** What a page must be for everybody: readable for assistive technology in both colour schemes, and no wider than the screen. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { panel } from '../support/browser/reading.ts';
import { sendTraffic } from '../support/browser/traffic.ts';
import { describePages, type PageName, visit } from '../support/browser/visit.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Fault {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Serious and critical faults, in a line each. */
async function faultsIn(page: Page): Promise<string[]> {
  // Evaluated by the browser's own debugger, which the page's policy does not bind.
  await page.evaluate(axe);
  const faults = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as readonly Fault[];
  return faults
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`,
    );
}

/** Each page as it is once it has something to show. */
const ready: Readonly<Record<PageName, (page: Page) => Promise<void>>> = {
  dashboard: async (page) => {
    await panel(page, 'Decisions and errors').waitFor();
    await panel(page, 'Requests').getByRole('row').nth(1).waitFor();
    await panel(page, 'Requests').getByRole('button', { name: 'More filters' }).click();
    await panel(page, 'Requests').getByLabel('Agent').waitFor();
  },
  playground: async (page) => {
    await page.getByLabel('Beside it').selectOption('large');
    await page.getByLabel('Prompt', { exact: true }).fill('Name a harbour.');
    await page.getByRole('button', { name: 'Run' }).click();
    await panel(page, 'large').getByText('Done').waitFor();
    await panel(page, 'Why it goes where it goes').waitFor();
  },
  usage: async (page) => panel(page, 'Limits').waitFor(),
};

const names = ['dashboard', 'playground', 'usage'] as const;
const schemes = ['light', 'dark'] as const;
const cases = names.flatMap((name) => schemes.map((scheme) => [name, scheme] as const));

beforeAll(() => sendTraffic());

describePages('a page', () => {
  test.each(cases)('/%s has no serious fault in %s', async (name, colorScheme) => {
    const page = await visit(name, { colorScheme });
    await ready[name](page);
    expect(await faultsIn(page)).toEqual([]);
  });

  test.each(schemes)('that asks for a token has none in %s', async (colorScheme) => {
    const page = await visit('dashboard', { colorScheme, credential: null });
    await page.getByLabel('Admin token').waitFor();
    expect(await faultsIn(page)).toEqual([]);
  });

  test.each(schemes)('with a request open, and a chart as a table, has none in %s', async (colorScheme) => {
    const page = await visit('dashboard', { colorScheme });
    await ready.dashboard(page);
    await panel(page, 'Cost and savings').getByRole('button', { name: 'Table' }).click();
    expect(await faultsIn(page)).toEqual([]);
    await panel(page, 'Requests').getByRole('row').nth(1).click();
    await page.getByRole('dialog').getByText('The record').waitFor();
    expect(await faultsIn(page)).toEqual([]);
  });

  test.each(names.flatMap((name) => [390, 1024, 1440].map((width) => [name, width] as const)))(
    '/%s is no wider than a screen of %s',
    async (name, width) => {
      const page = await visit(name, { viewport: { width, height: 844 } });
      await ready[name](page);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    },
  );

  test('/usage is no wider than a phone without any days', async () => {
    const page = await visit('usage', { viewport: { width: 390, height: 844 } });
    await ready.usage(page);
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await panel(page, 'Limits').waitFor();
    expect(await page.getByLabel('From', { exact: true }).inputValue()).toBe('');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  });

  test('takes the colours that the reader chooses, and keeps them', async () => {
    const page = await visit('usage', { colorScheme: 'light' });
    const ground = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: 'Use the dark colours' }).click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.getByRole('button', { name: 'Use the light colours' }).waitFor();
    expect(await ground()).toBe(dark);
  });

  test('shows every chart as a table as well', async () => {
    const page = await visit('dashboard');
    await ready.dashboard(page);
    const charts = await page.getByRole('img', { name: /The button Table shows every number/ }).count();
    expect(charts).toBeGreaterThanOrEqual(4);
    expect(await page.getByRole('button', { name: /^Table of/ }).count()).toBe(charts);
  });
});
