/** Python clients in tests: the environment that their packages live in, and scripts that report what held. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { findPython } from '../../infra/python.ts';

const folder = fileURLToPath(new URL('../contract/python', import.meta.url));
const requirements = join(folder, 'requirements.txt');
const uvVersion = '0.13.9';

/** Null where the tests of Python clients are skipped. */
export const python = findPython();
if (python === null) {
  const message = 'Python 3.10 or newer with venv is missing: the tests of Python clients are skipped.';
  if (process.env['POINTSMAN_REQUIRE_PYTHON'] !== undefined) throw new Error(message);
  console.warn(message);
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.slice(0, 4).join(' ')} failed:\n${stderr.slice(-2000)}`);
}

/** The environment's own interpreter; made once for these requirements. */
export function pythonEnvironment(maker: string): string {
  const name = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const home = fileURLToPath(new URL(`../../node_modules/.cache/python-${name}`, import.meta.url));
  const bin = join(home, process.platform === 'win32' ? 'Scripts' : 'bin');
  const interpreter = join(bin, 'python');
  const ready = join(home, 'ready');
  if (existsSync(ready)) return interpreter;
  rmSync(home, { recursive: true, force: true });
  run(maker, ['-m', 'venv', home]);
  run(interpreter, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', `uv==${uvVersion}`]);
  run(join(bin, 'uv'), ['pip', 'install', '-q', '-p', interpreter, '-r', requirements]);
  writeFileSync(ready, '');
  return interpreter;
}

export interface PythonCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly error?: string;
}

/** What a script of test/contract/python reports; rejects when it reports nothing. */
export function runPython(
  interpreter: string,
  script: string,
  vars: Readonly<Record<string, string>>,
): Promise<readonly PythonCheck[]> {
  // Beside the environment, not beside the scripts.
  const env = { ...process.env, ...vars, PYTHONPYCACHEPREFIX: join(dirname(interpreter), 'bytecode') };
  const child = spawn(interpreter, [join(folder, `${script}.py`)], { env });
  let output = '';
  let problems = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problems += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      const checks = output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line): PythonCheck => JSON.parse(line));
      if (checks.length === 0) reject(new Error(`${script}.py reported nothing:\n${problems.slice(-2000)}`));
      else resolve(checks);
    });
  });
}
