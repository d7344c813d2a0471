/**
 * `npm run dev`: only the Worker, with the model servers that the vars name. Arguments go to `wrangler dev` unchanged.
 *
 *   npm run dev -- --port 8787 --var SMALL_UPSTREAM_URL:http://127.0.0.1:8001
 */
import { join } from 'node:path';
import { compileConfigs, describeMistakes, keepsLastConfig } from './config/compile.ts';
import { repoFolder, runWrangler } from './wrangler.ts';

const args = process.argv.slice(2);
const { mistakes } = compileConfigs(join(repoFolder, 'configs'));
if (mistakes.length > 0) {
  console.error(describeMistakes(mistakes));
  process.exit(1);
}
const hasEnvironment = args.some((arg) => arg === '--env' || arg === '-e' || arg.startsWith('--env='));
const running = runWrangler(['dev', ...(hasEnvironment ? [] : ['--env', '']), ...args], 'inherit', { [keepsLastConfig]: '1' });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => running.child.kill(signal));
process.exitCode = await running.exited;
