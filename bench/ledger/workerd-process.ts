/** The workerd that this process has started: what it has used of the CPU, and its sudden end. By /proc, so on Linux only. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, which is 100 wherever Node runs on Linux. */
const ticksPerSecond = 100;

/** Process ids of workerd that descend from this process, the newest last. */
export function workerdPids(): number[] {
  if (!existsSync('/proc/self/stat')) return [];
  const parents = new Map<number, { parent: number; name: string }>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const text = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
      const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
      parents.set(Number(entry), { parent, name });
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOurs = (pid: number): boolean => {
    const known = parents.get(pid);
    return known !== undefined && (known.parent === process.pid || isOurs(known.parent));
  };
  return [...parents].filter(([pid, { name }]) => name.startsWith('workerd') && isOurs(pid)).map(([pid]) => pid);
}

/** CPU time of a process so far, user and system, all threads. */
export function cpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}
