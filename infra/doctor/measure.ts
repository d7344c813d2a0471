/** Dry-run deployments and the start-up time, measured with the pinned wrangler. Publishes nothing and needs no account. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runWrangler } from '../wrangler.ts';
import { type BundleSize, bindingLabels, bundleSize, readBindings, readStartupMs } from './dry-run.ts';

export interface DryRun {
  readonly output: string;
  readonly code: number;
  /** Names, kinds and classes. */
  readonly bindings: readonly string[];
  /** Null where nothing was bundled. */
  readonly size: BundleSize | null;
}

/** @param environment `development` is the top of wrangler.toml */
export async function dryRun(environment: string): Promise<DryRun> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-bundle-'));
  try {
    const option = environment === 'development' ? '' : environment;
    const { output, code } = await wrangler(['deploy', '--dry-run', '--env', option, '--outdir', folder]);
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const size = code === 0 ? bundleSize(read('index.js'), read('index.js.map')) : null;
    return { output, code, bindings: bindingLabels(readBindings(output)), size };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The fastest of three runs, since a busy machine slows some; all environments run the same code, so one is enough. Null without a figure. */
export async function measureStartup(): Promise<number | null> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-startup-'));
  const times: number[] = [];
  try {
    while (times.length < 3) {
      const { output } = await wrangler(['check', 'startup', '--env', '', '--outfile', join(folder, 'startup.cpuprofile')]);
      const ms = readStartupMs(output);
      if (ms === null) return null;
      times.push(ms);
    }
    return Math.min(...times);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function wrangler(args: readonly string[]): Promise<{ readonly output: string; readonly code: number }> {
  let output = '';
  const { child } = runWrangler(args, (text) => {
    output += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { output, code: code ?? 1 };
}
