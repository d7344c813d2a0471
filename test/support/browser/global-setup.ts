/** Starts what `npm start` starts (wrangler dev, stand-ins, gate) for the project `browser`, on machines that have a browser. */
import type { TestProject } from 'vitest/node';
import { findBrowser, howToGetBrowser } from '../../../infra/browser.ts';
import type { Addresses } from '../../../infra/rig/connect.ts';
import { startRig } from '../../../infra/rig/rig.ts';
import type { FleetModel } from '../../../infra/standin/fleet.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Null where there is no browser; then every test of the project is skipped. */
    readonly browserPath: string | null;
    readonly addresses: Addresses;
  }
}

const nowhere: Addresses = { url: '', servers: {}, controls: {}, gate: '' };

/** As shipped, but that the large model sees pictures and says what it thinks: the playground shows both. */
const models: readonly FleetModel[] = [
  { id: 'small', servedName: 'Qwen/Qwen2.5-7B-Instruct', role: 'small' },
  { id: 'large', servedName: 'Qwen/Qwen2.5-32B-Instruct-AWQ', role: 'vision', toolParser: 'hermes', reasoningParser: true },
];

/** @returns what stops it after the last file */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const browserPath = findBrowser();
  project.provide('browserPath', browserPath);
  if (browserPath === null) {
    if (process.env['POINTSMAN_REQUIRE_BROWSER'] !== undefined) throw new Error(`There is no browser: ${howToGetBrowser}.`);
    console.log(`The tests of the pages are skipped, because there is no browser: ${howToGetBrowser}.`);
    project.provide('addresses', nowhere);
    return undefined;
  }
  const { addresses, stop } = await startRig({
    on: 'wrangler dev',
    overrides: { models: { 'qwen2.5-32b': { capabilities: ['tools', 'json_schema', 'logprobs', 'continue', 'vision'] } } },
    fleet: { models, shared: { timeScale: 0.02 } },
  });
  project.provide('addresses', addresses);
  return stop;
}
