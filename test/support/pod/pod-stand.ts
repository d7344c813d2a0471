/** A GPU box on this machine: the pod's own scripts, a table with free ports and short times, and stub programs in place of vLLM and hf. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { type PodTable, readPodTable } from '../../../infra/pod/table.ts';
import type { Ran } from '../../../infra/pod/tools.ts';
import { repoFolder } from '../../../infra/wrangler.ts';
import { writeModel } from './write-model.ts';

export interface PodEvent {
  readonly id: string;
  readonly event: 'start' | 'ready';
  readonly pid: number;
  readonly engine?: number;
  readonly commandLine?: string;
  readonly hasKey?: boolean;
}

export interface PodStand {
  readonly home: string;
  readonly key: string;
  readonly ports: Readonly<Record<'small' | 'large', number>>;
  /** What the stub servers noted, in order. */
  events(): readonly PodEvent[];
  /** The next start of a server does this. */
  setFault(fault: 'out-of-memory' | 'hang' | 'chatty', id: 'small' | 'large'): void;
  /** The command lines of cloudflared so far. */
  tunnels(): readonly string[];
  /** How often hf was called for a repository, and whether without Xet. */
  downloads(repository: string): readonly boolean[];
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** The models of the pair, as `pod.sh download` leaves them. */
  writeModels(): void;
  /** `pod.sh run`, in the background. */
  supervise(): Supervised;
  /** `pod.sh hook` on a free port, in the background. */
  hook(): Supervised;
  remove(): Promise<void>;
}

export interface Supervised {
  output(): string;
  /** SIGTERM, as `pod.sh stop` and a pod that is stopped send it; the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL of the supervisor alone. */
  kill(): Promise<void>;
}

const stub = (name: string): string => fileURLToPath(new URL(`fake-${name}.ts`, import.meta.url));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function quickTable(ports: Readonly<Record<string, number>>, stallSeconds: number): PodTable {
  const table = readPodTable();
  const servers = Object.entries(table.servers).map(([id, server]) => [id, { ...server, port: ports[id] ?? server.port }]);
  const supervise = { ready_timeout_seconds: 60, poll_seconds: 0.1, backoff_seconds: [0.1, 0.2], steady_seconds: 600 };
  return {
    ...table,
    servers: Object.fromEntries(servers) as PodTable['servers'],
    supervise: { ...table.supervise, ...supervise, stop_seconds: 5, log_max_bytes: 100_000, log_keep: 2 },
    download: { ...table.download, stall_seconds: stallSeconds, poll_seconds: 0.2 },
  };
}

/** The lines that a stub has written to their end so far: a file is there, and empty, before its first line is. */
function wholeLines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

/** @param stallSeconds after so long without a byte a download counts as hanging */
export async function startPodStand(key = 'a-key-of-the-box-for-tests', stallSeconds = 60): Promise<PodStand> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-pod-'));
  const home = join(folder, 'home');
  const notes = join(folder, 'notes');
  const ports = { small: await freePort(), large: await freePort() };
  for (const name of [home, notes, join(folder, 'bin')]) mkdirSync(name);
  writeFileSync(join(folder, 'table.json'), JSON.stringify(quickTable(ports, stallSeconds)));
  for (const name of ['vllm', 'hf']) {
    const script = `#!/bin/sh\nexec '${process.execPath}' '${stub(name)}' "$@"\n`;
    writeFileSync(join(folder, 'bin', name), script, { mode: 0o755 });
  }
  const tunnel = `#!/bin/sh\necho "$@" >> '${join(notes, 'tunnel')}'\nexec sleep 3600\n`;
  writeFileSync(join(folder, 'bin', 'cloudflared'), tunnel, { mode: 0o755 });
  writeFileSync(join(home, 'api-key'), `${key}\n`, { mode: 0o600 });
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('POINTSMAN_POD_'))),
    PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
    PYTHONDONTWRITEBYTECODE: '1',
    POINTSMAN_POD_TABLE: join(folder, 'table.json'),
    FAKE_VLLM_FOLDER: notes,
  };
  const children = new Set<ChildProcess>();
  const start = (args: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess => {
    const all = ['infra/pod/pod.sh', ...args, '--card', 'a40', '--home', home];
    const child = spawn('bash', all, { cwd: repoFolder, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  };
  const events = (): PodEvent[] => wholeLines(join(notes, 'events.jsonl')).map((line) => JSON.parse(line) as PodEvent);
  return {
    home,
    key,
    ports,
    events,
    setFault: (fault, id) => writeFileSync(join(notes, `${fault}-${id}`), ''),
    tunnels: () => wholeLines(join(notes, 'tunnel')),
    downloads: (repository) => wholeLines(join(notes, `attempts-${repository.replace('/', '-')}`)).map((line) => line === '1'),
    writeModels() {
      const { models } = readPodTable();
      for (const id of ['qwen2.5-7b', 'qwen2.5-32b-awq']) {
        const model = models[id];
        if (model !== undefined) writeModel(join(home, 'models', model.repository.split('/')[1] ?? ''), model);
      }
    },
    async run(args, more) {
      const child = start(args, more);
      let [stdout, stderr] = ['', ''];
      child.stdout?.on('data', (data) => (stdout += String(data)));
      child.stderr?.on('data', (data) => (stderr += String(data)));
      await once(child, 'close');
      return { status: child.exitCode, stdout, stderr };
    },
    supervise: () => supervised(start(['run'])),
    hook: () => supervised(start(['hook'], { POINTSMAN_HOOK_PORT: '0' })),
    async remove() {
      for (const child of children) child.kill('SIGTERM');
      await Promise.all([...children].map((child) => once(child, 'exit')));
      for (const { pid, engine = 0 } of events()) for (const left of [pid, engine]) end(left);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function supervised(child: ChildProcess): Supervised {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += String(data)));
  const ended = once(child, 'exit');
  return {
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export function isRunning(pid: number): boolean {
  try {
    // A zombie is dead: it waits for its parent only.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Only what a stub started, never another process that has its number since. */
function end(pid: number): void {
  if (pid === 0 || !isRunning(pid)) return;
  if (/fake-vllm|sleep\0(?:3600)/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))) process.kill(pid, 'SIGKILL');
}
