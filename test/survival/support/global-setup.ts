/** Builds the bundle that every survival scenario serves, once. */
import type { TestProject } from 'vitest/node';
import { buildBundle } from '../../../bench/load/gateway-on-workerd.ts';
import type { Bundle } from '../../../bench/cpu/workerd.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly bundle: Bundle;
  }
}

let remove = (): void => undefined;

export async function setup(project: TestProject): Promise<void> {
  const { remove: removeFolder, ...bundle } = await buildBundle();
  remove = removeFolder;
  project.provide('bundle', bundle);
}

export function teardown(): void {
  remove();
}
