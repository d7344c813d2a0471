/** Reads a page as a person would: panels by their titles, tables by their rows. */
import type { Locator, Page } from 'playwright-core';

export function panel(page: Page, title: string): Locator {
  return page.getByRole('region', { name: title, exact: true });
}

/** Every row's cells, as they are shown, once there are any: panels get their numbers one after the other. */
export async function rowsIn(place: Locator): Promise<string[][]> {
  await place.locator('tbody tr').first().waitFor();
  const rows = await place.locator('tbody tr').allInnerTexts();
  return rows.map((row) => row.split('\t').map((cell) => cell.trim()));
}

/** The number of a tile, and what stands below it. */
export async function tile(page: Page, title: string): Promise<string[]> {
  const text = await page
    .locator('.tile')
    .filter({ has: page.locator('dt', { hasText: new RegExp(`^${title}$`) }) })
    .innerText();
  return text.split('\n').slice(1);
}

/** What stands beside the names of a chart's series, once there are any. */
export async function keyOf(place: Locator): Promise<Record<string, string>> {
  await place.locator('.key dt').first().waitFor();
  const names = await place.locator('.key dt').allInnerTexts();
  const values = await place.locator('.key dd').allInnerTexts();
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

/** A list of counts below its heading. */
export async function countsOf(place: Locator, title: string): Promise<string[]> {
  const list = place.locator('.count-list').filter({ has: place.page().getByRole('heading', { name: title, exact: true }) });
  await list.locator('li').first().waitFor();
  return (await list.locator('li').allInnerTexts()).map((line) => line.split('\n').join(': '));
}
