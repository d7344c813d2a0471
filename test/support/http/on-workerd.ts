/** Starts the gateway that the files of the project `clients` share, on workerd itself. */
import type { TestProject } from 'vitest/node';
import { steadyOverrides } from '../../../infra/rig/configs.ts';
import { startRig } from '../../../infra/rig/rig.ts';

/** @returns what stops it after the last file */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { addresses, stop } = await startRig({ on: project.getProvidedContext().bundle, overrides: steadyOverrides });
  project.provide('addresses', addresses);
  return stop;
}
