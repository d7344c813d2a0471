/**
 * The Worker in workerd, by Miniflare, with objects that can be evicted, broken, cut off and read, before the stand-in model servers. For
 * proofs about state that no client could make from outside; `wrangler dev` offers none of these. Everything is on loopback ports.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { type Fleet, type FleetModel, startFleet } from '../../infra/standin/fleet.ts';
import { repoFolder, runWrangler } from '../../infra/wrangler.ts';
import { workerdPids } from './workerd-process.ts';
import type { Counts, LabOrder, ObjectOrder, Wire } from './lab-worker.ts';

const WranglerToml = z.object({
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()).default([]),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
});

export interface Bundle {
  readonly folder: string;
  remove(): void;
}

/** Bundles the Worker together with the lab's parts, as a deployment would bundle it. Takes about two seconds. */
export async function buildLab(): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-lab-'));
  const entry = join(folder, 'entry.ts');
  writeFileSync(entry, entryText());
  let output = '';
  const { exited } = runWrangler(
    ['deploy', entry, '--config', 'wrangler.toml', '--dry-run', '--env', '', '--no-minify', '--outdir', folder],
    (text) => {
      output += text;
    },
  );
  const remove = () => rmSync(folder, { recursive: true, force: true });
  if ((await exited) === 0) return { folder, remove };
  remove();
  throw new Error(`The lab did not build.\n${output}`);
}

function entryText(): string {
  const objects = readToml().durable_objects.bindings;
  const from = (path: string) => JSON.stringify(join(repoFolder, path));
  return `
import gateway, * as classes from ${from('worker/index.ts')};
import { obey, watched, wired } from ${from('bench/ledger/lab-worker.ts')};
${objects.map(({ class_name: name }) => `export const ${name} = watched(classes.${name}, '${name}');`).join('\n')}
let wiredEnv = null;
export default {
  async fetch(request, env, ctx) {
    wiredEnv ??= wired(env, ${JSON.stringify(objects.map(({ name }) => name))});
    if (!request.url.endsWith('/__lab')) return gateway.fetch(request, wiredEnv, ctx);
    try {
      return Response.json({ answer: (await obey(await request.json(), env)) ?? null });
    } catch (error) {
      return Response.json({ error: String(error) }, { status: 500 });
    }
  },
};
`;
}

function readToml(): z.infer<typeof WranglerToml> {
  return WranglerToml.parse(parse(readFileSync(join(repoFolder, 'wrangler.toml'), 'utf8')));
}

export const labAdminToken = 'pointsman-lab-admin-token';
export const labKey = 'pointsman-lab-client-key';
const upstreamKey = 'pointsman-lab-upstream-key';

export interface LabOptions {
  readonly bundle: Bundle;
  /** Merge patch over the configuration. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** Further vars, and vars to replace. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly models?: readonly FleetModel[];
  /** Keeps what the model servers are sent. */
  readonly logsBodies?: boolean;
  /** The platform's coarse limit of requests per key and minute; without it there is none. */
  readonly keyRate?: number;
  /** The set-up has a mistake on purpose. */
  readonly expectsNotReady?: boolean;
}

export interface Lab {
  /** Another one after a crash. */
  readonly url: string;
  readonly fleet: Fleet;
  /** Lines the Worker and its objects wrote to the console. */
  readonly output: readonly string[];
  chat(body: unknown, key?: string, headers?: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Response>;
  admin(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Response>;
  object(binding: string, name: string, order: ObjectOrder): Promise<unknown>;
  /** Ends an object's memory the way the platform does when it is idle; false when there is nothing to evict. */
  evict(className: string, name: string): Promise<boolean>;
  wire(binding: string, wire: Partial<Wire> | null): Promise<void>;
  clock(offsetMs: number): Promise<void>;
  counts(reset?: boolean): Promise<Counts>;
  /** `kill -9` of workerd, whatever it is doing, and a new one on the same storage. Linux only. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

const pair: readonly FleetModel[] = [
  { id: 'small', servedName: 'Qwen/Qwen2.5-7B-Instruct', role: 'small' },
  { id: 'large', servedName: 'Qwen/Qwen2.5-32B-Instruct-AWQ', role: 'large', toolParser: 'hermes', reasoningParser: true },
];

interface RunningWorker {
  readonly miniflare: Miniflare;
  readonly url: string;
}

async function startWorker(options: LabOptions, fleet: Fleet, stateFolder: string, output: string[]): Promise<RunningWorker> {
  const toml = readToml();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'lab',
      host: '127.0.0.1',
      port: 0,
      cf: false,
      resourcePersistencePath: stateFolder,
      // Straight to the Worker: the proxy before it swallows what a client that leaves looks like.
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
      modulesRoot: options.bundle.folder,
      modules: [{ type: 'ESModule', path: join(options.bundle.folder, 'entry.js') }],
      compatibilityDate: toml.compatibility_date,
      compatibilityFlags: toml.compatibility_flags,
      durableObjects: Object.fromEntries(
        toml.durable_objects.bindings.map(({ name, class_name }) => [name, { className: class_name, useSQLite: true }]),
      ),
      ...(options.keyRate === undefined
        ? {}
        : { ratelimits: { KEY_RATE: { namespace_id: 'lab', simple: { limit: options.keyRate, period: 60 } } } }),
      bindings: bindingsOf(options, fleet),
      handleStructuredLogs: ({ message }) => void output.push(message),
    }),
  );
  await miniflare.ready;
  const url = (await miniflare.unsafeGetDirectURL()).origin;
  const ready = await fetch(`${url}/readyz`);
  await ready.arrayBuffer();
  if (ready.status === 200 || options.expectsNotReady === true) return { miniflare, url };
  await miniflare.dispose();
  throw new Error(`The lab's Worker is not ready.\n${output.join('\n')}`);
}

function bindingsOf(options: LabOptions, fleet: Fleet): Record<string, string> {
  return {
    ENVIRONMENT: 'development',
    CONFIG_PROFILE: 'a40-pair',
    BOOTSTRAP_API_KEY: labKey,
    ADMIN_TOKEN: labAdminToken,
    UPSTREAM_API_KEY: upstreamKey,
    ACCESS_CLIENT_ID: fleet.clientId,
    ACCESS_CLIENT_SECRET: fleet.clientSecret,
    SMALL_UPSTREAM_URL: fleet.urls['small'] ?? '',
    LARGE_UPSTREAM_URL: fleet.urls['large'] ?? '',
    CONFIG_OVERRIDES: JSON.stringify(options.overrides),
    ...options.vars,
  };
}

export async function startLab(options: LabOptions): Promise<Lab> {
  const fleet = await startFleet({
    models: options.models ?? pair,
    shared: { timeScale: 0, apiKey: upstreamKey, logsBodies: options.logsBodies ?? false, maxLogEntries: 200_000 },
  });
  const output: string[] = [];
  const stateFolder = mkdtempSync(join(tmpdir(), 'pointsman-lab-state-'));
  const known = new Set(workerdPids());
  let worker: RunningWorker;
  try {
    worker = await startWorker(options, fleet, stateFolder, output);
  } catch (error) {
    await fleet.close();
    throw error;
  }
  const send = async (order: LabOrder): Promise<unknown> => {
    const response = await fetch(`${worker.url}/__lab`, { method: 'POST', body: JSON.stringify(order) });
    const answer = LabAnswer.parse(await response.json());
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.answer;
  };
  return {
    get url() {
      return worker.url;
    },
    fleet,
    output,
    chat: (body, key = labKey, headers = {}, signal) =>
      fetch(`${worker.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      }),
    admin: (method, path, body) =>
      fetch(worker.url + path, {
        method,
        headers: {
          authorization: `Bearer ${labAdminToken}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    object: (binding, name, order) => send({ on: 'object', binding, name, order }),
    evict: (className, name) =>
      worker.miniflare.unsafeEvictDurableObject('lab', className, { name }).then(
        () => true,
        () => false,
      ),
    wire: async (binding, wire) => void (await send({ on: 'wire', binding, wire })),
    clock: async (offsetMs) => void (await send({ on: 'clock', offsetMs })),
    counts: async (reset = false) => CountsAnswer.parse(await send({ on: 'counts', reset })),
    async crash() {
      const { miniflare } = worker;
      for (const pid of workerdPids()) if (!known.has(pid)) process.kill(pid, 'SIGKILL');
      // It finds its workerd gone, which is what was wanted.
      await miniflare.dispose().catch(() => undefined);
      worker = await startWorker(options, fleet, stateFolder, output);
    },
    async stop() {
      await worker.miniflare.dispose();
      await fleet.close();
      rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}

const LabAnswer = z.object({ answer: z.unknown().optional(), error: z.string().optional() });
const Tally = z.record(z.string(), z.number());
const CountsAnswer = z.object({ calls: Tally, rows: Tally, alarms: Tally });
