/** CPU time of programs that are several processes: all of them count, also when they have ended. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { processTree, treeCpuMs } from '../../../infra/rig/process-cpu.ts';

const busyMs = 150;
const busy = `for (const end = process.cpuUsage().user / 1000 + ${busyMs}; process.cpuUsage().user / 1000 < end;);`;
/** A parent that does nothing, and children that are busy for a while: one ends, one stays. */
const parent = `const { spawn } = require('node:child_process');
const child = (after) => spawn(process.execPath, ['-e', ${JSON.stringify(busy)} + after], { stdio: ['ignore', 'pipe', 'inherit'] });
const [ends, stays] = [child(''), child('console.log(1); setInterval(() => {}, 1000)')];
let left = 2;
const one = () => { if (--left === 0) console.log(stays.pid); };
ends.once('close', one); stays.stdout.once('data', one);`;

describe.skipIf(process.platform !== 'linux')('the CPU time of a program', () => {
  it('is that of all its processes, those included that have ended', async () => {
    const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line]: unknown[] = await once(child.stdout, 'data');
    const stays = Number(String(line));
    try {
      expect(processTree(child.pid ?? 0)).toEqual([child.pid, stays]);
      expect(treeCpuMs(child.pid ?? 0)).toBeGreaterThan(2 * busyMs);
      expect(treeCpuMs(stays)).toBeGreaterThan(busyMs);
      expect(treeCpuMs(stays)).toBeLessThan(treeCpuMs(child.pid ?? 0));
    } finally {
      for (const pid of processTree(child.pid ?? 0)) process.kill(pid, 'SIGKILL');
    }
  });

  it('of one that is not there is none', () => {
    expect(processTree(2 ** 30)).toEqual([]);
    expect(treeCpuMs(2 ** 30)).toBe(0);
  });
});
