/**
 * Runs Workers in workerd itself, as `workerd serve` on the bundle that a deployment would upload: `wrangler dev` costs up to twenty
 * times the CPU and says nothing about the Worker. Builds the bundles, writes workerd's configuration, starts and stops it.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { repoFolder, runWrangler } from '../../infra/wrangler.ts';
import { cores, cpuMs, pinned } from './process-cpu.ts';

/** What a bench needs of wrangler.toml; bindings that workerd cannot serve by itself are left out, and the Worker does without. */
const WranglerToml = z.object({
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()).default([]),
  durable_objects: z
    .object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) })
    .default({ bindings: [] }),
  vars: z.record(z.string(), z.unknown()).default({}),
});

const Workerd = z.object({ default: z.string(), version: z.string() });
const workerd = Workerd.parse(createRequire(import.meta.url)('workerd'));
export const workerdVersion = workerd.version;

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
  const main = new URL(`reference-workers/${name}.ts`, import.meta.url).pathname;
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

const readyWithinMs = 20_000;

/** Serves a bundle on a free port of the loopback address, on the gateways' core. */
export async function serve(built: Bundle): Promise<Served> {
  writeFileSync(join(built.folder, 'workerd.capnp'), configOf(built));
  const [command, args] = pinned(cores?.gateway, workerd.default, [
    'serve',
    join(built.folder, 'workerd.capnp'),
    '--experimental',
    '--control-fd=3',
  ]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  let output = '';
  const note = (text: Buffer): void => {
    output = (output + text.toString()).slice(-5000);
  };
  child.stdout?.on('data', note);
  child.stderr?.on('data', note);
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const port = await Promise.race([
    listeningPort(child.stdio[3]),
    exited.then(() => null),
    new Promise<null>((resolve) => setTimeout(resolve, readyWithinMs, null).unref()),
  ]);
  if (port === null || child.pid === undefined) {
    child.kill('SIGKILL');
    throw new Error(`workerd did not start:\n${output}`);
  }
  const { pid } = child;
  return {
    url: `http://127.0.0.1:${port}`,
    cpuMs: () => cpuMs(pid),
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** workerd says on its control descriptor, a line of JSON each, where its sockets listen. */
function listeningPort(control: unknown): Promise<number> {
  const Line = z.object({ event: z.string(), port: z.int().optional() });
  return new Promise((resolve) => {
    let text = '';
    if (!isReadable(control)) return;
    control.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      for (const line of text.split('\n').slice(0, -1)) {
        const { event, port } = Line.parse(JSON.parse(line));
        if (event === 'listen' && port !== undefined) resolve(port);
      }
      text = text.slice(text.lastIndexOf('\n') + 1);
    });
  });
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'read' in stream;
}

const moduleKinds: Readonly<Record<string, string>> = {
  '.js': 'esModule',
  '.mjs': 'esModule',
  '.wasm': 'wasm',
  '.bin': 'data',
  '.txt': 'text',
  '.html': 'text',
  '.json': 'json',
};

/** workerd's configuration, in Cap'n Proto's text form. Objects keep their data in memory. */
function configOf({ folder, compatibilityDate, compatibilityFlags, objects, vars }: Bundle): string {
  const text = (value: string): string => JSON.stringify(value);
  const list = (items: readonly string[]): string => `[\n    ${items.join(',\n    ')}\n  ]`;
  const files = readdirSync(folder).filter((file) => moduleKinds[extname(file)] !== undefined);
  // The first module is the entry.
  const modules = ['index.js', ...files.filter((file) => file !== 'index.js')].filter((file) => files.includes(file));
  const entry = modules.length > 0 ? modules : files;
  const classes = [...new Set(objects.map((object) => object.class_name))];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "internet", network = (allow = ["public", "private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const main :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  compatibilityFlags = ${list(compatibilityFlags.map(text))},
  modules = ${list(entry.map((file) => `(name = ${text(file)}, ${moduleKinds[extname(file)]} = embed ${text(file)})`))},
  bindings = ${list([
    ...Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...objects.map(({ name, class_name }) => `(name = ${text(name)}, durableObjectNamespace = ${text(class_name)})`),
  ])},
  durableObjectNamespaces = ${list(classes.map((name) => `(className = ${text(name)}, uniqueKey = ${text(name)}, enableSql = true)`))},
  durableObjectStorage = ${classes.length > 0 ? '(inMemory = void)' : '(none = void)'},
);
`;
}
