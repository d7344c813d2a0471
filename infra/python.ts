/** The Python interpreter of this machine that can make environments, and environments of exact packages. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const uvVersion = '0.13.9';

/** 3.10 or newer, with venv and ensurepip; null where there is none. */
export function findPython(): string | null {
  const program = 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10))';
  return ['python3', 'python'].find((name) => spawnSync(name, ['-c', program]).status === 0) ?? null;
}

export interface PythonPackages {
  /** The environment's folder; it is made anew when its requirements are others. */
  readonly home: string;
  /** A file with one exact version a line. */
  readonly requirements: string;
  /** No package is built here: none of its code runs before it is used. */
  readonly isWheelsOnly?: boolean;
}

/**
 * The folder of an environment's programs, `python` among them. Made where it is not there; throws with the last words of what failed.
 * @param maker the interpreter that `findPython` found
 */
export function pythonEnvironment(maker: string, { home, requirements, isWheelsOnly = false }: PythonPackages): string {
  const bin = join(home, process.platform === 'win32' ? 'Scripts' : 'bin');
  const wanted = readFileSync(requirements, 'utf8');
  const ready = join(home, 'ready');
  if (existsSync(ready) && readFileSync(ready, 'utf8') === wanted) return bin;
  rmSync(home, { recursive: true, force: true });
  const interpreter = join(bin, 'python');
  run(maker, ['-m', 'venv', home]);
  run(interpreter, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', `uv==${uvVersion}`]);
  const wheels = isWheelsOnly ? ['--no-build'] : [];
  run(join(bin, 'uv'), ['pip', 'install', '-q', ...wheels, '-p', interpreter, '-r', requirements]);
  writeFileSync(ready, wanted);
  return bin;
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.slice(0, 4).join(' ')} failed:\n${error?.message ?? stderr.slice(-2000)}`);
}
