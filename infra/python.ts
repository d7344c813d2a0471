/** The Python interpreter of this machine that can make environments. */
import { spawnSync } from 'node:child_process';

/** 3.10 or newer, with venv and ensurepip; null where there is none. */
export function findPython(): string | null {
  const program = 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10))';
  return ['python3', 'python'].find((name) => spawnSync(name, ['-c', program]).status === 0) ?? null;
}
