/**
 * `npm run bench:failover`: sixteen situations in which a router of model servers is commonly tried, each on a gateway of its own in workerd
 * before two stand-in model servers, asked by the official client. Twice: as it is, and with model lists that name the models otherwise.
 */
import { commandLine, UsageError } from '../../infra/command-line.ts';
import { failoverScenarios } from './failover/registry.ts';
import { startStand } from './failover/stand.ts';
import { buildGateway } from '../../infra/rig/bundle.ts';
import { progressBar } from './progress-bar.ts';

const help = `Failover in sixteen common situations: what was expected, what was seen, how long it took. About two minutes.

  npm run bench:failover -- [options]

  --only NAME    one scenario: ${failoverScenarios.map(({ name }) => name).join(', ')}
  --lists WHICH  what GET /v1/models of the model servers names: own (the names they answer to), foreign, or both, one after the other
  --real-time    the seconds as they are and the default configuration unchanged; about five minutes. Otherwise every time limit, of the
                 gateway, of the client and of the faults, is a tenth
  --json         print the result as JSON, without a progress bar
  --help

Seconds are those of the scenario in either case. Ends with 1 when a scenario is not as expected.`;

const { values } = commandLine({
  name: 'npm run bench:failover',
  help,
  options: {
    only: { type: 'string', default: '' },
    lists: { type: 'string', default: 'both' },
    'real-time': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const lists = new Map([
  ['own', [false]],
  ['foreign', [true]],
  ['both', [false, true]],
]).get(values.lists);
if (lists === undefined) throw new UsageError(`--lists ${values.lists}: expected own, foreign or both.`);
const chosen = failoverScenarios.filter(({ name }) => values.only === '' || name === values.only);
if (chosen.length === 0) throw new UsageError(`--only ${values.only}: no scenario has this name; --help lists them.`);

interface Result {
  readonly lists: 'own' | 'foreign';
  readonly name: string;
  readonly expected: string;
  readonly seen: string;
  readonly seconds: number;
  readonly isPassed: boolean;
}

const timeScale = values['real-time'] ? 1 : 0.1;
const bar = progressBar(chosen.length * lists.length, values.json);
const bundle = await buildGateway();
const results: Result[] = [];
try {
  for (const listsForeignNames of lists) {
    for (const scenario of chosen) {
      results.push(await tried(scenario, listsForeignNames));
      bar.step();
    }
  }
} finally {
  bar.end();
  bundle.remove();
}
if (values.json) console.log(JSON.stringify(results, null, 2));
else print();
process.exit(results.every(({ isPassed }) => isPassed) ? 0 : 1);

async function tried(scenario: (typeof failoverScenarios)[number], listsForeignNames: boolean): Promise<Result> {
  const { name, expected, models } = scenario;
  const head = { lists: listsForeignNames ? 'foreign' : 'own', name, expected } as const;
  const startedAtMs = performance.now();
  const seconds = () => (performance.now() - startedAtMs) / 1000 / timeScale;
  try {
    const stand = await startStand({ bundle, timeScale, listsForeignNames, ...(models ? { models } : {}) });
    try {
      const fromMs = performance.now();
      const { seen, isKept } = await scenario.run(stand);
      return { ...head, seen, seconds: (performance.now() - fromMs) / 1000 / timeScale, isPassed: isKept };
    } finally {
      await stand.stop();
    }
  } catch (error) {
    return { ...head, seen: error instanceof Error ? error.message : String(error), seconds: seconds(), isPassed: false };
  }
}

function print(): void {
  for (const which of ['own', 'foreign'] as const) {
    const rows = results.filter((result) => result.lists === which);
    if (rows.length === 0) continue;
    console.log(`\nModel lists with ${which} names`);
    for (const { name, expected, seen, seconds, isPassed } of rows) {
      console.log(
        `  ${isPassed ? 'pass' : 'FAIL'}  ${name.padEnd(20)} ${seconds.toFixed(1).padStart(6)} s  expected: ${expected}`,
      );
      console.log(`${' '.repeat(37)}seen: ${seen}`);
    }
    console.log(`  ${rows.filter(({ isPassed }) => isPassed).length} of ${rows.length}`);
  }
}
