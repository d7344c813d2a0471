/**
 * The Python clients that teams use, against the gateway over HTTP. Their packages go into a virtual environment below node_modules,
 * pinned by test/contract/python/requirements.txt. Without Python 3.10 or newer these tests skip and say so; CI installs it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { clientKey, connect } from '../../infra/rig/connect.ts';

const folder = fileURLToPath(new URL('python', import.meta.url));
const requirements = join(folder, 'requirements.txt');
const uvVersion = '0.13.9';

/** What every client must do; a check that does not report is a failure. */
const clients = {
  openai_client: [
    'reads a whole answer with its usage',
    'reads a streamed answer with its usage',
    'runs a tool loop on a history that it appends by model_dump()',
    'goes on with a conversation whose turns it appends by model_dump()',
    'parses a pydantic model, whole and streamed',
    'classifies errors by their status and code',
    'raises on a stream that breaks, after what came',
    'lists the models',
  ],
  langchain_client: [
    'reads a whole answer with its usage',
    'reads a streamed answer; its usage with stream_usage=True',
    'runs a tool loop, whole and streamed',
    'fills a pydantic model by JSON schema and by function calling',
    'classifies errors by their status and code',
    'raises on a stream that breaks',
  ],
  pydantic_ai_client: [
    'reads a whole answer with its usage',
    'reads a streamed answer',
    'runs a tool loop',
    'fills a pydantic model, by an output tool',
    'goes on with a conversation',
    'raises the status of a refusal',
  ],
  instructor_client: [
    'fills a pydantic model by a forced tool call',
    'fills a pydantic model by JSON schema',
    'fills a model while it streams',
  ],
  openai_agents_client: [
    'reads a whole answer with its usage',
    'reads a streamed answer; its usage with include_usage',
    'runs a tool loop to its end',
    'fills a pydantic model',
    "raises the client's own error for a refusal",
  ],
} as const;

/** The Python recipes that users copy, by the heading they stand under. */
const page = readFileSync(fileURLToPath(new URL('../../docs/clients.md', import.meta.url)), 'utf8');
const recipes = [...page.matchAll(/^## ([^\n]+)\n[^#]*?^```python\n(.*?)^```/gms)].map(
  ([, client = '', code = '']) => [client, code] as const,
);

/** The interpreter that makes the environment; null where there is none that can. */
function findPython(): string | null {
  const program = 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10))';
  return ['python3', 'python'].find((name) => spawnSync(name, ['-c', program]).status === 0) ?? null;
}

const python = findPython();
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
function environment(maker: string): string {
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

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly error?: string;
}

const addresses = inject('addresses');
const runs = new Map<string, Promise<readonly Check[]>>();
let interpreter = '';

function checksOf(client: string): Promise<readonly Check[]> {
  const known = runs.get(client) ?? runClient(client);
  runs.set(client, known);
  return known;
}

function runClient(client: string): Promise<readonly Check[]> {
  const env = { ...process.env, POINTSMAN_URL: addresses.url, POINTSMAN_KEY: clientKey, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(interpreter, [join(folder, `${client}.py`)], { env });
  let output = '';
  let problems = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problems += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      const checks: Check[] = output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line));
      if (checks.length === 0) reject(new Error(`${client}.py reported nothing:\n${problems.slice(-2000)}`));
      else resolve(checks);
    });
  });
}

describe.skipIf(python === null)('Python clients', () => {
  beforeAll(async () => {
    await connect(addresses).resetState();
    interpreter = environment(python ?? '');
  }, 300_000);

  test.each(recipes)('docs/clients.md: %s runs as it stands there', { timeout: 120_000 }, (_client, code) => {
    const here = code.replaceAll('http://127.0.0.1:8787', addresses.url).replaceAll('pointsman-local-key', clientKey);
    const { status, stdout, stderr } = spawnSync(interpreter, ['-c', here], { encoding: 'utf8' });
    expect(status === 0 ? '' : stderr.slice(-2000)).toBe('');
    expect(stdout.trim()).not.toBe('');
  });

  describe.each(Object.entries(clients))('%s', (client, names) => {
    test.each(names)(
      '%s',
      async (name) => {
        const check = (await checksOf(client)).find((one) => one.name === name);
        expect(check?.error ?? '').toBe('');
        expect(check?.ok).toBe(true);
      },
      120_000,
    );
  });
});
