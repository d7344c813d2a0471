/**
 * `npm run bench:survival`: what clients get while models die, fall silent and break off, while clients leave, and with two isolates; in
 * workerd itself, before stand-in model servers. Prints every figure beside its promise; ends non-zero when one is broken.
 */
import { readCommandLine, runCommand, UsageError, wholeNumber } from '../../infra/command-line.ts';
import { pinSelf } from '../../infra/rig/process-cpu.ts';
import { buildGateway } from '../../infra/rig/bundle.ts';
import { progressBar } from './progress-bar.ts';
import { brokenPromises, type PromiseRow, tableOf } from './promise-table.ts';
import { survivalScenarios } from './survival/registry.ts';

const names = survivalScenarios(1).map(({ name }) => name);
const help = `Survival scenarios in workerd itself: every figure beside its promise. About three minutes.

  npm run bench:survival -- [options]

  --only NAME            one scenario: ${names.join(', ')}
  --outage-seconds N     how long the outage of everything lasts (60)
  --json                 print the result as JSON, without a progress bar
  --help

Ends with 1 when a promise is broken. The same scenarios are the test project \`survival\`.`;

async function main(): Promise<number> {
  const { values } = readCommandLine({
    name: 'npm run bench:survival',
    help,
    options: {
      only: { type: 'string', default: '' },
      'outage-seconds': { type: 'string', default: '60' },
      json: { type: 'boolean', default: false },
    },
  });
  const scenarios = survivalScenarios(wholeNumber('outage-seconds', values['outage-seconds'], { min: 1 }));
  const chosen = scenarios.filter(({ name }) => values.only === '' || name === values.only);
  if (chosen.length === 0) throw new UsageError(`--only ${values.only}: expected one of ${names.join(', ')}.`);
  pinSelf();
  const bundle = await buildGateway();
  const bar = progressBar(chosen.length, values.json);
  const results: { readonly title: string; readonly rows: readonly PromiseRow[] }[] = [];
  try {
    for (const { title, run } of chosen) {
      results.push({ title, rows: await run(bundle) });
      bar.step();
    }
  } finally {
    bar.end();
    bundle.remove();
  }
  if (values.json) console.log(JSON.stringify(results, null, 2));
  else for (const { title, rows } of results) console.log(`\n${tableOf(title, rows)}`);
  return results.every(({ rows }) => brokenPromises(rows).length === 0) ? 0 : 1;
}

await runCommand(main);
