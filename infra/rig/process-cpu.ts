/** CPU time and memory of other processes, and which processor cores they run on. Linux only: both come from /proc and taskset. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';

/**
 * User and system time of a process's threads so far, in ms, as the scheduler counts it: to the microsecond, where /proc/PID/stat knows
 * steps of 10 ms only. What an ended thread took is gone with it; workerd keeps its threads.
 */
export function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + threadCpuNs(`/proc/${pid}/task/${thread}/schedstat`), 0) / 1e6;
}

/**
 * User and system time so far of a process and all that descend from it, in ms. What ended threads took is in it, and what ended children
 * took that were waited for; both in the kernel's steps of 10 ms, where the time of living threads is exact.
 */
export function treeCpuMs(pid: number): number {
  return processTree(pid).reduce((sum, one) => {
    const { ownMs, endedChildrenMs } = statTimes(one);
    return sum + Math.max(ownMs, threadsCpuMs(one)) + endedChildrenMs;
  }, 0);
}

/** A process and all that descend from it; empty when it has ended. */
export function processTree(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : null;
    if (fields !== null) parents.set(Number(name), Number(fields[1]));
  }
  const tree = parents.has(pid) ? [pid] : [];
  for (const one of tree) for (const [child, parent] of parents) if (parent === one) tree.push(child);
  return tree;
}

/** What /proc/PID/stat says after the name of the program, which may hold anything: state, parent, …; null of a process that has ended. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** The kernel counts hundredths of a second for everybody. */
const msPerTick = 10;

function statTimes(pid: number): { ownMs: number; endedChildrenMs: number } {
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = (statFields(pid) ?? []).slice(11, 15).map(Number);
  return { ownMs: (user + system) * msPerTick, endedChildrenMs: (childUser + childSystem) * msPerTick };
}

/** `cpuMs` of a process that may have ended: 0 then. */
function threadsCpuMs(pid: number): number {
  try {
    return cpuMs(pid);
  } catch {
    return 0;
  }
}

/** Resident memory of a process, in bytes; 0 of one that has ended. */
export function residentBytes(pid: number): number {
  try {
    const [, kiB = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kiB) * 1024;
  } catch {
    return 0;
  }
}

/** 0 for a thread that has ended between being listed and being read. */
function threadCpuNs(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8').split(' ', 1)[0]);
  } catch {
    return 0;
  }
}

/** Gateways on the first core, everything that drives them on the others; null where processes cannot be pinned. */
export const cores: { readonly gateway: string; readonly driver: string } | null = findCores();

function findCores(): { gateway: string; driver: string } | null {
  const count = availableParallelism();
  if (count < 2 || spawnSync('taskset', ['-V']).status !== 0) return null;
  return { gateway: '0', driver: count === 2 ? '1' : `1-${count - 1}` };
}

/** A command line that starts `command` on a core. */
export function pinned(core: string | undefined, command: string, args: readonly string[]): [string, string[]] {
  return core === undefined ? [command, [...args]] : ['taskset', ['-c', core, command, ...args]];
}

/** Moves this process, with all its threads, away from the gateways' core. */
export function pinSelf(): void {
  if (cores !== null) spawnSync('taskset', ['-a', '-c', '-p', cores.driver, String(process.pid)]);
}

/** Warns when figures would be unreliable; exits when they cannot be measured at all. */
export function checkMachine(): void {
  if (process.platform !== 'linux') {
    console.error('CPU time of a process is read from /proc: this bench runs on Linux only.');
    process.exit(2);
  }
  if (cores === null) console.error('Not pinned (one core, or no taskset): figures are noisier.');
  const [load = 0] = loadavg();
  if (load > 1)
    console.error(`The machine is busy (load ${load.toFixed(1)}): figures are noisier, and waiting times mean little.`);
}
