/** Pages as a reader opens them, each in a fresh profile; and what any of them must never do. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, describe, expect, inject, onTestFinished } from 'vitest';
import { startBrowser } from '../../../infra/browser.ts';
import { adminToken, clientKey, connect } from '../../../infra/rig/connect.ts';

const browserPath = inject('browserPath');
export const gateway = connect(inject('addresses'));

/** `describe`, where there is a browser. */
export const describePages = describe.skipIf(browserPath === null);

let browser: Promise<Browser> | null = null;

afterAll(async () => {
  await (await browser)?.close();
  browser = null;
});

export interface VisitOptions extends BrowserContextOptions {
  /** What the reader has signed in with; null for nothing. */
  readonly credential?: string | null;
  /** Changes the page before it loads anything. */
  prepare?(page: Page): Promise<unknown>;
}

export type PageName = 'dashboard' | 'playground' | 'usage';

/**
 * Opens one of the pages. The test fails when it breaks its own policy or throws; what is written to the console because an answer was an
 * error on purpose does not count.
 */
export async function visit(name: PageName, { credential, prepare, ...context }: VisitOptions = {}): Promise<Page> {
  if (browserPath === null) throw new Error('there is no browser');
  browser ??= startBrowser(browserPath);
  const profile = await (
    await browser
  ).newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...context });
  const page = await profile.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) complaints.push(message.text());
  });
  onTestFinished(async () => {
    await profile.close();
    expect(complaints).toEqual([]);
  });
  const kind = name === 'dashboard' ? 'admin' : 'key';
  const kept = credential === undefined ? (kind === 'admin' ? adminToken : clientKey) : credential;
  if (kept !== null) {
    // Once, as if typed in: a script for every load would bring back what the page has forgotten.
    await page.goto(`${gateway.url}/livez`);
    await page.evaluate(`sessionStorage.setItem('pointsman.${kind}', ${JSON.stringify(kept)})`);
  }
  await prepare?.(page);
  await page.goto(`${gateway.url}/${name}`);
  return page;
}
