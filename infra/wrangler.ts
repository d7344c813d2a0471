/** Starts the pinned wrangler as a child process without prompts, updates and telemetry. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath, URL } from 'node:url';

export const repoFolder = fileURLToPath(new URL('..', import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<number>;
}

/**
 * @param output `inherit` shows everything; a function gets stdout and stderr as text
 * @param cwd the checkout to work on
 */
export function runWrangler(
  args: readonly string[],
  output: 'inherit' | ((text: string) => void) = 'inherit',
  env: Readonly<Record<string, string>> = {},
  cwd = repoFolder,
): Running {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../node_modules/wrangler/bin/wrangler.js', import.meta.url)), ...args],
    {
      cwd,
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: 'false',
        CI: process.env['CI'] ?? '',
        FORCE_COLOR: '0',
        CLOUDFLARE_CF_FETCH_ENABLED: 'false',
        ...env,
      },
      stdio: output === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    },
  );
  if (output !== 'inherit') {
    child.stdout?.setEncoding('utf8').on('data', output);
    child.stderr?.setEncoding('utf8').on('data', output);
  }
  const exited = new Promise<number>((resolve) => {
    child.on('error', () => resolve(127));
    child.on('exit', (code) => resolve(code ?? 0));
  });
  return { child, exited };
}
