/** Starts the gateway that most files of the project `http` share. */
import type { TestProject } from 'vitest/node';
import { steadyOverrides } from '../../../infra/rig/configs.ts';
import type { Addresses } from '../../../infra/rig/connect.ts';
import { startRig } from '../../../infra/rig/rig.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly addresses: Addresses;
  }
}

/** @returns what stops it after the last file */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { addresses, stop } = await startRig({ on: 'wrangler dev', overrides: steadyOverrides });
  project.provide('addresses', addresses);
  return stop;
}
