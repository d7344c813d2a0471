/** The pod's scripts from Node, for tests and checks: what plan.py computes, and which of the tools they need are here. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath, URL } from 'node:url';

export const podFolder = fileURLToPath(new URL('.', import.meta.url));

/** Set where the absence of shellcheck is a failure. */
const isShellcheckRequired = process.env['POINTSMAN_REQUIRE_SHELLCHECK'] === '1';

const isThere = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

/** Why what needs the pod's scripts is skipped; `null` where it runs. */
export const noPodScripts: string | null =
  process.env['POINTSMAN_REQUIRE_PYTHON'] !== undefined || (isThere('python3') && isThere('bash'))
    ? null
    : 'needs bash and python3';

/** Why the scripts are not linted; `null` where they are. */
export const noShellcheck: string | null =
  isShellcheckRequired || isThere('shellcheck') ? null : 'needs shellcheck (Debian: apt-get install shellcheck)';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `pod.sh` to its end. Nothing of the environment's own choice of a pod is passed on. */
export function podScript(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
  return ran('bash', ['infra/pod/pod.sh', ...args], env);
}

/** Runs `plan.py` to its end. */
export function podPlan(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
  return ran('python3', ['infra/pod/plan.py', ...args], env);
}

function ran(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Ran {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('POINTSMAN_POD_'));
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...Object.fromEntries(own), PYTHONDONTWRITEBYTECODE: '1', ...env },
  });
  return { status, stdout, stderr };
}
