/**
 * `npm run security`: attacks a gateway that it starts itself, over HTTP, and prints what held and what did not. Ends non-zero on any
 * violation. The same checks run as the test project `security`.
 */
import { readCommandLine, runCommand } from '../command-line.ts';
import { securityChecks } from './checks/registry.ts';
import { startStand } from './stand.ts';

const help = `Runs the security checks against a gateway of their own, on this machine.

  npm run security -- [options]

  --only TEXT    checks whose id contains TEXT, repeatable; those that look at what others left behind need the others
  --list         what is checked, without running anything
  --json         the result as JSON
  --help

Ends non-zero when a rule does not hold.`;

interface Result {
  readonly id: string;
  readonly threat: string;
  readonly rule: string;
  readonly problems: readonly string[];
  readonly tookMs: number;
}

async function runChecks(only: readonly string[]): Promise<Result[]> {
  const chosen = securityChecks.filter(({ id }) => only.length === 0 || only.some((text) => id.includes(text)));
  const stand = await startStand();
  try {
    const results: Result[] = [];
    for (const { id, threat, rule, run } of chosen) {
      const startedAt = performance.now();
      const problems = await run(stand).catch((error: unknown) => [`the check itself failed: ${String(error)}`]);
      results.push({ id, threat, rule, problems, tookMs: Math.round(performance.now() - startedAt) });
      process.stderr.write(problems.length === 0 ? '.' : 'x');
    }
    process.stderr.write('\n');
    return results;
  } finally {
    await stand.stop();
  }
}

function print(results: readonly Result[]): void {
  const width = Math.max(...results.map(({ id }) => id.length));
  let threat = '';
  for (const result of results.toSorted((a, b) => a.threat.localeCompare(b.threat))) {
    if (result.threat !== threat) console.log(`\n${result.threat}`);
    ({ threat } = result);
    console.log(`  ${result.problems.length === 0 ? 'ok ' : 'RED'}  ${result.id.padEnd(width)}  ${result.rule}`);
    for (const problem of result.problems) console.log(`       - ${problem}`);
  }
  const red = results.filter(({ problems }) => problems.length > 0).length;
  console.log(`\n${results.length} checks, ${red} red`);
}

async function main(): Promise<number> {
  const { values } = readCommandLine({
    name: 'npm run security',
    help,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.list) {
    for (const { id, threat, rule } of securityChecks) console.log(`${id.padEnd(30)} ${threat}: ${rule}`);
    return 0;
  }
  const results = await runChecks(values.only);
  if (values.json) console.log(JSON.stringify(results, null, 2));
  else print(results);
  return results.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

await runCommand(main);
