/** CPU time of other processes, and which processor cores they run on. Linux only: both come from /proc and taskset. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The kernel's unit of utime and stime in /proc/PID/stat; 100 a second on every Linux that Node runs on. */
const msPerTick = 10;

/** User and system time of a process with all its threads, in ms, to within one tick of 10 ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; utime and stime are fields 14 and 15 of the whole, 12 and 13 behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
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

/** Says why figures could mislead here; leaves where they cannot be taken at all. */
export function checkMachine(): void {
  if (process.platform !== 'linux') {
    console.error('CPU time of a process is read from /proc: this bench runs on Linux only.');
    process.exit(2);
  }
  if (cores === null) console.error('Not pinned (one core, or no taskset): figures are noisier.');
}
