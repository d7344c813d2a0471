/**
 * `npm test`: compiles the configuration and the pages, then checks format, lint and types and runs every test project. Arguments narrow it down:
 *
 *   npm test                      everything
 *   npm test -- --project core    one project, straight to vitest
 *   npm test -- --fast            without the projects that start a gateway
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { repoFolder } from './wrangler.ts';

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log('npm test -- [--fast] [vitest arguments]\n\nWithout arguments: format, lint, types, then every test project.');
  process.exit(0);
}
const isFast = args.includes('--fast');
const vitestArgs = args.filter((arg) => arg !== '--fast');
const vitest = ['vitest', 'run', '--config', 'test/vitest.config.ts'];
const build: Step = { name: 'build', command: ['node', 'infra/build.ts'] };
const checks: Step[] = [
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'types', command: ['tsc', '--noEmit', '-p', '.'] },
  { name: 'types of the pages', command: ['tsc', '--noEmit', '-p', 'worker/dashboard'] },
];
// One after another: projects with deadlines must not compete for the processor. Those that mostly wait run side by side.
const groups: Step[][] = [
  [testsOf('core')],
  [testsOf('clients'), testsOf('edge')],
  [testsOf('http')],
  [testsOf('money')],
  [testsOf('metrics'), testsOf('apart'), testsOf('security')],
  [testsOf('survival'), testsOf('pod')],
  [testsOf('browser'), testsOf('postgres')],
];
const everything = [[build], ...checks.map((check) => [check]), ...(isFast ? [[testsOf('core')], [testsOf('edge')]] : groups)];
const steps = vitestArgs.length > 0 ? [[build], [{ name: 'tests', command: [...vitest, ...vitestArgs] }]] : everything;

for (const group of steps) {
  const ended = await Promise.all(group.map((step, at) => run(step, at === 0)));
  const failed = ended.find((status) => status !== 0);
  if (failed !== undefined) process.exit(failed);
}

function testsOf(...projects: readonly string[]): Step {
  return {
    name: `tests (${projects.join(', ')})`,
    command: [...vitest, ...projects.flatMap((project) => ['--project', project])],
  };
}

/** @param isShown at once; otherwise when it has ended, so that two outputs do not mix */
async function run({ name, command }: Step, isShown: boolean): Promise<number> {
  const startedAt = Date.now();
  const [program = '', ...rest] = command;
  const child = spawn(program, rest, {
    cwd: repoFolder,
    stdio: isShown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => output.push(bytes));
  const [status] = await once(child, 'close');
  process.stdout.write(Buffer.concat(output));
  if (status === 0) console.log(`${name}: ok (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`);
  else console.error(`\n${name} failed: ${command.join(' ')}`);
  return status ?? 1;
}
