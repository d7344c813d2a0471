/** Python clients in tests: the environment that their packages live in, and scripts that report what held. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { findPython, pythonEnvironment } from '../../infra/python.ts';

const folder = fileURLToPath(new URL('../contract/python', import.meta.url));
const requirements = join(folder, 'requirements.txt');

/** Null where the tests of Python clients are skipped. */
export const python = findPython();
if (python === null) {
  const message = 'Python 3.10 or newer with venv is missing: the tests of Python clients are skipped.';
  if (process.env['POINTSMAN_REQUIRE_PYTHON'] !== undefined) throw new Error(message);
  console.warn(message);
}

/** The environment's own interpreter; made once for these requirements. */
export function clientsInterpreter(maker: string): string {
  const name = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const home = fileURLToPath(new URL(`../../node_modules/.cache/python-${name}`, import.meta.url));
  return join(pythonEnvironment(maker, { home, requirements }), 'python');
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
