/** Who may look: the token is asked for once, tried before it is kept, kept in the tab alone, and forgotten when it is no longer good. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { adminToken, clientKey } from '../../infra/rig/connect.ts';
import { panel } from '../support/browser/reading.ts';
import { describePages, gateway, type PageName, visit } from '../support/browser/visit.ts';

async function signIn(page: Page, label: string, credential: string): Promise<void> {
  await page.getByLabel(label).fill(credential);
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** Everything that a page can leave behind. */
function keptIn(page: Page): Promise<unknown> {
  return page.evaluate('[{ ...sessionStorage }, { ...localStorage }, document.cookie, location.href]');
}

const doors: readonly (readonly [PageName, label: string, credential: string, inside: string])[] = [
  ['dashboard', 'Admin token', adminToken, 'Dashboard'],
  ['playground', 'API key', clientKey, 'Playground'],
  ['usage', 'API key', clientKey, 'My usage'],
];

describePages('a page', () => {
  test.each(doors)('/%s tells who has the wrong one that it is wrong, and lets in who has the right one', async (...door) => {
    const [name, label, credential, inside] = door;
    const page = await visit(name, { credential: null });
    await page.getByText('It stays in this tab').waitFor();
    await signIn(page, label, 'pointsman-certainly-wrong');
    await page.getByRole('alert').filter({ hasText: 'does not accept this' }).waitFor();
    expect(await keptIn(page)).toEqual([{}, {}, '', `${gateway.url}/${name}`]);
    await signIn(page, label, credential);
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.getByRole('heading', { name: inside, level: 1 }).waitFor();
    const kind = name === 'dashboard' ? 'admin' : 'key';
    expect(await keptIn(page)).toEqual([{ [`pointsman.${kind}`]: credential }, {}, '', `${gateway.url}/${name}`]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel(label).waitFor();
    expect(await keptIn(page)).toEqual([{}, {}, '', `${gateway.url}/${name}`]);
  });

  test('asks again when what it kept is no longer good, says why, and keeps it no longer', async () => {
    const message = 'The admin token is wrong.';
    const page = await visit('dashboard');
    await panel(page, 'Decisions and errors').waitFor();
    await page.route('**/stats', (route) =>
      route.fulfill({ status: 401, json: { error: { message, code: 'invalid_api_key' } } }),
    );
    await page.getByRole('alert').filter({ hasText: message }).waitFor();
    await page.getByLabel('Admin token').waitFor();
    expect(await keptIn(page)).toEqual([{}, {}, '', `${gateway.url}/dashboard`]);
  });

  test('keeps its last numbers while there is no connection, says so, and goes on by itself', async () => {
    const page = await visit('dashboard');
    await panel(page, 'Decisions and errors').waitFor();
    await page.context().setOffline(true);
    const alert = page.getByRole('alert');
    await alert.filter({ hasText: 'No connection' }).waitFor();
    expect(await alert.innerText()).toMatch(/The numbers below are of \d\d:\d\d:\d\d/);
    await panel(page, 'Decisions and errors').waitFor();
    await page.context().setOffline(false);
    await alert.waitFor({ state: 'detached' });
  });

  test('says so when it cannot show what it was told, in place of an empty screen', async () => {
    const page = await visit('dashboard', {
      prepare: (fresh) => fresh.route('**/stats', (route) => route.fulfill({ json: { alerts: [] } })),
    });
    await page.getByRole('alert').filter({ hasText: 'cannot show what the gateway answered' }).waitFor();
  });

  test('says that there is no connection to who signs in without one', async () => {
    const page = await visit('playground', { credential: null });
    await page.context().setOffline(true);
    await signIn(page, 'API key', clientKey);
    await page.getByRole('alert').filter({ hasText: 'does not answer' }).waitFor();
  });

  test('is usable by keyboard alone: from the address bar to the token, and on', async () => {
    const page = await visit('dashboard', { credential: null });
    await page.getByLabel('Admin token').waitFor();
    const reached: string[] = [];
    for (let presses = 0; presses < 8 && !reached.includes('Admin token'); presses += 1) {
      await page.keyboard.press('Tab');
      reached.push(
        String(await page.evaluate('document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText ?? ""')),
      );
    }
    expect(reached).toContain('Admin token');
    await page.keyboard.type(adminToken);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
  });
});
