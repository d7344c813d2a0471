/** Builds one bundle for all files of a project. */
import type { TestProject } from 'vitest/node';
import type { BuiltBundle, Bundle } from '../../../infra/rig/bundle.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly bundle: Bundle;
  }
}

/** @returns the project's set-up, which removes the bundle after the last file */
export function providing(build: () => Promise<BuiltBundle>): (project: TestProject) => Promise<() => void> {
  return async (project) => {
    const { remove, ...bundle } = await build();
    project.provide('bundle', bundle);
    return remove;
  };
}
