/**
 * `npm test`: compiles the configuration, then checks format, lint and types and runs every test project. Arguments narrow it down:
 *
 *   npm test                      everything
 *   npm test -- --project core    one project, straight to vitest
 *   npm test -- --fast            without the projects that start a gateway
 */
import { spawnSync } from 'node:child_process';
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
const config: Step = { name: 'configuration', command: ['node', 'infra/config/compile.ts'] };
const checks: Step[] = [
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'types', command: ['tsc', '--noEmit', '-p', '.'] },
];
// One after the other: projects that watch deadlines must not compete for the processor.
const groups = [['core', 'edge'], ['http'], ['apart'], ['money'], ['survival'], ['security']];
const tests: Step[] = (isFast ? groups.slice(0, 1) : groups).map((projects) => ({
  name: `tests (${projects.join(', ')})`,
  command: [...vitest, ...projects.flatMap((project) => ['--project', project])],
}));
const steps =
  vitestArgs.length > 0 ? [config, { name: 'tests', command: [...vitest, ...vitestArgs] }] : [config, ...checks, ...tests];

for (const { name, command } of steps) {
  const startedAt = Date.now();
  const [program = '', ...rest] = command;
  const { status } = spawnSync(program, rest, { cwd: repoFolder, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) {
    console.error(`\n${name} failed: ${command.join(' ')}`);
    process.exit(status ?? 1);
  }
  console.log(`${name}: ok (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`);
}
