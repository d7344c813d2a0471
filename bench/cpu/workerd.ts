/**
 * Builds Workers as a deployment would upload them and runs them in workerd itself: `wrangler dev` costs up to twenty times the CPU and
 * says nothing about the Worker.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { repoFolder, runWrangler } from '../../infra/wrangler.ts';
import { serveIsolates } from '../load/serve-isolates.ts';

/** What a bench needs of wrangler.toml; bindings that workerd cannot serve by itself are left out, and the Worker does without. */
const WranglerToml = z.object({
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()).default([]),
  durable_objects: z
    .object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) })
    .default({ bindings: [] }),
  vars: z.record(z.string(), z.unknown()).default({}),
});

export const workerdVersion = z.object({ version: z.string() }).parse(createRequire(import.meta.url)('workerd')).version;

export const benchKey = 'bench-key-0123456789';

export interface Bundle {
  readonly folder: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly objects: readonly { readonly name: string; readonly class_name: string }[];
  readonly vars: Readonly<Record<string, string>>;
}

/** The gateway as it is deployed, with every upstream at `upstreamUrl`. */
export async function buildGateway(folder: string, upstreamUrl: string): Promise<Bundle> {
  await bundle(['--env', '', '--outdir', folder]);
  const toml = WranglerToml.parse(parse(readFileSync(join(repoFolder, 'wrangler.toml'), 'utf8')));
  const vars: Record<string, string> = { BOOTSTRAP_API_KEY: benchKey };
  for (const [name, value] of Object.entries(toml.vars)) {
    vars[name] = name.endsWith('_UPSTREAM_URL') ? upstreamUrl : typeof value === 'string' ? value : JSON.stringify(value);
  }
  return {
    folder,
    compatibilityDate: toml.compatibility_date,
    compatibilityFlags: toml.compatibility_flags,
    objects: toml.durable_objects.bindings,
    vars,
  };
}

/** One of `reference-workers/`, built and run like the gateway. */
export async function buildReference(name: string, folder: string, upstreamUrl: string, like: Bundle): Promise<Bundle> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'wrangler.json');
  const main = fileURLToPath(new URL(`reference-workers/${name}.ts`, import.meta.url));
  writeFileSync(config, JSON.stringify({ name, main, compatibility_date: like.compatibilityDate, minify: true }));
  await bundle(['--config', config, '--outdir', folder]);
  rmSync(config);
  return { ...like, folder, objects: [], vars: { UPSTREAM_URL: upstreamUrl } };
}

async function bundle(args: readonly string[]): Promise<void> {
  let output = '';
  const { exited } = runWrangler(['deploy', '--dry-run', ...args], (text) => (output += text));
  if ((await exited) !== 0) throw new Error(`wrangler could not build the bundle:\n${output}`);
}

export interface Served {
  readonly url: string;
  /** CPU time so far, ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/**
 * Serves a bundle on a free port of the loopback address, on the gateways' core. `stop` throws when the Worker has logged a warning or an
 * error meanwhile: then the figures are not those of a sound gateway.
 */
export async function serve(built: Bundle): Promise<Served> {
  const isolates = await serveIsolates(built);
  const [url] = isolates.urls;
  if (url === undefined) throw new Error('workerd listens nowhere');
  return {
    url,
    cpuMs: isolates.cpuMs,
    async stop() {
      await isolates.stop();
      const complaint = /^.*"level":"(?:warn|error)".*$/m.exec(isolates.output());
      if (complaint !== null) throw new Error(`The Worker logged: ${complaint[0].slice(0, 500)}`);
    },
  };
}
