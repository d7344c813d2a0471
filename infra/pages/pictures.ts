/**
 * `npm run pictures`: the pictures of the pages in docs/images/, of a gateway with stand-ins that has been asked for a while. What they show
 * was counted by that gateway; nothing is drawn in.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { findBrowser, howToGetBrowser, startBrowser } from '../browser.ts';
import { readCommandLine, runCommand, wholeNumber } from '../command-line.ts';
import { adminToken } from '../rig/connect.ts';
import { startRig } from '../rig/rig.ts';
import { pause } from '../rig/waiting.ts';
import { repoFolder } from '../wrangler.ts';
import { sendPictureTraffic } from './picture-traffic.ts';

const folder = join(repoFolder, 'docs', 'images');
const maxBytes = 150_000;
const viewport = { width: 1280, height: 940 };

const help = `Makes the pictures in docs/images/ from a gateway with stand-ins.

  npm run pictures -- [options]

  --minutes N      how long it is asked before (20)
  --per-minute N   about how many requests a minute (40)
  --help`;

async function main(): Promise<void> {
  const { values } = readCommandLine({
    name: 'npm run pictures',
    help,
    options: { minutes: { type: 'string', default: '20' }, 'per-minute': { type: 'string', default: '40' } },
  });
  const path = findBrowser();
  if (path === null) throw new Error(`There is no browser: ${howToGetBrowser}.`);
  const rig = await startRig({ on: 'wrangler dev', fleet: { shared: { timeScale: 0.1 } } });
  const browser = await startBrowser(path);
  try {
    await sendPictureTraffic(
      rig,
      wholeNumber('minutes', values.minutes, { min: 1 }),
      wholeNumber('per-minute', values['per-minute'], { min: 1 }),
    );
    mkdirSync(folder, { recursive: true });
    await take(browser, rig.url, 'light', 'dashboard', async () => undefined);
    await take(browser, rig.url, 'dark', 'request', async (page) => {
      await page.locator('.requests tbody tr').filter({ hasText: 'fallback' }).first().click();
      await page.getByRole('dialog').getByText('The record').waitFor();
    });
  } finally {
    await browser.close();
    await rig.stop();
  }
}

async function take(
  browser: Browser,
  url: string,
  colorScheme: 'light' | 'dark',
  name: string,
  act: (page: Page) => Promise<void>,
) {
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${url}/livez`);
  await page.evaluate(`sessionStorage.setItem('pointsman.admin', ${JSON.stringify(adminToken)})`);
  await page.goto(`${url}/dashboard`);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByText('breaker').first().waitFor();
  await act(page);
  // Charts are painted once their panels have their width.
  await pause(500);
  const session = await context.newCDPSession(page);
  // Half the size of a PNG, and letters stay sharp.
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 92 });
  await context.close();
  const picture = Buffer.from(data, 'base64');
  writeFileSync(join(folder, `${name}.webp`), picture);
  console.log(`docs/images/${name}.webp: ${(picture.byteLength / 1000).toFixed(0)} kB`);
  if (picture.byteLength > maxBytes) throw new Error(`The picture is larger than ${maxBytes / 1000} kB.`);
}

await runCommand(main);
