/**
 * Serves a bundle in workerd itself, with Durable Objects that keep their data, as one isolate or as several that share the objects:
 * `wrangler dev` costs up to twenty times the CPU, and its proxy hides how a client leaves. workerd offers SQL to objects only on disk, so
 * each run has its own folder, deleted at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import * as z from 'zod';
import type { Bundle } from './bundle.ts';
import { cores, cpuMs, pinned, residentBytes } from './process-cpu.ts';

const Workerd = z.object({ default: z.string(), version: z.string() });
const workerd = Workerd.parse(createRequire(import.meta.url)('workerd'));
export const workerdVersion = workerd.version;

export interface WorkerdOptions {
  /** Isolates that share the objects, each at its own address; 1 by default. */
  readonly isolates?: number;
  /** Its heap can be looked at; costs CPU. */
  readonly isInspected?: boolean;
  /** Of the engine, such as `--trace-gc`. */
  readonly v8Flags?: readonly string[];
  /** Sees what workerd and the Worker write. */
  onOutput?(text: string): void;
}

export interface Workerd {
  /** One origin an isolate. */
  readonly urls: readonly string[];
  /** Where its inspector listens; null unless asked for. */
  readonly inspectorUrl: string | null;
  /** Where the objects keep their data; deleted with the process. */
  readonly stateFolder: string;
  /** CPU time of the process so far, ms; since its last restart. */
  cpuMs(): number;
  /** Memory that the process holds, in bytes. */
  residentBytes(): number;
  /** `kill -9`, and a new process on the same ports and storage. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const readyWithinMs = 20_000;

/** Starts workerd on free ports of the loopback address, on the gateways' core. Rejects with its output when it does not start. */
export async function serveWorkerd(
  bundle: Bundle,
  { isolates = 1, isInspected = false, v8Flags = [], onOutput }: WorkerdOptions = {},
): Promise<Workerd> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-workerd-'));
  mkdirSync(join(folder, 'objects'));
  let running: { readonly child: ChildProcess; readonly listening: Listening };
  let kill = (): void => undefined;
  // A driver that dies must not leave workerd running.
  const stopNow = (): void => {
    kill();
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', stopNow);
  const start = async (ports: readonly number[]): Promise<void> => {
    const child = spawnWorkerd(configOf(bundle, ports, folder, v8Flags), folder, isInspected);
    kill = () => void child.kill('SIGKILL');
    let output = '';
    hear(child, (text) => {
      output = (output + text).slice(-20_000);
      onOutput?.(text);
    });
    const listening = await Promise.race([
      listeningPorts(child.stdio[3], ports.length, isInspected),
      exitOf(child).then(() => null),
      new Promise<null>((resolve) => setTimeout(resolve, readyWithinMs, null).unref()),
    ]);
    running = { child, listening: listening ?? { ports: [], inspector: null } };
    if (listening !== null) return;
    await stop();
    throw new Error(`workerd did not start:\n${output}`);
  };
  const stop = async (): Promise<void> => {
    const exited = exitOf(running.child);
    kill();
    await exited;
    process.off('exit', stopNow);
    stopNow();
  };
  await start(Array.from({ length: isolates }, () => 0));
  return {
    get urls() {
      return running.listening.ports.map((port) => `http://127.0.0.1:${port}`);
    },
    get inspectorUrl() {
      const { inspector } = running.listening;
      return inspector === null ? null : `http://127.0.0.1:${inspector}`;
    },
    stateFolder: join(folder, 'objects'),
    cpuMs: () => cpuMs(running.child.pid ?? 0),
    residentBytes: () => residentBytes(running.child.pid ?? 0),
    async restart() {
      const exited = exitOf(running.child);
      kill();
      await exited;
      await start(running.listening.ports);
    },
    stop,
  };
}

function spawnWorkerd(configText: string, folder: string, isInspected: boolean): ChildProcess {
  const config = join(folder, 'workerd.capnp');
  writeFileSync(config, configText);
  const inspector = isInspected ? ['--inspector-addr=127.0.0.1:0'] : [];
  const serve = ['serve', config, '--experimental', '--control-fd=3', ...inspector];
  const [command, args] = pinned(cores?.gateway, workerd.default, serve);
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
}

function hear(child: ChildProcess, onText: (text: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onText);
}

function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('close', () => resolve()));
}

const ControlLine = z.object({ event: z.string(), socket: z.string().optional(), port: z.int().optional() });

interface Listening {
  /** One an isolate. */
  readonly ports: readonly number[];
  readonly inspector: number | null;
}

/** workerd says on its control descriptor, a line of JSON each, where its sockets listen. */
function listeningPorts(control: unknown, count: number, isInspected: boolean): Promise<Listening> {
  const ports = new Map<string, number>();
  return new Promise((resolve) => {
    let rest = '';
    if (!isReadable(control)) return;
    control.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { event, socket, port } = ControlLine.parse(JSON.parse(line));
        if (event === 'listen-inspector' && port !== undefined) ports.set('inspector', port);
        if (event === 'listen' && socket !== undefined && port !== undefined) ports.set(socket, port);
      }
      if (ports.size < count + Number(isInspected)) return;
      const own = Array.from({ length: count }, (_, index) => ports.get(`http-${index}`) ?? 0);
      resolve({ ports: own, inspector: ports.get('inspector') ?? null });
    });
  });
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'read' in stream;
}

/** workerd's configuration, in Cap'n Proto's text form. A port of 0 is any free one. */
function configOf(bundle: Bundle, ports: readonly number[], configFolder: string, v8Flags: readonly string[]): string {
  const services = [
    ...ports.map((_, index) => `(name = "isolate-${index}", worker = .isolate${index})`),
    `(name = "objects", disk = (path = ${text(join(configFolder, 'objects'))}, writable = true))`,
    '(name = "internet", network = (allow = ["public", "private"]))',
  ];
  const sockets = ports.map(
    (port, index) => `(name = "http-${index}", address = "127.0.0.1:${port}", http = (), service = "isolate-${index}")`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (services = ${list(services)}, sockets = ${list(sockets)}, v8Flags = ${list(v8Flags.map(text))});

${ports.map((_, index) => workerOf(bundle, index, configFolder)).join('\n')}`;
}

/** The first isolate has the objects; the others bind to them. */
function workerOf(bundle: Bundle, index: number, from: string): string {
  const { folder, entry, compatibilityDate, compatibilityFlags, objects, vars } = bundle;
  const modules = readdirSync(folder)
    .filter((file) => file.endsWith('.js'))
    // The first module is the entry.
    .toSorted((a, b) => Number(b === entry) - Number(a === entry))
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
  ${index === 0 && objects.length > 0 ? storage : ''}
);
`;
}

function text(value: string): string {
  return JSON.stringify(value);
}

function list(items: readonly string[]): string {
  return `[\n    ${items.join(',\n    ')}\n  ]`;
}
