/**
 * `npm run bench:survival`: what clients get while models die, fall silent and break off, while clients leave, and with two isolates; in
 * workerd itself, before stand-in model servers. Prints every figure beside its promise; ends non-zero when one is broken.
 */
import { parseArgs } from 'node:util';
import { pinSelf } from '../cpu/process-cpu.ts';
import { buildBundle } from './gateway-on-workerd.ts';
import { progressBar } from './progress-bar.ts';
import { brokenPromises, type PromiseRow, tableOf } from './promise-table.ts';
import { survivalScenarios } from './survival/registry.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    'outage-seconds': { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const scenarios = survivalScenarios(Number(values['outage-seconds']));

if (values.help) {
  console.log(`Survival scenarios in workerd itself: every figure beside its promise. About three minutes.

  npm run bench:survival -- [options]

  --only NAME            one scenario: ${scenarios.map(({ name }) => name).join(', ')}
  --outage-seconds N     how long the outage of everything lasts (60)
  --json                 print the result as JSON, without a progress bar
  --help

Ends with 1 when a promise is broken. The same scenarios are the test project \`survival\`.`);
  process.exit(0);
}

pinSelf();
const chosen = scenarios.filter(({ name }) => values.only === '' || name === values.only);
const bundle = await buildBundle();
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
process.exit(chosen.length > 0 && results.every(({ rows }) => brokenPromises(rows).length === 0) ? 0 : 1);
