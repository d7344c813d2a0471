/** Builds the lab's Worker once for all files of the project `money`. */
import type { TestProject } from 'vitest/node';
import { buildLab, type Bundle } from '../../bench/ledger/lab.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly labFolder: string;
  }
}

let bundle: Bundle | null = null;

export async function setup(project: TestProject): Promise<void> {
  bundle = await buildLab();
  project.provide('labFolder', bundle.folder);
}

export function teardown(): void {
  bundle?.remove();
}
