/** Starts the gateway that the files of the project `http` share, and stops it after the last of them. */
import type { TestProject } from 'vitest/node';
import { type Addresses, type OwnGateway, startHarness } from './harness.ts';
import { steadyOverrides } from './steady.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly addresses: Addresses;
  }
}

let running: OwnGateway | null = null;

export async function setup(project: TestProject): Promise<void> {
  const started = await startHarness({ overrides: steadyOverrides });
  running = started;
  project.provide('addresses', started.addresses);
}

export async function teardown(): Promise<void> {
  await running?.stop();
}
