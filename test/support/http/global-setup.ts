/** Starts the gateway that the files of the project `http` share, and stops it after the last of them. */
import type { TestProject } from 'vitest/node';
import { type Addresses } from '../../../infra/rig/connect.ts';
import { type Rig, startRig } from '../../../infra/rig/rig.ts';
import { steadyOverrides } from '../../../infra/rig/configs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly addresses: Addresses;
  }
}

let running: Rig | null = null;

export async function setup(project: TestProject): Promise<void> {
  const started = await startRig({ on: 'wrangler dev', overrides: steadyOverrides });
  running = started;
  project.provide('addresses', started.addresses);
}

export async function teardown(): Promise<void> {
  await running?.stop();
}
