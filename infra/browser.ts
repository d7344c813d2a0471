/** The browser of this machine, for tests of the pages and for their pictures. Nothing is downloaded: Debian has it as `chromium`. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

export const howToGetBrowser = 'apt-get install -y chromium, or name one in the variable CHROMIUM';

/** Where it is; null when there is none. */
export function findBrowser(): string | null {
  return places.find((path) => path !== '' && existsSync(path)) ?? null;
}

/** Pages that it opens may use the clipboard and tell how much memory they use. */
export function startBrowser(path: string): Promise<Browser> {
  // Containers lack what its sandbox needs, and it is shown pages of this repository only.
  return chromium.launch({
    executablePath: path,
    args: ['--no-sandbox', '--enable-precise-memory-info', '--js-flags=--expose-gc'],
  });
}
