/** What making and running the real model servers needs of a machine, and what one lacks. */
import { existsSync, mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import { findPython } from '../python.ts';

export const serverNames = ['vllm', 'llama'] as const;
export type ServerName = (typeof serverNames)[number];

export interface Machine {
  readonly platform: string;
  /** Processor, as Node names it. */
  readonly architecture: string;
  /** Of the interpreter that makes the environment; null without one. */
  readonly python: string | null;
  readonly memoryBytes: number;
  /** Where the folder is. */
  readonly diskBytes: number;
}

const GB = 1e9;
/** vLLM held 5 GB here, its tests' gateway and stand-ins less than one; the rest is for whoever else works on the machine. */
const neededMemory: Readonly<Record<ServerName, number>> = { vllm: 12 * GB, llama: 4 * GB };
/** What a finished folder holds, 6.5 GB and 0.4 GB, and as much again while it is made. */
const neededDisk: Readonly<Record<ServerName, number>> = { vllm: 14 * GB, llama: 1 * GB };

/** One sentence for each thing that is missing; none where the server can be had. @param isMade disk is no longer needed */
export function missingFor(server: ServerName, machine: Machine, isMade: boolean): string[] {
  const { platform, architecture, python, memoryBytes, diskBytes } = machine;
  const short = (what: string, needed: number, has: number): string[] =>
    has >= needed ? [] : [`${what}: ${(has / GB).toFixed(1)} GB free, ${needed / GB} GB needed`];
  return [
    ...(server === 'vllm' && (platform !== 'linux' || architecture !== 'x64')
      ? [`the CPU build of vLLM is for Linux on x64, this is ${platform} on ${architecture}`]
      : []),
    ...(python === null ? ['Python 3.10 or newer with venv'] : []),
    ...short('memory', neededMemory[server], memoryBytes),
    ...(isMade ? [] : short('disk', neededDisk[server], diskBytes)),
  ];
}

/** @param folder where the servers are kept; it is made */
export function readMachine(folder: string): Machine {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  return {
    platform: process.platform,
    architecture: process.arch,
    python: findPython(),
    memoryBytes: availableMemory(),
    diskBytes: bavail * bsize,
  };
}

/** Free memory, and what the kernel would give up for it. */
function availableMemory(): number {
  const page = existsSync('/proc/meminfo') ? readFileSync('/proc/meminfo', 'utf8') : '';
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(page)?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}
