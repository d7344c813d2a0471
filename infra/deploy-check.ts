/**
 * `npm run deploy:check`: a dry-run deployment of every environment, and the settings of those that serve. Fails on any warning, on
 * bindings that differ between environments, on a bundle or a start-up over its budget, on placeholders and missing secrets. It proves
 * nothing about an account: resource ids, Access policies and domains are not looked at.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { commandLine } from './command-line.ts';
import { compileConfigs } from './config/compile.ts';
import { mistakesOf, readSecretsFile } from './deployment.ts';
import { bindingLabels, bundleSize, readBindings, readStartupMs } from './dry-run.ts';
import { repoFolder, runWrangler } from './wrangler.ts';

const environments = ['development', 'staging', 'production'];

/**
 * Without the classifier's weights. The goal is missed, and by more since words in many languages, servers' own sentences and rules for
 * foreign fields came in: the largest parts are zod, the keyword lists of the configuration, jose, hono and the lists of hedges and frames.
 */
const gzipGoalKiB = 120;
const gzipBudgetKiB = 180;
const startupBudgetMs = 400;
const startupGoalMs = 100;

const { values } = commandLine({
  name: 'npm run deploy:check',
  help: `Would a deployment work, and serve? Publishes nothing.

  npm run deploy:check -- [options]

Code, for every environment: a dry-run deployment without warnings, the same bindings everywhere, at most ${gzipBudgetKiB} KiB gzip
without the classifier's weights, start-up within ${startupBudgetMs} ms.
Settings, for staging and production: real addresses in wrangler.toml, and the secrets, as the Worker will ask for them.

  --env NAME           settings of this environment only: staging or production
  --secrets-file FILE  the secrets you will deploy with (NAME=value lines, as wrangler deploy --secrets-file takes them)
  --code-only          without the settings
  --help`,
  options: { env: { type: 'string' }, 'secrets-file': { type: 'string' }, 'code-only': { type: 'boolean', default: false } },
});
if (values.env !== undefined && values.env !== 'staging' && values.env !== 'production') {
  console.error(`--env ${values.env}: expected staging or production.`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'pointsman-bundle-'));
const mistakes: string[] = [];
let hint = '';
const Toml = z.object({ env: z.record(z.string(), z.object({ vars: z.record(z.string(), z.string()) })) });
const bindings = new Map<string, readonly string[]>();
try {
  for (const environment of environments) await checkBundle(environment);
  checkBindings();
  await checkStartup();
  if (!values['code-only']) checkSettings();
} finally {
  rmSync(folder, { recursive: true });
}
if (mistakes.length > 0) console.error();
for (const mistake of mistakes) console.error(mistake);
process.exitCode = mistakes.length > 0 ? 1 : 0;

async function checkBundle(environment: string): Promise<void> {
  const out = join(folder, environment);
  const { output, code } = await run(['deploy', '--dry-run', '--env', envOption(environment), '--outdir', out]);
  if (code !== 0 || output.split('\n').some((line) => /warning|▲/i.test(line))) {
    mistakes.push(`${environment}: ${code === 0 ? 'warnings' : 'failed'}\n${output}`);
    return;
  }
  bindings.set(environment, bindingLabels(readBindings(output)));
  const read = (name: string): string => readFileSync(join(out, name), 'utf8');
  const { kiB, gzipKiB, gzipKiBWithoutWeights } = bundleSize(read('index.js'), read('index.js.map'));
  const sizes = `${gzipKiBWithoutWeights.toFixed(1)} KiB gzip without weights, ${gzipKiB.toFixed(1)} with (${kiB.toFixed(0)} KiB plain)`;
  console.log(`${environment.padEnd(12)} ${sizes}, no warnings (goal ${gzipGoalKiB} without weights)`);
  if (gzipKiBWithoutWeights > gzipBudgetKiB) mistakes.push(`${environment}: over the budget of ${gzipBudgetKiB} KiB gzip`);
}

/** What the Worker would say of its vars and secrets. Secrets live at Cloudflare; here they are known from a file only. */
function checkSettings(): void {
  const { profiles } = compileConfigs(join(repoFolder, 'configs'));
  const path = values['secrets-file'];
  const secrets = path === undefined ? {} : readSecretsFile(readFileSync(path, 'utf8'));
  const toml = Toml.parse(parse(readFileSync(join(repoFolder, 'wrangler.toml'), 'utf8')));
  for (const environment of values.env === undefined ? ['staging', 'production'] : [values.env]) {
    const found = mistakesOf({ ...toml.env[environment]?.vars, ...secrets }, profiles);
    console.log(
      `${environment.padEnd(12)} ${found.length === 0 ? 'settings complete' : `not deployable yet: ${found.length} settings`}`,
    );
    mistakes.push(...found.map((mistake) => `${environment}: ${mistake}`));
    if (found.length > 0 && path === undefined)
      hint = 'Secrets are read from --secrets-file; --code-only leaves the settings out.';
  }
  if (hint !== '') mistakes.push(hint);
}

/** Bindings are not inherited, so an environment can lack one that every request needs, and deploy all the same. */
function checkBindings(): void {
  const [first = []] = bindings.values();
  if (first.length === 0) mistakes.push('wrangler lists no bindings');
  for (const [environment, labels] of bindings) {
    const missing = first.filter((label) => !labels.includes(label));
    const extra = labels.filter((label) => !first.includes(label));
    for (const label of missing) mistakes.push(`${environment}: ${label} is missing`);
    for (const label of extra) mistakes.push(`${environment}: ${label} stands in no other environment`);
  }
  console.log(`${'bindings'.padEnd(12)} ${first.join(', ')}`);
}

/** The quickest of three runs, since a busy machine slows some; all run the same code, so one environment is enough. */
async function checkStartup(): Promise<void> {
  const times: number[] = [];
  while (times.length < 3) {
    const { output } = await run(['check', 'startup', '--env', '', '--outfile', join(folder, 'startup.cpuprofile')]);
    const ms = readStartupMs(output);
    if (ms === null) return void mistakes.push(`start-up time not measured\n${output}`);
    times.push(ms);
  }
  const ms = Math.min(...times);
  console.log(`${'start-up'.padEnd(12)} ${ms.toFixed(0)} ms active on this machine (goal ${startupGoalMs})`);
  if (ms > startupBudgetMs) mistakes.push(`start-up: over the budget of ${startupBudgetMs} ms`);
}

/** The top of wrangler.toml is development. */
function envOption(environment: string): string {
  return environment === 'development' ? '' : environment;
}

async function run(args: readonly string[]): Promise<{ output: string; code: unknown }> {
  let output = '';
  const { child } = runWrangler(args, (text) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  return { output, code };
}
