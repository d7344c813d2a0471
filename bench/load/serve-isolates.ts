/**
 * Serves a bundle in workerd with Durable Objects that keep their data, as one isolate or as several that share the objects. workerd
 * offers SQL to objects on disk only, so each run has a folder of its own, which goes with it.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import * as z from 'zod';
import { cores, cpuMs, pinned } from '../cpu/process-cpu.ts';
import type { Bundle } from '../cpu/workerd.ts';

const Workerd = z.object({ default: z.string(), version: z.string() });
const workerd = Workerd.parse(createRequire(import.meta.url)('workerd'));

export interface ServedIsolates {
  /** One origin an isolate. */
  readonly urls: readonly string[];
  /** CPU time of the process so far, ms. */
  cpuMs(): number;
  /** What workerd and the Worker wrote, the last 20 kB. */
  output(): string;
  stop(): Promise<void>;
}

const readyWithinMs = 20_000;

/** Starts workerd on free ports of the loopback address. Rejects with its own words when it does not come up. */
export async function serveIsolates(bundle: Bundle, count = 1): Promise<ServedIsolates> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-workerd-'));
  mkdirSync(join(folder, 'objects'));
  const config = join(folder, 'workerd.capnp');
  writeFileSync(config, configOf(bundle, count, folder));
  const [command, args] = pinned(cores?.gateway, workerd.default, ['serve', config, '--experimental', '--control-fd=3']);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  let output = '';
  const note = (text: Buffer): void => {
    output = (output + text.toString()).slice(-20_000);
  };
  child.stdout?.on('data', note);
  child.stderr?.on('data', note);
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const stopNow = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  // A driver that dies must leave nothing behind.
  process.on('exit', stopNow);
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    process.off('exit', stopNow);
    stopNow();
  };
  const ports = await Promise.race([
    listeningPorts(child.stdio[3], count),
    exited.then(() => null),
    new Promise<null>((resolve) => setTimeout(resolve, readyWithinMs, null).unref()),
  ]);
  const { pid } = child;
  if (ports === null || pid === undefined) {
    await stop();
    throw new Error(`workerd did not start:\n${output}`);
  }
  return { urls: ports.map((port) => `http://127.0.0.1:${port}`), cpuMs: () => cpuMs(pid), output: () => output, stop };
}

const ControlLine = z.object({ event: z.string(), socket: z.string().optional(), port: z.int().optional() });

/** workerd says on its control descriptor, a line of JSON each, where its sockets listen. */
function listeningPorts(control: unknown, count: number): Promise<number[]> {
  const ports = new Map<string, number>();
  return new Promise((resolve) => {
    let rest = '';
    if (!isReadable(control)) return;
    control.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { event, socket, port } = ControlLine.parse(JSON.parse(line));
        if (event === 'listen' && socket !== undefined && port !== undefined) ports.set(socket, port);
      }
      if (ports.size === count) resolve(Array.from({ length: count }, (_, index) => ports.get(`http-${index}`) ?? 0));
    });
  });
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'read' in stream;
}

/** workerd's configuration, in Cap'n Proto's text form. */
function configOf(bundle: Bundle, count: number, configFolder: string): string {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const services = [
    ...indexes.map((index) => `(name = "isolate-${index}", worker = .isolate${index})`),
    `(name = "objects", disk = (path = ${text(join(configFolder, 'objects'))}, writable = true))`,
    '(name = "internet", network = (allow = ["public", "private"]))',
  ];
  const sockets = indexes.map(
    (index) => `(name = "http-${index}", address = "127.0.0.1:0", http = (), service = "isolate-${index}")`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (services = ${list(services)}, sockets = ${list(sockets)});

${indexes.map((index) => workerOf(bundle, index, configFolder)).join('\n')}`;
}

/** The first isolate has the objects; the others reach them as it does. */
function workerOf({ folder, compatibilityDate, compatibilityFlags, objects, vars }: Bundle, index: number, from: string): string {
  const modules = readdirSync(folder)
    .filter((file) => file.endsWith('.js'))
    // The first module is the entry.
    .toSorted((a, b) => Number(b === 'index.js') - Number(a === 'index.js'))
    .map((file) => `(name = ${text(file)}, esModule = embed ${text(join(relative(from, folder), file))})`);
  const classes = [...new Set(objects.map((object) => object.class_name))];
  const where = index === 0 ? '' : ', serviceName = "isolate-0"';
  const bindings = [
    ...Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...objects.map(
      ({ name, class_name }) => `(name = ${text(name)}, durableObjectNamespace = (className = ${text(class_name)}${where}))`,
    ),
  ];
  const namespaces = classes.map((name) => `(className = ${text(name)}, uniqueKey = ${text(name)}, enableSql = true)`);
  const storage = `durableObjectNamespaces = ${list(namespaces)}, durableObjectStorage = (localDisk = "objects"),`;
  return `const isolate${index} :Workerd.Worker = (
  compatibilityDate = ${text(compatibilityDate)},
  compatibilityFlags = ${list(compatibilityFlags.map(text))},
  modules = ${list(modules)},
  bindings = ${list(bindings)},
  ${index === 0 ? storage : ''}
);
`;
}

function text(value: string): string {
  return JSON.stringify(value);
}

function list(items: readonly string[]): string {
  return `[\n    ${items.join(',\n    ')}\n  ]`;
}
