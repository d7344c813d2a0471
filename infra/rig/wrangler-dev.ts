/** Runs the working tree's Worker under `wrangler dev` and waits until it answers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepsLastConfig } from '../config/compile.ts';
import { freePort } from '../port.ts';
import { runWrangler } from '../wrangler.ts';
import { comesTrue } from './waiting.ts';

export interface WranglerDevOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly vars: Readonly<Record<string, string>>;
  /** Where Durable Objects keep their data; by default a temporary folder, deleted with the gateway. */
  readonly persistTo?: string;
  onOutput?(text: string): void;
  /** The expected status of /readyz; 200 unless the Worker should refuse. */
  readonly readyStatus?: number;
}

export interface WranglerDev {
  readonly url: string;
  readonly exited: Promise<number>;
  stop(): Promise<void>;
}

const readyWithinMs = 60_000;

/** Rejects with wrangler's output when the Worker does not start. */
export async function startWranglerDev(options: WranglerDevOptions): Promise<WranglerDev> {
  const port = options.port === 0 ? await freePort() : options.port;
  const inspectorPort = await freePort();
  const state = options.persistTo ?? mkdtempSync(join(tmpdir(), 'pointsman-state-'));
  let output = '';
  const running = runWrangler(
    [
      'dev',
      '--env',
      '',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--inspector-port',
      String(inspectorPort),
      '--persist-to',
      state,
      '--log-level',
      'log',
      '--show-interactive-dev-session=false',
      ...Object.entries(options.vars).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
    ],
    (text) => {
      output = (output + text).slice(-20_000);
      options.onOutput?.(text);
    },
    { [keepsLastConfig]: '1' },
  );
  let hasExited = false;
  void running.exited.then(() => {
    hasExited = true;
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    running.child.kill('SIGTERM');
    const late = setTimeout(() => running.child.kill('SIGKILL'), 5000);
    await running.exited;
    clearTimeout(late);
    if (options.persistTo === undefined) rmSync(state, { recursive: true, force: true });
  };
  const isReady = () => isUp(url, options.readyStatus ?? 200);
  const tookMs = await comesTrue(async () => hasExited || (await isReady()), readyWithinMs, 100);
  if (tookMs !== null && !hasExited) return { url, exited: running.exited, stop };
  await stop();
  throw new Error(`The Worker did not start.\n${output}`);
}

async function isUp(url: string, readyStatus: number): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3000) });
    await response.arrayBuffer();
    return response.status === readyStatus;
  } catch {
    return false;
  }
}
